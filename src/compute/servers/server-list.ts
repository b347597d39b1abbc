/** GET /servers: which servers a caller sees, filtered, in order, a page at a time. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { internalContext, type Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { listOf, parsePage, type Page, type Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { NetworkApi } from '#network/network-api.ts';
import { badRequest } from '../compute.faults.ts';
import { planFilter, wantsEveryProject, type ServerFilter } from './server-list.rules.ts';
import { SERVER_SORT_COLUMNS } from './server-list.schema.ts';
import * as store from './server-list.store.ts';
import type { ServerRow } from './server-row.ts';
import { findAnyServer } from './server.store.ts';

export type ServerListDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly network: NetworkApi;
};

/** A page is at most this long (Nova's `max_limit`). */
export const MAX_LIMIT = 1000;

const SORT_KEYS: ReadonlySet<string> = new Set(Object.keys(SERVER_SORT_COLUMNS));

export class ServerList {
  readonly #deps: ServerListDeps;

  constructor(deps: ServerListDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: Query, kind: 'index' | 'detail'): Promise<readonly ServerRow[]> {
    const { db, policy } = this.#deps;
    const rule = `os_compute_api:servers:${kind}`;
    policy.authorize(ctx, rule);
    if (wantsEveryProject(query)) policy.authorize(ctx, `${rule}:get_all_tenants`);
    const filter = planFilter(query, {
      projectId: ctx.projectId,
      minor: ctx.microversion,
      admin: policy.allows(ctx, 'context_is_admin'),
      allFilters: policy.allows(ctx, 'os_compute_api:servers:allow_all_filters'),
    });
    const page = pageOf(query);
    await this.#checkMarker(ctx, page.marker);
    const only = await this.#matching(ctx, filter);
    if (only?.length === 0 || page.limit === 0) return [];
    return await store.listServers(db, filter, page, only);
  }

  /** A server of another project is no place to go on from. */
  async #checkMarker(ctx: Context, marker: string | null): Promise<void> {
    if (marker === null) return;
    const { db, policy } = this.#deps;
    const row = await findAnyServer(db, marker);
    const seen = row?.project_id === ctx.projectId || policy.allows(ctx, 'context_is_admin');
    if (!row || !seen) throw badRequest(`marker [${marker}] not found`);
  }

  /** Ids that the patterns match; undefined when SQL can decide by itself. */
  async #matching(ctx: Context, filter: ServerFilter): Promise<readonly string[] | undefined> {
    const hard = Object.entries(filter.patterns).filter(([, { literal }]) => literal === null);
    if (hard.length === 0 && !filter.addresses) return undefined;
    const columns = hard.map(([column]) => column);
    const rows = await store.listServerTexts(this.#deps.db, filter, columns);
    const ids: string[] = [];
    for (const [index, row] of rows.entries()) {
      if (hard.every(([column, pattern]) => pattern.matches(textOf(row[column])))) ids.push(row.id);
      // Matching many takes a while; others have their turn meanwhile.
      if (index % 200 === 199) await nextTurn();
    }
    return filter.addresses ? await this.#withAddress(ctx, ids, filter.addresses) : ids;
  }

  async #withAddress(
    ctx: Context,
    ids: readonly string[],
    { version, pattern }: NonNullable<ServerFilter['addresses']>,
  ): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const inner = internalContext(ctx.log, ctx.signal, ctx.projectId, ctx.requestId);
    const ports = await this.#deps.network.portsOf(inner, ids);
    return ids.filter((id) =>
      ports
        .get(id)
        ?.some((port) =>
          port.fixedIps.some(
            ({ ip }) => ip.includes(':') === (version === 6) && pattern.matches(ip),
          ),
        ),
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function pageOf(query: Query): Page {
  return parsePage(query, {
    sortKeys: SORT_KEYS,
    defaultSort: [
      { key: 'created_at', dir: 'desc' },
      { key: 'id', dir: 'desc' },
    ],
    maxLimit: MAX_LIMIT,
    refuse: (what, value) =>
      badRequest(`Invalid input for query parameters ${what}. Value: ${value}.`),
  });
}

/** The marker of the page after this one; undefined when this is the last. */
export function nextMarker(query: Query, rows: readonly ServerRow[]): string | undefined {
  const limit = Math.min(Number(listOf(query['limit'])[0] || MAX_LIMIT), MAX_LIMIT);
  return rows.length >= limit ? rows.at(-1)?.id : undefined;
}
