/** /v3/roles/{id}/implies and /v3/role_inferences: HTTP in, HTTP out. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { apiUrl, type Reached } from '../links.ts';
import type { ImpliedRoleService, Inference, RolePair } from './implied-role.service.ts';
import { viewInferred } from './role-view.ts';

const params = Type.Object({ id: Type.String() });
const pairParams = Type.Object({ id: Type.String(), implied_id: Type.String() });

export function impliedRoleRoutes(app: ServiceApp, roles: ImpliedRoleService): void {
  app.get(
    '/v3/role_inferences',
    { config: { policy: 'identity:list_role_inference_rules' } },
    async (request) => {
      const inferences = await roles.listAll(request.ctx);
      return { role_inferences: inferences.map((each) => viewInference(request, each)) };
    },
  );

  app.get(
    '/v3/roles/:id/implies',
    { config: { policy: 'identity:list_implied_roles' }, schema: { params } },
    async (request) => {
      const { id } = request.params;
      const inference = await roles.list(request.ctx, id);
      return {
        role_inference: viewInference(request, inference),
        links: { self: `${apiUrl(request)}/roles/${id}/implies` },
      };
    },
  );

  const path = '/v3/roles/:id/implies/:implied_id';

  app.get(
    path,
    {
      config: { policy: ['identity:get_implied_role', 'identity:check_implied_role'] },
      schema: { params: pairParams },
    },
    async (request, reply) => {
      const { id, implied_id } = request.params;
      const isHead = request.method === 'HEAD';
      const rule = isHead ? 'identity:check_implied_role' : 'identity:get_implied_role';
      const pair = await roles.get(request.ctx, rule, id, implied_id);
      if (isHead) return await reply.code(204).send();
      return viewPair(request, pair);
    },
  );

  app.put(
    path,
    { config: { policy: 'identity:create_implied_role' }, schema: { params: pairParams } },
    async (request, reply) => {
      const { id, implied_id } = request.params;
      const pair = await roles.create(request.ctx, id, implied_id);
      return await reply.code(201).send(viewPair(request, pair));
    },
  );

  app.delete(
    path,
    { config: { policy: 'identity:delete_implied_role' }, schema: { params: pairParams } },
    async (request, reply) => {
      const { id, implied_id } = request.params;
      await roles.delete(request.ctx, id, implied_id);
      return await reply.code(204).send();
    },
  );
}

function viewInference(reached: Reached, { prior, implies }: Inference) {
  return {
    prior_role: viewInferred(reached, prior),
    implies: implies.map((role) => viewInferred(reached, role)),
  };
}

function viewPair(reached: Reached, { prior, implied }: RolePair) {
  return {
    role_inference: {
      prior_role: viewInferred(reached, prior),
      implies: viewInferred(reached, implied),
    },
    links: { self: `${apiUrl(reached)}/roles/${prior.id}/implies/${implied.id}` },
  };
}
