/** Gathers what is known of hosts, lets the rules choose, and takes the room. */
import type { Tx } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { Fault } from '#platform/fault.ts';
import type { PlacementApi, Resources } from '#placement/placement-api.ts';
import { noValidHost } from '../compute.faults.ts';
import type { ServerGroupLookup, ZoneLookup } from '../compute-deps.ts';
import { listComputeNodes } from '../nodes/compute-node.store.ts';
import { flavorOf, type ServerRow } from '../servers/server-row.ts';
import { rankHosts, type Wanted } from './scheduler.rules.ts';

export type SchedulerDeps = {
  readonly placement: PlacementApi;
  readonly observed: ObservedHosts;
  readonly zones: ZoneLookup;
  readonly groups: ServerGroupLookup;
};

export class Scheduler {
  readonly #deps: SchedulerDeps;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
  }

  /** Chooses a host and takes what the server needs of it. Throws `NoValidHost`. */
  async claim(
    tx: Tx,
    server: ServerRow,
    wanted: Omit<Wanted, 'group'>,
  ): Promise<{ readonly host: string; readonly zone: string }> {
    const { placement, observed, zones, groups } = this.#deps;
    const resources = resourcesOf(server);
    const providers = await placement.candidates(tx, resources);
    const nodes = new Map((await listComputeNodes(tx)).map((node) => [node.host, node]));
    const zoneOf = await zones.zoneOfHosts(tx);
    const candidates = providers.flatMap((provider) => {
      const node = nodes.get(provider.name);
      if (!node) return [];
      return {
        provider,
        up: observed.status(provider.name)?.connected === true && node.forced_down === 0,
        disabled: node.disabled === 1,
        zone: zoneOf(provider.name),
      };
    });
    const { hosts, lastFilter } = rankHosts(candidates, {
      ...wanted,
      group: await groups.wishOf(tx, server.id),
    });
    for (const { provider, zone } of hosts) {
      try {
        const consumer = { id: server.id, projectId: server.project_id, userId: server.user_id };
        await placement.claim(tx, consumer, provider.id, resources);
        return { host: provider.name, zone };
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== 'no-capacity') throw error;
      }
    }
    // compat: nova says more only when there was room somewhere that the request would not have.
    throw noValidHost(candidates.length === 0 ? '' : 'There are not enough hosts available.', {
      filter: lastFilter,
      candidates: candidates.map(({ provider }) => provider.name),
    });
  }
}

/** What a server takes of its host, by resource class. */
export function resourcesOf(server: ServerRow): Resources {
  const flavor = flavorOf(server);
  const disk = flavor.disk + flavor.ephemeral + Math.ceil(flavor.swap / 1024);
  return {
    VCPU: flavor.vcpus,
    MEMORY_MB: flavor.ram,
    ...(disk > 0 && { DISK_GB: disk }),
  };
}
