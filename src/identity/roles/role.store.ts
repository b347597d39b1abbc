/** Roles in SQL. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { RolesTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

export type RoleRow = Selectable<RolesTable>;

export async function insertRole(tx: Tx, row: Insertable<RolesTable>): Promise<RoleRow> {
  return await tx.insertInto('roles').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function findRole(db: Db, id: string): Promise<RoleRow | undefined> {
  return await db.selectFrom('roles').selectAll().where('id', '=', id).executeTakeFirst();
}

/** `domainId` is null to find a role that can be given everywhere. */
export async function findRoleByName(
  db: Db,
  name: string,
  domainId: string | null = null,
): Promise<RoleRow | undefined> {
  return await db
    .selectFrom('roles')
    .selectAll()
    .where(sql<string>`coalesce(domain_id, '')`, '=', domainId ?? '')
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .executeTakeFirst();
}

export async function findRoles(db: Db, ids: Iterable<string>): Promise<readonly RoleRow[]> {
  const wanted = [...ids];
  if (wanted.length === 0) return [];
  return await db.selectFrom('roles').selectAll().where('id', 'in', wanted).orderBy('id').execute();
}

export async function insertImplication(
  tx: Tx,
  prior_role_id: string,
  implied_role_id: string,
): Promise<void> {
  await tx
    .insertInto('implied_roles')
    .values({ prior_role_id, implied_role_id })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function listRoles(db: Db, listing: Listing): Promise<Listed<RoleRow>> {
  return await runListing(db.selectFrom('roles').selectAll(), listing, {
    id: 'id',
    name: 'name',
    domain_id: 'domain_id',
  });
}

export async function updateRole(
  tx: Tx,
  id: string,
  change: Updateable<RolesTable>,
): Promise<RoleRow> {
  return await tx
    .updateTable('roles')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Deletes a role, and with it whatever says that somebody has it or that it implies another. */
export async function deleteRole(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('roles').where('id', '=', id).execute();
}

export async function isImplied(db: Db, priorId: string, impliedId: string): Promise<boolean> {
  const row = await db
    .selectFrom('implied_roles')
    .select('prior_role_id')
    .where('prior_role_id', '=', priorId)
    .where('implied_role_id', '=', impliedId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteImplication(tx: Tx, priorId: string, impliedId: string): Promise<void> {
  await tx
    .deleteFrom('implied_roles')
    .where('prior_role_id', '=', priorId)
    .where('implied_role_id', '=', impliedId)
    .execute();
}
