/** /v3/groups and who is in them: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readObject } from '../attributes.ts';
import { parseListing, selfLink, viewAll, viewCollection } from '../listing.ts';
import type { Reached } from '../links.ts';
import { viewUser } from '../users/user-view.ts';
import { GroupCreate, GroupUpdate } from './group.schema.ts';
import type { GroupService } from './group.service.ts';
import type { GroupRow } from './group.store.ts';

const params = Type.Object({ id: Type.String() });
const FILTERS = { name: 'text', domain_id: 'text' } as const;

export function groupRoutes(app: ServiceApp, groups: GroupService): void {
  app.get('/v3/groups', { config: { policy: 'identity:list_groups' } }, async (request) => {
    const listed = await groups.list(request.ctx, parseListing(request.query as Query, FILTERS));
    return viewCollection(
      request,
      'groups',
      viewAll(listed, (group) => viewGroup(request, group)),
    );
  });

  app.get(
    '/v3/users/:id/groups',
    { config: { policy: 'identity:list_groups_for_user' }, schema: { params } },
    async (request) => {
      const listing = parseListing(request.query as Query, FILTERS);
      const listed = await groups.listOfUser(request.ctx, request.params.id, listing);
      return viewCollection(
        request,
        'groups',
        // Memberships that end by themselves come with federation.
        viewAll(listed, (group) => ({ ...viewGroup(request, group), membership_expires_at: null })),
      );
    },
  );

  app.post(
    '/v3/groups',
    {
      config: { policy: 'identity:create_group' },
      schema: { body: Type.Object({ group: GroupCreate }) },
    },
    async (request, reply) => {
      const group = await groups.create(request.ctx, request.body.group);
      return await reply.code(201).send({ group: viewGroup(request, group) });
    },
  );

  app.get(
    '/v3/groups/:id',
    { config: { policy: 'identity:get_group' }, schema: { params } },
    async (request) => ({
      group: viewGroup(request, await groups.show(request.ctx, request.params.id)),
    }),
  );

  app.patch(
    '/v3/groups/:id',
    {
      config: { policy: 'identity:update_group' },
      schema: { params, body: Type.Object({ group: GroupUpdate }) },
    },
    async (request) => {
      const group = await groups.update(request.ctx, request.params.id, request.body.group);
      return { group: viewGroup(request, group) };
    },
  );

  app.delete(
    '/v3/groups/:id',
    { config: { policy: 'identity:delete_group' }, schema: { params } },
    async (request, reply) => {
      await groups.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );

  memberRoutes(app, groups);
}

function memberRoutes(app: ServiceApp, groups: GroupService): void {
  const oneMember = Type.Object({ id: Type.String(), user_id: Type.String() });

  app.get(
    '/v3/groups/:id/users',
    { config: { policy: 'identity:list_users_in_group' }, schema: { params } },
    async (request) => {
      const filters = { ...FILTERS, enabled: 'flag' } as const;
      const listing = parseListing(request.query as Query, filters);
      const listed = await groups.members(request.ctx, request.params.id, listing);
      return viewCollection(
        request,
        'users',
        viewAll(listed, (user) => viewUser(request, user)),
      );
    },
  );

  app.get(
    '/v3/groups/:id/users/:user_id',
    { config: { policy: 'identity:check_user_in_group' }, schema: { params: oneMember } },
    async (request, reply) => {
      await groups.checkMember(request.ctx, request.params.id, request.params.user_id);
      return await reply.code(204).send();
    },
  );

  app.put(
    '/v3/groups/:id/users/:user_id',
    { config: { policy: 'identity:add_user_to_group' }, schema: { params: oneMember } },
    async (request, reply) => {
      await groups.addMember(request.ctx, request.params.id, request.params.user_id);
      return await reply.code(204).send();
    },
  );

  app.delete(
    '/v3/groups/:id/users/:user_id',
    { config: { policy: 'identity:remove_user_from_group' }, schema: { params: oneMember } },
    async (request, reply) => {
      await groups.removeMember(request.ctx, request.params.id, request.params.user_id);
      return await reply.code(204).send();
    },
  );
}

function viewGroup(reached: Reached, group: GroupRow) {
  return {
    ...readObject(group.extra),
    id: group.id,
    name: group.name,
    domain_id: group.domain_id,
    description: group.description,
    links: selfLink(reached, 'groups', group.id),
  };
}
