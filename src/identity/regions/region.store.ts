/** Regions in SQL. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { RegionsTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

export type RegionRow = Selectable<RegionsTable>;

export async function insertRegion(tx: Tx, row: Insertable<RegionsTable>): Promise<RegionRow> {
  return await tx.insertInto('regions').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function findRegion(db: Db, id: string): Promise<RegionRow | undefined> {
  return await db.selectFrom('regions').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function listRegions(db: Db, listing: Listing): Promise<Listed<RegionRow>> {
  return await runListing(db.selectFrom('regions').selectAll(), listing, {
    id: 'id',
    parent_region_id: 'parent_region_id',
  });
}

export async function updateRegion(
  tx: Tx,
  id: string,
  change: Updateable<RegionsTable>,
): Promise<RegionRow> {
  return await tx
    .updateTable('regions')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A region and all that are below it. */
export async function regionTree(db: Db, id: string): Promise<readonly string[]> {
  const rows = await db
    .withRecursive('tree', (qb) =>
      qb
        .selectFrom('regions')
        .select('id')
        .where('id', '=', id)
        .union(
          qb
            .selectFrom('regions')
            .innerJoin('tree', 'tree.id', 'regions.parent_region_id')
            .select('regions.id'),
        ),
    )
    .selectFrom('tree')
    .select('tree.id')
    .execute();
  return rows.map((row) => row.id);
}

export async function haveEndpoints(db: Db, ids: readonly string[]): Promise<boolean> {
  const row = await db
    .selectFrom('catalog_endpoints')
    .select('id')
    .where('region_id', 'in', ids)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteRegions(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.deleteFrom('regions').where('id', 'in', ids).execute();
}
