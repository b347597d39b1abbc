/** Roles in SQL. */
import { sql, type Insertable, type Selectable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { RolesTable } from '#platform/db/tables/identity.ts';

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
