/** Makes hosts known when their agents come: as resource providers, and as hypervisors with a compute service. */
import type { HostFacts } from '#base/host/document.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import type { Reconciler, Tally } from '#platform/reconcile/reconciler.ts';
import type { Inventory, PlacementApi } from '#placement/placement-api.ts';
import { findComputeNode, upsertComputeNode } from './compute-node.store.ts';

export type NodeRegistrarDeps = {
  readonly db: Db;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: Logger;
  readonly observed: ObservedHosts;
  readonly placement: PlacementApi;
};

/** Nova's defaults for what a host may promise. */
const CPU_RATIO = 16;
const RAM_RATIO = 1;
const RESERVED_MEMORY_MIB = 512;

export class NodeRegistrar implements Reconciler {
  readonly name = 'compute-nodes';
  readonly everyMs = 60_000;
  readonly #deps: NodeRegistrarDeps;
  readonly #stop: () => void;

  /** `wake` asks for a run of this reconciler soon. */
  constructor(deps: NodeRegistrarDeps, wake: (name: string) => void) {
    this.#deps = deps;
    this.#stop = deps.observed.onHost((_host, { connected }) => {
      if (connected) wake(this.name);
    });
  }

  async run(signal: AbortSignal): Promise<Tally> {
    const { observed } = this.#deps;
    let changed = 0;
    const hosts = observed.hosts();
    for (const host of hosts) {
      signal.throwIfAborted();
      const status = observed.status(host);
      if (status?.connected === true && (await this.#register(status.facts))) changed += 1;
    }
    return { seen: hosts.length, changed, failed: [] };
  }

  close(): void {
    this.#stop();
  }

  async #register(facts: HostFacts): Promise<boolean> {
    const { db, now, newId, log, placement } = this.#deps;
    const known = await findComputeNode(db, facts.host);
    const provider = await placement.ensureProvider(facts.host, inventoriesOf(facts));
    if (known?.id === provider.id && known.facts === JSON.stringify(facts)) return false;
    await upsertComputeNode(db, {
      id: provider.id,
      serviceId: newId(),
      facts,
      at: now().toISOString(),
    });
    log.info({ host: facts.host, provider_id: provider.id }, 'host registered');
    return true;
  }
}

/** What a host has to give. */
export function inventoriesOf(facts: HostFacts): Readonly<Record<string, Inventory>> {
  return {
    VCPU: inventory(facts.vcpus, 0, CPU_RATIO),
    MEMORY_MB: inventory(
      facts.memoryMib,
      Math.min(RESERVED_MEMORY_MIB, Math.floor(facts.memoryMib / 4)),
      RAM_RATIO,
    ),
    ...(facts.diskGib > 0 && { DISK_GB: inventory(facts.diskGib, 0, 1) }),
  };
}

function inventory(total: number, reserved: number, allocationRatio: number): Inventory {
  return { total, reserved, minUnit: 1, maxUnit: total, stepSize: 1, allocationRatio };
}
