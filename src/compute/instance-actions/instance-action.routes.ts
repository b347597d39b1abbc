/** /servers/{id}/os-instance-actions: what was asked of a server, and how it ended. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { listOf, pageLink, type Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { badRequest, notFound } from '../compute.faults.ts';
import { linksOf, type ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck, SchemaRanges } from '../http/request-check.ts';
import { storedTime } from '../http/times.ts';
import { listParams, NO_PARAMS } from '../http/schema-parts.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import { hostId, microseconds } from '../servers/server-view.ts';
import * as store from './instance-action.store.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({
  config: { policy: `os_compute_api:os-instance-actions:${verb}` },
});

type Id = { Params: { id: string }; Querystring: Query };
type Action = { Params: { id: string; request_id: string } };

const RULE = 'os_compute_api:os-instance-actions';
const MAX_LIMIT = 1000;

const TIME = { type: 'string', format: 'date-time' };
const SINCE_58 = {
  limit: { type: 'string', pattern: '^[0-9]*$' },
  marker: { type: 'string' },
  'changes-since': TIME,
};
const QUERY: SchemaRanges = [
  [1, listParams({}, true)],
  [58, listParams(SINCE_58, false)],
  [66, listParams({ ...SINCE_58, 'changes-before': TIME }, false)],
];

export type InstanceActionRoutesDeps = {
  readonly db: Db;
  readonly reader: ServerReader;
  readonly policy: Policy;
  readonly check: RequestCheck;
};

export function instanceActionRoutes(deps: InstanceActionRoutesDeps): ComputeRoutes {
  const { db, reader, policy, check } = deps;
  const serverOf = async (ctx: Context, id: string, verb: 'list' | 'show') =>
    ctx.microversion >= 21
      ? await reader.getAny(ctx, id, `${RULE}:${verb}`)
      : await reader.get(ctx, id, `${RULE}:${verb}`);

  return (app) => {
    app.get<Id>('/servers/:id/os-instance-actions', guard('list'), async (request) => {
      const { ctx, params } = request;
      const query = check.query(QUERY, ctx.microversion, request.query);
      const server = await serverOf(ctx, params.id, 'list');
      const paged = ctx.microversion >= 58;
      const limit = paged
        ? Math.min(Number(listOf(query['limit'])[0] || MAX_LIMIT), MAX_LIMIT)
        : MAX_LIMIT;
      const markerId = paged ? listOf(query['marker'])[0] : undefined;
      const marker =
        markerId === undefined ? undefined : await store.findAction(db, server.id, markerId);
      if (markerId !== undefined && !marker) throw badRequest(`marker [${markerId}] not found`);
      const rows = await store.listActions(db, server.id, {
        since: paged ? timeOf(query['changes-since']) : undefined,
        before: ctx.microversion >= 66 ? timeOf(query['changes-before']) : undefined,
        limit,
        marker,
      });
      const last = rows.at(-1);
      const path = `servers/${params.id}/os-instance-actions`;
      return {
        instanceActions: rows.map((row) => viewAction(row, ctx.microversion)),
        ...(paged &&
          last &&
          rows.length === limit && {
            links: [
              { rel: 'next', href: pageLink(linksOf(request).self(path), query, last.request_id) },
            ],
          }),
      };
    });
    app.get<Action>(
      '/servers/:id/os-instance-actions/:request_id',
      guard('show'),
      async (request) => {
        const { ctx, params } = request;
        check.query(NO_PARAMS, ctx.microversion, request.query);
        const server = await serverOf(ctx, params.id, 'show');
        const row = await store.findAction(db, server.id, params.request_id);
        if (!row) throw notFound(`Action ${params.request_id} not found`);
        const admin = policy.allows(ctx, `${RULE}:events`);
        const details = ctx.microversion >= 84 && policy.allows(ctx, `${RULE}:events:details`);
        return {
          instanceAction: {
            ...viewAction(row, ctx.microversion),
            ...((admin || ctx.microversion >= 51) && {
              events: [viewEvent(row, ctx.microversion, { admin, details })],
            }),
          },
        };
      },
    );
  };
}

function timeOf(value: Query[string]): string | undefined {
  const text = listOf(value)[0];
  return text === undefined ? undefined : storedTime(text);
}

function viewAction(row: store.InstanceActionRow, minor: number) {
  return {
    action: row.action,
    instance_uuid: row.server_id,
    request_id: row.request_id,
    user_id: row.user_id,
    project_id: row.project_id,
    start_time: microseconds(row.start_time),
    message: row.message,
    ...(minor >= 58 && { updated_at: microseconds(row.finish_time ?? row.start_time) }),
  };
}

function viewEvent(
  row: store.InstanceActionRow,
  minor: number,
  shown: { readonly admin: boolean; readonly details: boolean },
) {
  const ended = row.finish_time !== null;
  return {
    event: row.event,
    start_time: microseconds(row.start_time),
    finish_time: microseconds(row.finish_time),
    result: ended ? (row.message ?? 'Success') : null,
    ...(shown.admin && { traceback: null }),
    ...(minor >= 62 && { hostId: hostId(row.project_id, row.host) }),
    ...(minor >= 62 && shown.admin && { host: row.host }),
    ...(shown.details && { details: row.details }),
  };
}
