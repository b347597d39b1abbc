/** Hypervisors: the hosts, as administrators see them. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { PlacementApi } from '#placement/placement-api.ts';
import { isUuid } from '../http/uuid.ts';
import { factsOf, listComputeNodes, type ComputeNodeRow } from '../nodes/compute-node.store.ts';
import type { ServiceList } from '../services/service-list.ts';
import * as faults from './hypervisor.faults.ts';
import { sumUsages, usageOf, type HostedServer, type HypervisorUsage } from './hypervisor.rules.ts';
import { listHostedServers } from './hypervisor.store.ts';

export type HypervisorServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly placement: PlacementApi;
  readonly services: ServiceList;
  /** What a host's `uptime` says; null when it cannot be known. */
  readonly uptimeOf: (host: string) => string | null;
};

/** Everything that is known of one host. */
export type Hypervisor = {
  readonly node: ComputeNodeRow;
  readonly up: boolean;
  readonly usage: HypervisorUsage;
  readonly servers: readonly HostedServer[];
  /** Null when the host is down or far away. */
  readonly uptime: string | null;
};

export type HypervisorPage = { readonly limit: number; readonly marker: string | null };

const RULE = 'os_compute_api:os-hypervisors';

export class HypervisorService {
  readonly #deps: HypervisorServiceDeps;

  constructor(deps: HypervisorServiceDeps) {
    this.#deps = deps;
  }

  async list(
    ctx: Context,
    verb: 'list' | 'list-detail',
    page: HypervisorPage,
  ): Promise<readonly Hypervisor[]> {
    this.#deps.policy.authorize(ctx, `${RULE}:${verb}`);
    const all = await this.#all();
    if (page.marker === null) return all.slice(0, page.limit);
    const at = all.findIndex(({ node }) => idOf(ctx, node) === page.marker);
    if (at < 0) throw faults.markerNotFound(page.marker);
    return all.slice(at + 1, at + 1 + page.limit);
  }

  /** Hosts whose name has `pattern` in it, whatever the case; there must be one. */
  async search(
    ctx: Context,
    verb: 'list' | 'list-detail' | 'search' | 'servers',
    pattern: string,
  ): Promise<readonly Hypervisor[]> {
    this.#deps.policy.authorize(ctx, `${RULE}:${verb}`);
    const wanted = pattern.toLowerCase();
    const found = (await this.#all()).filter(({ node }) =>
      node.host.toLowerCase().includes(wanted),
    );
    if (found.length === 0) throw faults.noHypervisorMatches(pattern);
    return found;
  }

  async get(ctx: Context, id: string): Promise<Hypervisor> {
    this.#deps.policy.authorize(ctx, `${RULE}:show`);
    return await this.#find(ctx, id);
  }

  /** With its uptime, or a refusal that says why there is none. */
  async getWithUptime(ctx: Context, id: string): Promise<Hypervisor> {
    this.#deps.policy.authorize(ctx, `${RULE}:uptime`);
    const hypervisor = await this.#find(ctx, id);
    if (hypervisor.uptime !== null) return hypervisor;
    throw hypervisor.up ? faults.uptimeUnknown() : faults.hostDown(hypervisor.node.host);
  }

  /** compat: hosts that take no servers are not in the sum. */
  async statistics(ctx: Context): Promise<HypervisorUsage & { readonly count: number }> {
    this.#deps.policy.authorize(ctx, `${RULE}:statistics`);
    const enabled = (await this.#all()).filter(({ node }) => node.disabled === 0);
    return sumUsages(enabled.map(({ usage }) => usage));
  }

  async #find(ctx: Context, id: string): Promise<Hypervisor> {
    if (ctx.microversion >= 53 && !isUuid(id)) throw faults.malformedUuid(id);
    const found = (await this.#all()).find(({ node }) => idOf(ctx, node) === id);
    if (!found) throw faults.hypervisorNotFound(id);
    return found;
  }

  async #all(): Promise<readonly Hypervisor[]> {
    const { db, placement, services, uptimeOf } = this.#deps;
    const nodes = await listComputeNodes(db);
    const providers = new Map((await placement.listUsages(db)).map((one) => [one.id, one]));
    const servers = Map.groupBy(await listHostedServers(db), ({ host }) => host);
    return nodes.map((node) => {
      const own = servers.get(node.host) ?? [];
      const up = services.isUp(node);
      return {
        node,
        up,
        uptime: up ? uptimeOf(node.host) : null,
        usage: usageOf(factsOf(node), providers.get(node.id), own),
        servers: own,
      };
    });
  }
}

/** The id as this caller's microversion knows it. */
function idOf(ctx: Context, node: ComputeNodeRow): string {
  return ctx.microversion >= 53 ? node.id : String(node.number);
}
