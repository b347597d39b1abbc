/** Users in SQL. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { UsersTable } from '#platform/db/tables/identity.ts';

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
