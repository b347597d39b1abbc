/** What placement offers to other services: which host has room, and who has taken how much of it. */
import type { Db, Tx } from '#platform/db/tables.ts';

/** Amounts by resource class: `VCPU`, `MEMORY_MB`, `DISK_GB`. */
export type Resources = Readonly<Record<string, number>>;

export type Inventory = {
  readonly total: number;
  readonly reserved: number;
  readonly minUnit: number;
  readonly maxUnit: number;
  readonly stepSize: number;
  /** How many times over it may be promised: capacity is (total - reserved) * ratio. */
  readonly allocationRatio: number;
};

export type ResourceProvider = {
  /** A UUID; of a host's provider it is the hypervisor's id in the compute API too. */
  readonly id: string;
  /** Of a host's provider, the host's name. */
  readonly name: string;
  readonly generation: number;
};

/** A provider with what it has and what of it is taken. */
export type ProviderUsage = ResourceProvider & {
  readonly inventories: Readonly<Record<string, Inventory>>;
  readonly used: Resources;
};

export type Consumer = {
  /** The server's id. */
  readonly id: string;
  readonly projectId: string;
  readonly userId: string;
};

/** Functions that take a transaction are part of the caller's. */
export interface PlacementApi {
  /** Makes the provider of this name, or brings its inventories up to date. */
  ensureProvider(
    name: string,
    inventories: Readonly<Record<string, Inventory>>,
  ): Promise<ResourceProvider>;
  /** Forgets a provider with its inventories. Throws a `conflict` fault while something is taken of it. */
  deleteProvider(tx: Tx, id: string): Promise<void>;
  findProvider(db: Db, idOrName: string): Promise<ResourceProvider | undefined>;
  /** Every provider with its inventories and usage, by name. */
  listUsages(db: Db): Promise<readonly ProviderUsage[]>;
  /** Providers that have room for all of `resources` now, by name. */
  candidates(db: Db, resources: Resources): Promise<readonly ProviderUsage[]>;
  /**
   * Takes resources of a provider for a consumer; taking the same again changes nothing.
   * Throws a `no-capacity` fault when there is no room (any more).
   */
  claim(tx: Tx, consumer: Consumer, providerId: string, resources: Resources): Promise<void>;
  /** Gives back all that a consumer has taken. */
  release(tx: Tx, consumerId: string): Promise<void>;
  /** What consumers have taken, by consumer id. */
  allocationsOf(
    db: Db,
    consumerIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly providerId: string; readonly resources: Resources }>>;
}
