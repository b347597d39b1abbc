/** /os-server-groups: HTTP in, HTTP out, no decisions. */
import { listOf, type Query } from '#platform/http/list-query.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import * as schema from './server-group.schema.ts';
import type { ServerGroup, ServerGroupService } from './server-group.service.ts';

type Id = { Params: { id: string }; Querystring: Query };

/** A page is at most this long (Nova's `max_limit`). */
const MAX_LIMIT = 1000;
/** Beyond what any list holds, and within what a database counts with. */
const MAX_OFFSET = 0x7fffffff;
const policy = (verb: string) => ({
  config: { policy: `os_compute_api:os-server-groups:${verb}` },
});

export function serverGroupRoutes(groups: ServerGroupService, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<{ Querystring: Query }>('/os-server-groups', policy('index'), async (request) => {
      const { ctx } = request;
      const query = check.query(schema.SERVER_GROUP_LIST_QUERY, ctx.microversion, request.query);
      const number = (name: string) => Number(listOf(query[name]).at(-1) ?? 0);
      const rows = await groups.list(ctx, {
        // compat: a limit of 0 is none.
        limit: Math.min(number('limit') || MAX_LIMIT, MAX_LIMIT),
        offset: Math.min(number('offset'), MAX_OFFSET),
        allProjects: query['all_projects'] !== undefined,
      });
      return { server_groups: rows.map((row) => viewServerGroup(row, ctx.microversion)) };
    });
    // compat: 200, not 201.
    app.post('/os-server-groups', policy('create'), async (request) => {
      const { ctx } = request;
      const body = check.body<schema.ServerGroupCreateBody>(
        schema.SERVER_GROUP_CREATE,
        ctx.microversion,
        request.body,
      );
      return { server_group: viewServerGroup(await groups.create(ctx, body), ctx.microversion) };
    });
    app.get<Id>('/os-server-groups/:id', policy('show'), async ({ ctx, params, query }) => {
      check.query(NO_PARAMS, ctx.microversion, query);
      return { server_group: viewServerGroup(await groups.get(ctx, params.id), ctx.microversion) };
    });
    app.delete<Id>('/os-server-groups/:id', policy('delete'), async (request, reply) => {
      await groups.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    });
  };
}

function viewServerGroup(group: ServerGroup, minor: number) {
  const most = group.max_server_per_host;
  return {
    id: group.id,
    name: group.name,
    ...(minor >= 64
      ? { policy: group.policy, rules: most === null ? {} : { max_server_per_host: most } }
      : { policies: [group.policy], metadata: {} }),
    members: group.members,
    ...(minor >= 13 && { project_id: group.project_id, user_id: group.user_id }),
  };
}
