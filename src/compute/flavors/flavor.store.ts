/** Flavors in SQL. */
import { applyPage } from '#platform/db/page.ts';
import type { Db } from '#platform/db/tables.ts';
import type { FlavorsTable } from '#platform/db/tables/compute.ts';
import type { Page } from '#platform/http/list-query.ts';

export type FlavorRow = FlavorsTable;

export type FlavorFilter = {
  /** Undefined for all. */
  readonly isPublic: boolean | undefined;
  /** A project whose private flavors come with the public ones. */
  readonly projectId: string;
  readonly minRam: number;
  readonly minDisk: number;
  readonly name: string | undefined;
};

const COLUMNS = {
  id: 'id',
  flavorid: 'id',
  name: 'name',
  memory_mb: 'ram',
  vcpus: 'vcpus',
  root_gb: 'disk',
  ephemeral_gb: 'ephemeral',
  swap: 'swap',
  rxtx_factor: 'rxtx_factor',
  is_public: 'is_public',
  disabled: 'disabled',
  created_at: 'created_at',
  vcpu_weight: 'number',
  updated_at: 'created_at',
} as const;
export const FLAVOR_SORT_KEYS: ReadonlySet<string> = new Set(Object.keys(COLUMNS));

export async function listFlavors(
  db: Db,
  filter: FlavorFilter,
  page: Page,
): Promise<readonly FlavorRow[]> {
  let query = db
    .selectFrom('flavors')
    .selectAll()
    .where('disabled', '=', 0)
    .where('ram', '>=', filter.minRam)
    .where('disk', '>=', filter.minDisk);
  if (filter.name !== undefined) query = query.where('name', '=', filter.name);
  if (filter.isPublic === true) {
    query = query.where((eb) =>
      eb.or([
        eb('is_public', '=', 1),
        eb(
          'id',
          'in',
          eb
            .selectFrom('flavor_access')
            .select('flavor_id')
            .where('project_id', '=', filter.projectId),
        ),
      ]),
    );
  } else if (filter.isPublic === false) {
    query = query.where('is_public', '=', 0);
  }
  const marker = page.marker === null ? undefined : await findFlavor(db, page.marker);
  const values = marker && {
    ...marker,
    ...Object.fromEntries(Object.entries(COLUMNS).map(([key, column]) => [key, marker[column]])),
  };
  return await applyPage(query, page, COLUMNS, values).execute();
}

export async function findFlavor(db: Db, id: string): Promise<FlavorRow | undefined> {
  return await db.selectFrom('flavors').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findFlavorByName(db: Db, name: string): Promise<FlavorRow | undefined> {
  return await db.selectFrom('flavors').selectAll().where('name', '=', name).executeTakeFirst();
}

export async function nextFlavorNumber(db: Db): Promise<number> {
  const row = await db
    .selectFrom('flavors')
    .select((eb) => eb.fn.max('number').as('last'))
    .executeTakeFirst();
  return (row?.last ?? 0) + 1;
}

export async function insertFlavor(db: Db, row: FlavorRow): Promise<void> {
  await db.insertInto('flavors').values(row).execute();
}

export async function updateFlavor(
  db: Db,
  id: string,
  change: Partial<Pick<FlavorRow, 'description' | 'extra_specs'>>,
): Promise<void> {
  await db.updateTable('flavors').set(change).where('id', '=', id).execute();
}

export async function deleteFlavor(db: Db, id: string): Promise<boolean> {
  const result = await db.deleteFrom('flavors').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Projects that may use a private flavor. */
export async function listFlavorAccess(db: Db, id: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('flavor_access')
    .select('project_id')
    .where('flavor_id', '=', id)
    .orderBy('project_id')
    .execute();
  return rows.map((row) => row.project_id);
}

export async function insertFlavorAccess(db: Db, id: string, projectId: string): Promise<void> {
  await db.insertInto('flavor_access').values({ flavor_id: id, project_id: projectId }).execute();
}

export async function deleteFlavorAccess(db: Db, id: string, projectId: string): Promise<boolean> {
  const result = await db
    .deleteFrom('flavor_access')
    .where('flavor_id', '=', id)
    .where('project_id', '=', projectId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
