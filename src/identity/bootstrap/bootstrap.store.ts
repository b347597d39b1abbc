/** The rows that a first start writes, in SQL. */
import type { Insertable } from 'kysely';
import type { Tx } from '#platform/db/tables.ts';
import type {
  CatalogEndpointsTable,
  CatalogServicesTable,
  RoleAssignmentsTable,
} from '#platform/db/tables/identity.ts';

export async function ensureRegion(tx: Tx, id: string): Promise<void> {
  await tx
    .insertInto('regions')
    .values({ id, parent_region_id: null, description: '', extra: '{}' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function insertCatalog(
  tx: Tx,
  service: Insertable<CatalogServicesTable>,
  endpoints: readonly Insertable<CatalogEndpointsTable>[],
): Promise<void> {
  await tx.insertInto('catalog_services').values(service).execute();
  await tx.insertInto('catalog_endpoints').values(endpoints).execute();
}

export async function ensureAssignment(
  tx: Tx,
  assignment: Insertable<RoleAssignmentsTable>,
): Promise<void> {
  await tx
    .insertInto('role_assignments')
    .values(assignment)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
