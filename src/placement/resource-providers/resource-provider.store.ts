/** Resource providers and their inventories in SQL. */
import type { Db } from '#platform/db/tables.ts';
import type { InventoriesTable, ResourceProvidersTable } from '#platform/db/tables/placement.ts';
import type { Inventory, ProviderUsage, ResourceProvider, Resources } from '../placement-api.ts';

export async function findProvider(
  db: Db,
  idOrName: string,
): Promise<ResourceProvider | undefined> {
  return await db
    .selectFrom('resource_providers')
    .select(['id', 'name', 'generation'])
    .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
    .executeTakeFirst();
}

export async function insertProvider(db: Db, row: ResourceProvidersTable): Promise<void> {
  await db.insertInto('resource_providers').values(row).execute();
}

/** With the provider go its inventories. */
export async function deleteProvider(db: Db, id: string): Promise<void> {
  await db.deleteFrom('resource_providers').where('id', '=', id).execute();
}

/** Replaces a provider's inventories; its generation goes up. */
export async function replaceInventories(
  db: Db,
  providerId: string,
  inventories: Readonly<Record<string, Inventory>>,
  now: string,
): Promise<void> {
  await db.deleteFrom('inventories').where('provider_id', '=', providerId).execute();
  const rows = Object.entries(inventories).map(([name, inventory]) =>
    rowOf(providerId, name, inventory),
  );
  if (rows.length > 0) await db.insertInto('inventories').values(rows).execute();
  await db
    .updateTable('resource_providers')
    .set((eb) => ({ generation: eb('generation', '+', 1), updated_at: now }))
    .where('id', '=', providerId)
    .execute();
}

/** Providers by name, each with what it has and what is taken; one provider only when an id is given. */
export async function listUsages(db: Db, id?: string): Promise<readonly ProviderUsage[]> {
  let providers = db.selectFrom('resource_providers').select(['id', 'name', 'generation']);
  let inventories = db.selectFrom('inventories').selectAll();
  let taken = db
    .selectFrom('allocations')
    .select((eb) => [
      'provider_id',
      'resource_class',
      eb.fn.sum<number | string>('used').as('used'),
    ])
    .groupBy(['provider_id', 'resource_class']);
  if (id !== undefined) {
    providers = providers.where('id', '=', id);
    inventories = inventories.where('provider_id', '=', id);
    taken = taken.where('provider_id', '=', id);
  }
  const [provided, had, used] = [
    await providers.orderBy('name').execute(),
    await inventories.execute(),
    await taken.execute(),
  ];
  return provided.map((provider) => ({
    ...provider,
    inventories: Object.fromEntries(
      had
        .filter((row) => row.provider_id === provider.id)
        .map((row) => [row.resource_class, inventoryOf(row)]),
    ),
    used: Object.fromEntries(
      used
        .filter((row) => row.provider_id === provider.id)
        .map((row) => [row.resource_class, Number(row.used)]),
    ) as Resources,
  }));
}

function rowOf(providerId: string, name: string, inventory: Inventory): InventoriesTable {
  return {
    provider_id: providerId,
    resource_class: name,
    total: inventory.total,
    reserved: inventory.reserved,
    min_unit: inventory.minUnit,
    max_unit: inventory.maxUnit,
    step_size: inventory.stepSize,
    allocation_ratio: String(inventory.allocationRatio),
  };
}

function inventoryOf(row: InventoriesTable): Inventory {
  return {
    total: row.total,
    reserved: row.reserved,
    minUnit: row.min_unit,
    maxUnit: row.max_unit,
    stepSize: row.step_size,
    allocationRatio: Number(row.allocation_ratio),
  };
}
