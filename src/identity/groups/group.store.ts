/** Groups of users in SQL. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { UserGroupsTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

export type GroupRow = Selectable<UserGroupsTable>;

const COLUMNS = { id: 'id', name: 'name', domain_id: 'domain_id' } as const;

export async function insertGroup(tx: Tx, row: Insertable<UserGroupsTable>): Promise<GroupRow> {
  return await tx.insertInto('user_groups').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function findGroup(db: Db, id: string): Promise<GroupRow | undefined> {
  return await db.selectFrom('user_groups').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findGroups(db: Db, ids: readonly string[]): Promise<readonly GroupRow[]> {
  if (ids.length === 0) return [];
  return await db.selectFrom('user_groups').selectAll().where('id', 'in', ids).execute();
}

export async function findGroupByName(
  db: Db,
  name: string,
  domainId: string,
): Promise<GroupRow | undefined> {
  return await db
    .selectFrom('user_groups')
    .selectAll()
    .where('domain_id', '=', domainId)
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .executeTakeFirst();
}

export async function listGroups(db: Db, listing: Listing): Promise<Listed<GroupRow>> {
  return await runListing(db.selectFrom('user_groups').selectAll(), listing, COLUMNS);
}

export async function listGroupsOfUser(
  db: Db,
  userId: string,
  listing: Listing,
): Promise<Listed<GroupRow>> {
  const query = db
    .selectFrom('user_groups')
    .selectAll()
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('user_group_members')
        .select('user_group_members.group_id')
        .where('user_id', '=', userId),
    );
  return await runListing(query, listing, COLUMNS);
}

export async function updateGroup(
  tx: Tx,
  id: string,
  change: Updateable<UserGroupsTable>,
): Promise<GroupRow> {
  return await tx
    .updateTable('user_groups')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Deletes a group and the roles that it holds. Returns whether it held any. */
export async function deleteGroup(tx: Tx, id: string): Promise<boolean> {
  const roles = await tx
    .deleteFrom('role_assignments')
    .where('actor_type', '=', 'group')
    .where('actor_id', '=', id)
    .executeTakeFirst();
  await tx.deleteFrom('user_groups').where('id', '=', id).execute();
  return roles.numDeletedRows > 0n;
}

export async function memberIds(db: Db, groupId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('user_group_members')
    .select('user_id')
    .where('group_id', '=', groupId)
    .execute();
  return rows.map((row) => row.user_id);
}

/** Who is in which of some groups. */
export async function listMemberships(db: Db, groupIds: readonly string[]) {
  if (groupIds.length === 0) return [];
  return await db
    .selectFrom('user_group_members')
    .select(['group_id as groupId', 'user_id as userId'])
    .where('group_id', 'in', groupIds)
    .orderBy('user_id')
    .execute();
}

export async function isMember(db: Db, groupId: string, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('user_group_members')
    .select('user_id')
    .where('group_id', '=', groupId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertMember(tx: Tx, group_id: string, user_id: string): Promise<void> {
  await tx
    .insertInto('user_group_members')
    .values({ group_id, user_id })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function deleteMember(tx: Tx, groupId: string, userId: string): Promise<void> {
  await tx
    .deleteFrom('user_group_members')
    .where('group_id', '=', groupId)
    .where('user_id', '=', userId)
    .execute();
}
