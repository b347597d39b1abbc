/** Users in SQL. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { UsersTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

export type UserRow = Selectable<UsersTable>;

export async function insertUser(tx: Tx, row: Insertable<UsersTable>): Promise<UserRow> {
  return await tx.insertInto('users').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function findUser(db: Db, id: string): Promise<UserRow | undefined> {
  return await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findUserByName(
  db: Db,
  name: string,
  domainId: string,
): Promise<UserRow | undefined> {
  return await db
    .selectFrom('users')
    .selectAll()
    .where('domain_id', '=', domainId)
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .executeTakeFirst();
}

export async function findUsers(db: Db, ids: readonly string[]): Promise<readonly UserRow[]> {
  if (ids.length === 0) return [];
  return await db.selectFrom('users').selectAll().where('id', 'in', ids).execute();
}

export async function updateUser(
  tx: Tx,
  id: string,
  change: Updateable<UsersTable>,
): Promise<UserRow> {
  return await tx
    .updateTable('users')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function listUsers(db: Db, listing: Listing): Promise<Listed<UserRow>> {
  return await runListing(db.selectFrom('users').selectAll(), listing, USER_COLUMNS);
}

export async function listGroupMembers(
  db: Db,
  groupId: string,
  listing: Listing,
): Promise<Listed<UserRow>> {
  const query = db
    .selectFrom('users')
    .selectAll()
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('user_group_members')
        .select('user_group_members.user_id')
        .where('group_id', '=', groupId),
    );
  return await runListing(query, listing, USER_COLUMNS);
}

const USER_COLUMNS = {
  id: 'id',
  name: 'name',
  domain_id: 'domain_id',
  enabled: 'enabled',
} as const;

/** Deletes a user and the roles that they hold. */
export async function deleteUser(tx: Tx, id: string): Promise<void> {
  await tx
    .deleteFrom('role_assignments')
    .where('actor_type', '=', 'user')
    .where('actor_id', '=', id)
    .execute();
  await tx.deleteFrom('users').where('id', '=', id).execute();
}
