/** The placement service: which host has room. Its own HTTP API comes later; the others use it through `PlacementApi`. */
import { isDeepStrictEqual } from 'node:util';
import type { Db, Tx } from '#platform/db/tables.ts';
import * as allocations from './allocations/allocation.store.ts';
import type {
  Consumer,
  Inventory,
  PlacementApi,
  ProviderUsage,
  ResourceProvider,
  Resources,
} from './placement-api.ts';
import { noCapacity, providerInUse, providerNotFound } from './placement.faults.ts';
import { firstShortage } from './resource-providers/capacity.rules.ts';
import * as providers from './resource-providers/resource-provider.store.ts';

export type * from './placement-api.ts';

export type PlacementDeps = {
  readonly db: Db;
  readonly newId: () => string;
  readonly now?: () => Date;
};

export function createPlacement(deps: PlacementDeps): { readonly api: PlacementApi } {
  return { api: new Placement(deps) };
}

class Placement implements PlacementApi {
  readonly #db: Db;
  readonly #newId: () => string;
  readonly #now: () => Date;

  constructor({ db, newId, now }: PlacementDeps) {
    this.#db = db;
    this.#newId = newId;
    this.#now = now ?? (() => new Date());
  }

  async ensureProvider(
    name: string,
    inventories: Readonly<Record<string, Inventory>>,
  ): Promise<ResourceProvider> {
    return await this.#db.transaction().execute(async (tx) => {
      const at = this.#now().toISOString();
      const known = await providers.findProvider(tx, name);
      const id = known?.id ?? this.#newId();
      if (!known) {
        const row = { id, name, generation: 0, created_at: at, updated_at: at };
        await providers.insertProvider(tx, row);
      }
      const [present] = await providers.listUsages(tx, id);
      if (!isDeepStrictEqual(present?.inventories, inventories)) {
        await providers.replaceInventories(tx, id, inventories, at);
      }
      const provider = await providers.findProvider(tx, id);
      if (!provider) throw providerNotFound(id);
      return provider;
    });
  }

  async deleteProvider(tx: Tx, id: string): Promise<void> {
    const [provider] = await providers.listUsages(tx, id);
    if (provider && Object.keys(provider.used).length > 0) throw providerInUse(id);
    await providers.deleteProvider(tx, id);
  }

  async findProvider(db: Db, idOrName: string): Promise<ResourceProvider | undefined> {
    return await providers.findProvider(db, idOrName);
  }

  async listUsages(db: Db): Promise<readonly ProviderUsage[]> {
    return await providers.listUsages(db);
  }

  async candidates(db: Db, resources: Resources): Promise<readonly ProviderUsage[]> {
    const all = await providers.listUsages(db);
    return all.filter((provider) => firstShortage(provider, resources) === undefined);
  }

  async claim(tx: Tx, consumer: Consumer, providerId: string, resources: Resources): Promise<void> {
    const wanted = Object.fromEntries(Object.entries(resources).filter(([, amount]) => amount > 0));
    const present = (await allocations.allocationsOf(tx, [consumer.id])).get(consumer.id);
    if (present?.providerId === providerId && isDeepStrictEqual({ ...present.resources }, wanted)) {
      return;
    }
    if (present) await allocations.deleteConsumer(tx, consumer.id);
    const [provider] = await providers.listUsages(tx, providerId);
    if (!provider) throw providerNotFound(providerId);
    const shortage = firstShortage(provider, resources);
    if (shortage !== undefined) throw noCapacity(providerId, shortage);
    const at = this.#now().toISOString();
    await allocations.insertAllocations(tx, consumer, providerId, resources, at);
  }

  async release(tx: Tx, consumerId: string): Promise<void> {
    await allocations.deleteConsumer(tx, consumerId);
  }

  async allocationsOf(
    db: Db,
    consumerIds: readonly string[],
  ): Promise<ReadonlyMap<string, allocations.Allocation>> {
    return await allocations.allocationsOf(db, consumerIds);
  }
}
