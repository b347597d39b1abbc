/** /os-simple-tenant-usage: what projects' servers used, gone ones too. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { listOf, pageLink, type Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { badRequest } from '../compute.faults.ts';
import { linksOf, type ComputeRoutes, type Links } from '../http/compute-service.ts';
import type { RequestCheck, Schema, SchemaRanges } from '../http/request-check.ts';
import { listParams, PAGE_PARAMS } from '../http/schema-parts.ts';
import { microseconds } from '../servers/server-view.ts';
import {
  parsePeriod,
  sumByProject,
  usageOfServer,
  type ServerUsage,
  type TenantUsage,
  type UsagePeriod,
} from './tenant-usage.rules.ts';
import { findUsageMarker, listUsedServers } from './tenant-usage.store.ts';

export type TenantUsageDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
};

type Listed = { Querystring: Query };
type Id = { Params: { id: string }; Querystring: Query };

/** A page is at most this many servers long (Nova's `max_limit`). */
const MAX_LIMIT = 1000;
const RULE = 'os_compute_api:os-simple-tenant-usage';
const PATH = 'os-simple-tenant-usage';
const policyOf = (verb: string) => ({ config: { policy: `${RULE}:${verb}` } });

const TEXT: Schema = { type: 'string' };
const SHOWN = { start: TEXT, end: TEXT };
const LISTED = { ...SHOWN, detailed: TEXT };

function ranges(members: Readonly<Record<string, Schema>>): SchemaRanges {
  return [
    [1, listParams(members, true)],
    [40, listParams({ ...members, ...PAGE_PARAMS }, true)],
    [75, listParams({ ...members, ...PAGE_PARAMS }, false)],
  ];
}
const LIST_QUERY = ranges(LISTED);
const SHOW_QUERY = ranges(SHOWN);

export function tenantUsageRoutes(deps: TenantUsageDeps, check: RequestCheck): ComputeRoutes {
  const { db, policy, now } = deps;

  /** One page of servers with what each used. */
  const usages = async (ctx: Context, query: Query, projectId: string | null) => {
    const at = now();
    const period = parsePeriod(listOf(query['start'])[0], listOf(query['end'])[0], at);
    const paged = ctx.microversion >= 40;
    const limit = Math.min(
      Number((paged && listOf(query['limit']).at(-1)) || MAX_LIMIT),
      MAX_LIMIT,
    );
    const after = paged ? listOf(query['marker']).at(-1) : undefined;
    const marker = after === undefined ? null : await findUsageMarker(db, after);
    if (marker === undefined) throw badRequest(`Marker ${after} could not be found.`);
    const servers = await listUsedServers(db, period, { projectId, marker, limit });
    const used = servers.map((server) => usageOfServer(server, period, at));
    return { period, used, full: paged && used.length === limit };
  };

  return (app) => {
    app.get<Listed>(`/${PATH}`, policyOf('list'), async (request) => {
      const { ctx } = request;
      const query = check.query(LIST_QUERY, ctx.microversion, request.query);
      policy.authorize(ctx, `${RULE}:list`);
      const { period, used, full } = await usages(ctx, query, null);
      const detailed = listOf(query['detailed'])[0] === '1';
      return {
        tenant_usages: sumByProject(used).map((tenant) => viewUsage(tenant, period, detailed)),
        ...(full && { tenant_usages_links: nextLink(linksOf(request), PATH, query, used) }),
      };
    });
    app.get<Id>(`/${PATH}/:id`, policyOf('show'), async (request) => {
      const { ctx } = request;
      const { id } = request.params;
      const query = check.query(SHOW_QUERY, ctx.microversion, request.query);
      policy.authorize(ctx, `${RULE}:show`, { project_id: id });
      const { period, used, full } = await usages(ctx, query, id);
      const [tenant] = sumByProject(used);
      const path = `${PATH}/${id}`;
      return {
        tenant_usage: tenant ? viewUsage(tenant, period, true) : {},
        ...(full && { tenant_usage_links: nextLink(linksOf(request), path, query, used) }),
      };
    });
  };
}

function nextLink(links: Links, path: string, query: Query, used: readonly ServerUsage[]) {
  const last = used.at(-1)?.instance_id ?? '';
  return [{ rel: 'next', href: pageLink(links.self(path), query, last) }];
}

function viewUsage(
  { servers, ...totals }: TenantUsage,
  { start, stop }: UsagePeriod,
  detailed: boolean,
) {
  return {
    ...totals,
    ...(detailed && {
      server_usages: servers.map((server) => ({
        ...server,
        started_at: microseconds(server.started_at),
        ended_at: microseconds(server.ended_at),
      })),
    }),
    start: naive(start),
    stop: naive(stop),
  };
}

/** compat: a time without its zone, to the microsecond. */
const naive = (time: Date) => time.toISOString().replace('Z', '000');
