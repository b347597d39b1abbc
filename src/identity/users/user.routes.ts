/** /v3/users: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readObject } from '../attributes.ts';
import { parseListing, viewAll, viewCollection } from '../listing.ts';
import { viewUser } from './user-view.ts';
import { PasswordChange, UserCreate, UserUpdate } from './user.schema.ts';
import type { UserService } from './user.service.ts';

const params = Type.Object({ id: Type.String() });
const FILTERS = { name: 'text', domain_id: 'text', enabled: 'flag' } as const;

export function userRoutes(app: ServiceApp, users: UserService): void {
  app.get('/v3/users', { config: { policy: 'identity:list_users' } }, async (request) => {
    const listing = parseListing(request.query as Query, FILTERS);
    const listed = await users.list(request.ctx, listing);
    return viewCollection(
      request,
      'users',
      viewAll(listed, (user) => viewUser(request, user)),
    );
  });

  app.post(
    '/v3/users',
    {
      config: { policy: 'identity:create_user' },
      schema: { body: Type.Object({ user: UserCreate }) },
    },
    async (request, reply) => {
      const user = await users.create(request.ctx, request.body.user);
      return await reply.code(201).send({ user: viewUser(request, user) });
    },
  );

  app.get(
    '/v3/users/:id',
    { config: { policy: 'identity:get_user' }, schema: { params } },
    async (request) => ({
      user: viewUser(request, await users.show(request.ctx, request.params.id)),
    }),
  );

  app.patch(
    '/v3/users/:id',
    {
      config: { policy: 'identity:update_user' },
      schema: { params, body: Type.Object({ user: UserUpdate }) },
    },
    async (request) => {
      const user = await users.update(request.ctx, request.params.id, request.body.user);
      // compat: keystone shows the additional attributes twice after an update.
      return { user: { ...viewUser(request, user), extra: readObject(user.extra) } };
    },
  );

  app.delete(
    '/v3/users/:id',
    { config: { policy: 'identity:delete_user' }, schema: { params } },
    async (request, reply) => {
      await users.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );

  app.post(
    '/v3/users/:id/password',
    // compat: the old password is proof enough, as in keystone: a user whose tokens are gone can still do this.
    {
      config: { public: true },
      schema: { params, body: Type.Object({ user: PasswordChange }) },
    },
    async (request, reply) => {
      await users.changePassword(request.params.id, request.body.user);
      return await reply.code(204).send();
    },
  );
}
