/** Finds servers for callers, and gathers what a view of them needs. */
import { internalContext, type Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { NetworkApi, NetworkFacts } from '#network/network-api.ts';
import { addressesOf } from '../addresses/addresses.ts';
import type { ServerGroupLookup } from '../compute-deps.ts';
import { serverNotFound } from '../compute.faults.ts';
import type { Links } from '../http/compute-service.ts';
import { listInterfacesOf, type InterfaceRow } from '../interfaces/interface.store.ts';
import { listComputeNodes, type ComputeNodeRow } from '../nodes/compute-node.store.ts';
import type { ServerFacts, ServerViewer } from './server-view.ts';
import type { ServerRow } from './server-row.ts';
import { findAnyServer, findServer } from './server.store.ts';

export type ServerReaderDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly network: NetworkApi;
  readonly observed: ObservedHosts;
  readonly groups: ServerGroupLookup;
};

export class ServerReader {
  readonly #deps: ServerReaderDeps;

  constructor(deps: ServerReaderDeps) {
    this.#deps = deps;
  }

  isAdmin(ctx: Context): boolean {
    return this.#deps.policy.allows(ctx, 'context_is_admin');
  }

  /** A server that the caller may know of, when the rule allows this to be done to it. */
  async get(ctx: Context, id: string, rule: string, db: Db = this.#deps.db): Promise<ServerRow> {
    return this.#judge(ctx, id, rule, await findServer(db, id));
  }

  /** As `get`, and deleted servers too. */
  async getAny(ctx: Context, id: string, rule: string): Promise<ServerRow> {
    return this.#judge(ctx, id, rule, await findAnyServer(this.#deps.db, id));
  }

  #judge(ctx: Context, id: string, rule: string, row: ServerRow | undefined): ServerRow {
    // compat: a server of another project does not exist, whatever the rule says.
    const visible = row && (row.project_id === ctx.projectId || this.isAdmin(ctx) || ctx.internal);
    if (!visible) throw serverNotFound(id);
    this.#deps.policy.authorize(ctx, rule, {
      project_id: row.project_id,
      user_id: row.user_id,
    });
    return row;
  }

  viewer(ctx: Context, links: Links): ServerViewer {
    const { policy } = this.#deps;
    const may = (rule: string) => policy.allows(ctx, `os_compute_api:${rule}`);
    return {
      minor: ctx.microversion,
      links,
      admin: this.isAdmin(ctx),
      attributes: may('os-extended-server-attributes'),
      hostStatus: may('servers:show:host_status')
        ? 'all'
        : may('servers:show:host_status:unknown-only')
          ? 'unknown'
          : 'none',
      extraSpecs: may('os-flavor-extra-specs:index'),
    };
  }

  /** Everything that views of these servers need, asked of the network at once. */
  async facts(
    ctx: Context,
    servers: readonly ServerRow[],
    options: { readonly withGroups: boolean },
  ): Promise<readonly ServerFacts[]> {
    const { db, network, groups } = this.#deps;
    const live = servers.filter(({ deleted }) => deleted === 0).map(({ id }) => id);
    // Networks and ports of others may be among a server's own.
    const inner = internalContext(ctx.log, ctx.signal, ctx.projectId, ctx.requestId);
    const cards = await listInterfacesOf(db, live);
    const ports = live.length === 0 ? new Map() : await network.portsOf(inner, live);
    const networks = await this.#networks(inner, cards);
    const nodes = new Map((await listComputeNodes(db)).map((node) => [node.host, node]));
    return await Promise.all(
      servers.map(async (server) => {
        const own = ports.get(server.id) ?? [];
        return {
          server,
          ports: own,
          addresses: addressesOf(cards.get(server.id) ?? [], own, networks),
          hostStatus: this.#hostStatus(nodes.get(server.host)),
          groups: options.withGroups ? await groups.groupsOf(db, server.id) : undefined,
        };
      }),
    );
  }

  async #networks(
    ctx: Context,
    cards: ReadonlyMap<string, readonly InterfaceRow[]>,
  ): Promise<ReadonlyMap<string, NetworkFacts>> {
    const ids = new Set([...cards.values()].flat().map((card) => card.network_id));
    if (ids.size === 0) return new Map();
    const found = await this.#deps.network.findNetworks(ctx, [...ids]);
    return new Map(found.map((each) => [each.id, each]));
  }

  /** compat: a host that is not heard of leaves its servers UNKNOWN; DOWN is said only when an admin forced it. */
  #hostStatus(node: ComputeNodeRow | undefined): string {
    if (!node) return '';
    if (node.forced_down === 1) return 'DOWN';
    if (this.#deps.observed.status(node.host)?.connected !== true) return 'UNKNOWN';
    return node.disabled === 1 ? 'MAINTENANCE' : 'UP';
  }
}
