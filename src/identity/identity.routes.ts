/** All routes of the identity service. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { CatalogService } from './catalog/catalog.service.ts';
import { versionRoutes } from './discovery/version.routes.ts';
import type { IdentityCore } from './identity-core.ts';
import { apiUrl } from './links.ts';
import type { PasswordCheck } from './tokens/password-check.ts';
import type { PasswordHasher } from './tokens/password-hash.ts';
import { tokenRoutes } from './tokens/token.routes.ts';
import type { TokenService } from './tokens/token.service.ts';

export type IdentityParts = {
  readonly core: IdentityCore;
  readonly tokens: TokenService;
  readonly catalog: CatalogService;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordCheck;
};

export function identityRoutes(parts: IdentityParts): (app: ServiceApp) => void {
  return (app) => {
    app.addHook('onSend', async (request, reply) => {
      reply.header('vary', 'X-Auth-Token');
      if (reply.statusCode === 401) {
        reply.header('www-authenticate', `Keystone uri="${apiUrl(request)}"`);
      }
    });
    versionRoutes(app);
    tokenRoutes(app, parts.tokens);
  };
}
