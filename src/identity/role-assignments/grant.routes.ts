/** Roles of users and groups on projects, domains and the system: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { viewCollection } from '../listing.ts';
import { viewRole } from '../roles/role-view.ts';
import { ruleFor, type GrantService } from './grant.service.ts';
import type { GrantPlace } from './role-assignment.store.ts';

/** The kinds of grant, each with addresses of its own. */
const TARGETS = ['project', 'domain', 'system'] as const;
const ACTORS = ['user', 'group'] as const;

export function grantRoutes(app: ServiceApp, grants: GrantService): void {
  for (const target of TARGETS) {
    for (const actor of ACTORS) {
      routesFor(app, grants, target, actor, false);
      if (target !== 'system') routesFor(app, grants, target, actor, true);
    }
  }
}

function routesFor(
  app: ServiceApp,
  grants: GrantService,
  target: (typeof TARGETS)[number],
  actor: (typeof ACTORS)[number],
  inherited: boolean,
): void {
  const root = `/v3${inherited ? '/OS-INHERIT' : ''}`;
  const on = target === 'system' ? 'system' : `${target}s/:target_id`;
  const tail = inherited ? '/inherited_to_projects' : '';
  const all = `${root}/${on}/${actor}s/:actor_id/roles${tail}`;
  const one = `${root}/${on}/${actor}s/:actor_id/roles/:role_id${tail}`;

  const ids = {
    actor_id: Type.String(),
    // The system has no id of its own.
    target_id: Type.Optional(Type.String()),
  };
  const params = Type.Object({ ...ids, role_id: Type.String() });
  const place = (given: { actor_id: string; target_id?: string }): GrantPlace => ({
    actor: { type: actor, id: given.actor_id },
    target: { type: target, id: given.target_id ?? 'system' },
    inherited,
  });
  const policy = (verb: Parameters<typeof ruleFor>[0]) => ({
    policy: ruleFor(verb, target, actor),
  });

  app.get(
    all,
    { config: policy('list'), schema: { params: Type.Object(ids) } },
    async (request) => {
      const rows = await grants.list(request.ctx, place(request.params));
      const roles = rows.map((role) => viewRole(request, role));
      return viewCollection(request, 'roles', { rows: roles, truncated: false });
    },
  );

  app.get(one, { config: policy('check'), schema: { params } }, async (request, reply) => {
    await grants.check(request.ctx, place(request.params), request.params.role_id);
    return await reply.code(204).send();
  });

  app.put(one, { config: policy('create'), schema: { params } }, async (request, reply) => {
    await grants.create(request.ctx, place(request.params), request.params.role_id);
    return await reply.code(204).send();
  });

  app.delete(one, { config: policy('revoke'), schema: { params } }, async (request, reply) => {
    await grants.revoke(request.ctx, place(request.params), request.params.role_id);
    return await reply.code(204).send();
  });
}
