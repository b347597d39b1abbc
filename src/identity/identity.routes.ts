/** All routes of the identity service. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { CatalogService } from './catalog/catalog.service.ts';
import { versionRoutes } from './discovery/version.routes.ts';
import { domainRoutes } from './domains/domain.routes.ts';
import { endpointRoutes } from './endpoints/endpoint.routes.ts';
import { EndpointService } from './endpoints/endpoint.service.ts';
import { groupRoutes } from './groups/group.routes.ts';
import { GroupService } from './groups/group.service.ts';
import type { IdentityCore } from './identity-core.ts';
import { apiUrl } from './links.ts';
import { projectTagRoutes } from './projects/project-tags.routes.ts';
import { projectRoutes } from './projects/project.routes.ts';
import { ProjectService } from './projects/project.service.ts';
import { regionRoutes } from './regions/region.routes.ts';
import { RegionService } from './regions/region.service.ts';
import { grantRoutes } from './role-assignments/grant.routes.ts';
import { GrantService } from './role-assignments/grant.service.ts';
import { roleAssignmentRoutes } from './role-assignments/role-assignment.routes.ts';
import { RoleAssignmentService } from './role-assignments/role-assignment.service.ts';
import { impliedRoleRoutes } from './roles/implied-role.routes.ts';
import { ImpliedRoleService } from './roles/implied-role.service.ts';
import { roleRoutes } from './roles/role.routes.ts';
import { RoleService } from './roles/role.service.ts';
import { serviceRoutes } from './services/service.routes.ts';
import { CatalogServiceService } from './services/service.service.ts';
import { authScopeRoutes } from './tokens/auth-scopes.routes.ts';
import type { PasswordCheck } from './tokens/password-check.ts';
import type { PasswordHasher } from './tokens/password-hash.ts';
import { tokenRoutes } from './tokens/token.routes.ts';
import type { TokenService } from './tokens/token.service.ts';
import { userRoutes } from './users/user.routes.ts';
import { UserService } from './users/user.service.ts';

export type IdentityParts = {
  readonly core: IdentityCore;
  readonly tokens: TokenService;
  readonly catalog: CatalogService;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordCheck;
};

export function identityRoutes(parts: IdentityParts): (app: ServiceApp) => void {
  const { core, tokens, catalog, hasher, passwords } = parts;
  const projects = new ProjectService(core);
  const users = new UserService({ core, hasher, passwords });
  return (app) => {
    app.addHook('onSend', async (request, reply) => {
      reply.header('vary', 'X-Auth-Token');
      if (reply.statusCode === 401) {
        reply.header('www-authenticate', `Keystone uri="${apiUrl(request)}"`);
      }
    });
    versionRoutes(app);
    tokenRoutes(app, tokens);
    authScopeRoutes(app, { core, projects, users, catalog });
    domainRoutes(app, projects);
    projectRoutes(app, projects);
    projectTagRoutes(app, projects);
    userRoutes(app, users);
    groupRoutes(app, new GroupService(core));
    roleRoutes(app, new RoleService(core));
    impliedRoleRoutes(app, new ImpliedRoleService(core));
    grantRoutes(app, new GrantService(core));
    roleAssignmentRoutes(app, new RoleAssignmentService(core));
    regionRoutes(app, new RegionService(core));
    serviceRoutes(app, new CatalogServiceService(core));
    endpointRoutes(app, new EndpointService(core));
  };
}
