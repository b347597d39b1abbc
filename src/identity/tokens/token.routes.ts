/** /v3/auth/tokens: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { AuthRequest } from './token.schema.ts';
import type { TokenService } from './token.service.ts';

const PATH = '/v3/auth/tokens';

const TokenQuery = Type.Object({
  nocatalog: Type.Optional(Type.Unknown()),
  allow_expired: Type.Optional(Type.Unknown()),
});

export function tokenRoutes(app: ServiceApp, tokens: TokenService): void {
  app.post(
    PATH,
    {
      config: { public: true },
      schema: { body: Type.Object({ auth: AuthRequest }), querystring: TokenQuery },
    },
    async (request, reply) => {
      const catalog = request.query.nocatalog === undefined;
      const { token, view } = await tokens.issue(request.body.auth, { catalog });
      return await reply.code(201).header('x-subject-token', token).send({ token: view });
    },
  );

  app.get(
    PATH,
    {
      config: { policy: ['identity:validate_token', 'identity:check_token'] },
      schema: { querystring: TokenQuery },
    },
    async (request, reply) => {
      const token = subjectToken(request);
      const view = await tokens.validate(request.ctx, token, {
        catalog: request.query.nocatalog === undefined,
        allowExpired: /^(1|t|true|on|y|yes)$/i.test(String(request.query.allow_expired)),
        rule: request.method === 'HEAD' ? 'identity:check_token' : 'identity:validate_token',
      });
      return await reply.header('x-subject-token', token).send({ token: view });
    },
  );

  app.delete(PATH, { config: { policy: 'identity:revoke_token' } }, async (request, reply) => {
    await tokens.revoke(request.ctx, subjectToken(request));
    return await reply.code(204).send();
  });
}

function subjectToken(request: {
  headers: Record<string, string | string[] | undefined>;
}): string | undefined {
  const token = request.headers['x-subject-token'];
  return typeof token === 'string' && token !== '' && token.length <= 8192 ? token : undefined;
}
