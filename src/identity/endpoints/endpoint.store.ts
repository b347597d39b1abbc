/** Endpoints in SQL. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { CatalogEndpointsTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

export type EndpointRow = Selectable<CatalogEndpointsTable>;

export async function insertEndpoint(
  tx: Tx,
  row: Insertable<CatalogEndpointsTable>,
): Promise<EndpointRow> {
  return await tx
    .insertInto('catalog_endpoints')
    .values(row)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function findEndpoint(db: Db, id: string): Promise<EndpointRow | undefined> {
  return await db
    .selectFrom('catalog_endpoints')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function listEndpoints(db: Db, listing: Listing): Promise<Listed<EndpointRow>> {
  return await runListing(db.selectFrom('catalog_endpoints').selectAll(), listing, {
    id: 'id',
    interface: 'interface',
    service_id: 'service_id',
    region_id: 'region_id',
  });
}

export async function updateEndpoint(
  tx: Tx,
  id: string,
  change: Updateable<CatalogEndpointsTable>,
): Promise<EndpointRow> {
  return await tx
    .updateTable('catalog_endpoints')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function deleteEndpoint(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('catalog_endpoints').where('id', '=', id).execute();
}
