/** Server groups in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { ServerGroupsTable } from '#platform/db/tables/compute-server-groups.ts';

export type ServerGroupRow = ServerGroupsTable;

export async function findServerGroup(db: Db, id: string): Promise<ServerGroupRow | undefined> {
  return await db.selectFrom('server_groups').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The oldest first; those of every project when none is named. */
export async function listServerGroups(
  db: Db,
  projectId: string | null,
  page: { readonly limit: number; readonly offset: number },
): Promise<readonly ServerGroupRow[]> {
  let query = db.selectFrom('server_groups').selectAll();
  if (projectId !== null) query = query.where('project_id', '=', projectId);
  return await query.orderBy('number').limit(page.limit).offset(page.offset).execute();
}

export async function countServerGroups(
  db: Db,
  projectId: string,
  userId: string | null = null,
): Promise<number> {
  let query = db
    .selectFrom('server_groups')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('project_id', '=', projectId);
  if (userId !== null) query = query.where('user_id', '=', userId);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

export async function insertServerGroup(
  tx: Tx,
  row: Omit<ServerGroupRow, 'number'>,
): Promise<ServerGroupRow> {
  const last = await tx
    .selectFrom('server_groups')
    .select((eb) => eb.fn.max('number').as('number'))
    .executeTakeFirst();
  const group = { ...row, number: (last?.number ?? 0) + 1 };
  await tx.insertInto('server_groups').values(group).execute();
  return group;
}

/** Its servers stay. */
export async function deleteServerGroup(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('server_group_members').where('group_id', '=', id).execute();
  await tx.deleteFrom('server_groups').where('id', '=', id).execute();
}

/** A member that is not deleted. */
export type GroupMember = {
  readonly groupId: string;
  readonly serverId: string;
  readonly userId: string;
  /** '' while it has none. */
  readonly host: string;
};

/** Members of these groups, the oldest first. */
export async function listMembers(
  db: Db,
  groupIds: readonly string[],
): Promise<readonly GroupMember[]> {
  if (groupIds.length === 0) return [];
  return await db
    .selectFrom('server_group_members')
    .innerJoin('servers', 'servers.id', 'server_group_members.server_id')
    .select([
      'server_group_members.group_id as groupId',
      'servers.id as serverId',
      'servers.user_id as userId',
      'servers.host as host',
    ])
    .where('server_group_members.group_id', 'in', groupIds)
    .where('servers.deleted', '=', 0)
    .orderBy('servers.number')
    .execute();
}

export async function insertMembers(
  tx: Tx,
  groupId: string,
  serverIds: readonly string[],
): Promise<void> {
  const rows = serverIds.map((server_id) => ({ server_id, group_id: groupId }));
  if (rows.length > 0) await tx.insertInto('server_group_members').values(rows).execute();
}

/** The group that a server is in. */
export async function findGroupOf(db: Db, serverId: string): Promise<ServerGroupRow | undefined> {
  return await db
    .selectFrom('server_group_members')
    .innerJoin('server_groups', 'server_groups.id', 'server_group_members.group_id')
    .selectAll('server_groups')
    .where('server_group_members.server_id', '=', serverId)
    .executeTakeFirst();
}
