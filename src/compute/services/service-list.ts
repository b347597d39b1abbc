/** The compute services that there are: one for each host, and the two that this process does the work of. */
import { createHash } from 'node:crypto';
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { ZoneLookup } from '../compute-deps.ts';
import { listComputeNodes, type ComputeNodeRow } from '../nodes/compute-node.store.ts';

export type ServiceEntry = {
  readonly binary: string;
  readonly host: string;
  /** The id below 2.53. */
  readonly number: number;
  /** The id from 2.53 on. */
  readonly id: string;
  readonly zone: string;
  readonly disabled: boolean;
  readonly disabledReason: string | null;
  readonly forcedDown: boolean;
  readonly up: boolean;
  readonly updatedAt: string;
};

export type ServiceListDeps = {
  readonly observed: ObservedHosts;
  readonly zones: ZoneLookup;
  readonly now: () => Date;
  /** The name of the machine that this process runs on. */
  readonly controlHost: string;
};

export const COMPUTE_BINARY = 'nova-compute';
/** The zone of services that run no servers. */
export const INTERNAL_ZONE = 'internal';
/** compat: clients look for these two; here one process does the work of both. */
const CONTROL_BINARIES = ['nova-conductor', 'nova-scheduler'] as const;

/** A host's service is numbered after those of the control process. */
export const serviceNumberOf = (node: Pick<ComputeNodeRow, 'number'>): number =>
  node.number + CONTROL_BINARIES.length;

export class ServiceList {
  readonly #deps: ServiceListDeps;

  constructor(deps: ServiceListDeps) {
    this.#deps = deps;
  }

  /** Those of the control process, then the hosts' in the order in which they came. */
  async list(db: Db): Promise<readonly ServiceEntry[]> {
    const zoneOf = await this.#deps.zones.zoneOfHosts(db);
    const nodes = await listComputeNodes(db);
    return [...this.#ofControl(), ...nodes.map((node) => this.#ofHost(node, zoneOf(node.host)))];
  }

  /** True when the host's agent is connected, and nobody has said that it is down. */
  isUp(node: Pick<ComputeNodeRow, 'host' | 'forced_down'>): boolean {
    return node.forced_down === 0 && this.#deps.observed.status(node.host)?.connected === true;
  }

  #ofControl(): readonly ServiceEntry[] {
    const { controlHost, now } = this.#deps;
    return CONTROL_BINARIES.map((binary, index) => ({
      binary,
      host: controlHost,
      number: index + 1,
      id: idOf(`${binary}@${controlHost}`),
      zone: INTERNAL_ZONE,
      disabled: false,
      disabledReason: null,
      forcedDown: false,
      up: true,
      updatedAt: now().toISOString(),
    }));
  }

  #ofHost(node: ComputeNodeRow, zone: string): ServiceEntry {
    const heardAt = this.#deps.observed.status(node.host)?.heardAt;
    return {
      binary: COMPUTE_BINARY,
      host: node.host,
      number: serviceNumberOf(node),
      id: node.service_id,
      zone,
      disabled: node.disabled === 1,
      disabledReason: node.disabled_reason,
      forcedDown: node.forced_down === 1,
      up: this.isUp(node),
      updatedAt: heardAt?.toISOString() ?? node.updated_at,
    };
  }
}

/** A UUID (version 8) that is always the same for the same name. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
