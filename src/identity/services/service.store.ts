/** The catalog's services in SQL. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { CatalogServicesTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

export type ServiceRow = Selectable<CatalogServicesTable>;

export async function insertService(
  tx: Tx,
  row: Insertable<CatalogServicesTable>,
): Promise<ServiceRow> {
  return await tx
    .insertInto('catalog_services')
    .values(row)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function findService(db: Db, id: string): Promise<ServiceRow | undefined> {
  return await db
    .selectFrom('catalog_services')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function listServices(db: Db, listing: Listing): Promise<Listed<ServiceRow>> {
  const query = db.selectFrom('catalog_services').selectAll();
  return await runListing(query, listing, { id: 'id', type: 'type', name: 'name' });
}

export async function updateService(
  tx: Tx,
  id: string,
  change: Updateable<CatalogServicesTable>,
): Promise<ServiceRow> {
  return await tx
    .updateTable('catalog_services')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Deletes a service and its endpoints. */
export async function deleteService(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('catalog_services').where('id', '=', id).execute();
}
