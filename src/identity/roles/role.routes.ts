/** /v3/roles: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { parseListing, viewAll, viewCollection } from '../listing.ts';
import { viewRole } from './role-view.ts';
import { RoleCreate, RoleUpdate } from './role.schema.ts';
import type { RoleService } from './role.service.ts';

const params = Type.Object({ id: Type.String() });

export function roleRoutes(app: ServiceApp, roles: RoleService): void {
  app.get(
    '/v3/roles',
    { config: { policy: ['identity:list_roles', 'identity:list_domain_roles'] } },
    async (request) => {
      const listing = parseListing(request.query as Query, { name: 'text', domain_id: 'text' });
      const listed = await roles.list(request.ctx, listing);
      return viewCollection(
        request,
        'roles',
        viewAll(listed, (role) => viewRole(request, role)),
      );
    },
  );

  app.post(
    '/v3/roles',
    {
      config: { policy: ['identity:create_role', 'identity:create_domain_role'] },
      schema: { body: Type.Object({ role: RoleCreate }) },
    },
    async (request, reply) => {
      const role = await roles.create(request.ctx, request.body.role);
      return await reply.code(201).send({ role: viewRole(request, role) });
    },
  );

  app.get(
    '/v3/roles/:id',
    { config: { policy: ['identity:get_role', 'identity:get_domain_role'] }, schema: { params } },
    async (request) => ({
      role: viewRole(request, await roles.show(request.ctx, request.params.id)),
    }),
  );

  app.patch(
    '/v3/roles/:id',
    {
      config: { policy: ['identity:update_role', 'identity:update_domain_role'] },
      schema: { params, body: Type.Object({ role: RoleUpdate }) },
    },
    async (request) => {
      const role = await roles.update(request.ctx, request.params.id, request.body.role);
      return { role: viewRole(request, role) };
    },
  );

  app.delete(
    '/v3/roles/:id',
    {
      config: { policy: ['identity:delete_role', 'identity:delete_domain_role'] },
      schema: { params },
    },
    async (request, reply) => {
      await roles.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}
