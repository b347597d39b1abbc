/** Security groups in SQL, and which ports are in them. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { SecurityGroupsTable } from '#platform/db/tables/network-security.ts';
import { grouped, listPage } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { flag } from '../attributes/readers.ts';
import { sharedWith } from '../rbac-policies/rbac-policy.store.ts';

export type SecurityGroupRow = Selectable<SecurityGroupsTable>;

export async function findGroup(db: Db, id: string): Promise<SecurityGroupRow | undefined> {
  return await db.selectFrom('security_groups').selectAll().where('id', '=', id).executeTakeFirst();
}

/**
 * One page of the groups that a project may see: its own and those shared with it; of all groups when
 * `everybody`. `marker` is the last row of the page before.
 */
export async function listGroups(
  db: Db,
  query: ListQuery,
  { projectId, everybody, marker }: Seen & { marker: SecurityGroupRow | undefined },
): Promise<readonly SecurityGroupRow[]> {
  const shared = sharedWith('security_group', 'security_groups.id', projectId);
  let select = db.selectFrom('security_groups').selectAll();
  if (!everybody) {
    select = select.where((eb) => eb.or([eb('project_id', '=', projectId), shared]));
  }
  return await listPage(select, {
    table: 'security_groups',
    query,
    marker,
    own: {
      shared: (eb, values) => {
        const wanted = values.map((value) => flag(value, 'shared'));
        return eb.or(wanted.map((value) => (value ? shared : eb.not(shared))));
      },
    },
  });
}

/** Who looks: a project, or somebody who may see everything. */
export type Seen = { readonly projectId: string; readonly everybody: boolean };

export async function findDefaultGroupId(db: Db, projectId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('security_groups')
    .select('id')
    .where('project_id', '=', projectId)
    .where('is_default', '=', 1)
    .executeTakeFirst();
  return row?.id;
}

/** Groups that a project may use: its own and those shared with it. All groups when no project is named. */
export async function findUsableGroups(
  db: Db,
  ids: readonly string[],
  projectId: string | null,
): Promise<readonly SecurityGroupRow[]> {
  if (ids.length === 0) return [];
  let query = db.selectFrom('security_groups').selectAll().where('id', 'in', ids);
  if (projectId !== null) {
    query = query.where((eb) =>
      eb.or([
        eb('project_id', '=', projectId),
        sharedWith('security_group', 'security_groups.id', projectId),
      ]),
    );
  }
  return await query.orderBy('id').execute();
}

/** A project's own groups with one of these names or ids. */
export async function findGroupsByNameOrId(
  db: Db,
  projectId: string,
  namesOrIds: readonly string[],
): Promise<readonly SecurityGroupRow[]> {
  if (namesOrIds.length === 0) return [];
  return await db
    .selectFrom('security_groups')
    .selectAll()
    .where((eb) => eb.or([eb('id', 'in', namesOrIds), eb('name', 'in', namesOrIds)]))
    .where((eb) =>
      eb.or([
        eb('project_id', '=', projectId),
        sharedWith('security_group', 'security_groups.id', projectId),
      ]),
    )
    .orderBy('id')
    .execute();
}

/** Writes a group. False when the project has a default group already and this was to be another. */
export async function insertGroup(
  db: Db,
  group: Insertable<SecurityGroupsTable>,
): Promise<boolean> {
  const result = await db
    .insertInto('security_groups')
    .values(group)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function updateGroup(
  db: Db,
  id: string,
  change: Updateable<SecurityGroupsTable>,
): Promise<void> {
  await db.updateTable('security_groups').set(change).where('id', '=', id).execute();
}

/** Counts one more change of the group, such as a rule that came or went. */
export async function touchGroup(db: Db, id: string, at: string): Promise<void> {
  await db
    .updateTable('security_groups')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: at }))
    .where('id', '=', id)
    .execute();
}

/** Deletes the group and all rules that name it, also those of the template. */
export async function deleteGroup(db: Db, id: string): Promise<void> {
  await db.deleteFrom('default_security_group_rules').where('remote_group_id', '=', id).execute();
  await db.deleteFrom('security_groups').where('id', '=', id).execute();
}

/** Whether any port is in the group. */
export async function isGroupInUse(db: Db, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('port_security_groups')
    .select('port_id')
    .where('security_group_id', '=', id)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The groups of many ports, by port id, each in the order of group ids. A port without groups is not a key. */
export async function groupsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, readonly { readonly id: string; readonly name: string }[]>> {
  if (portIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('port_security_groups')
    .innerJoin('security_groups', 'security_groups.id', 'port_security_groups.security_group_id')
    .select(['port_id', 'security_groups.id', 'security_groups.name'])
    .where('port_id', 'in', portIds)
    .orderBy('security_groups.id')
    .execute();
  return grouped(
    rows,
    (row) => row.port_id,
    ({ id, name }) => ({ id, name }),
  );
}

/** Puts a port into exactly these groups. */
export async function setPortGroups(
  db: Db,
  portId: string,
  groupIds: readonly string[],
): Promise<void> {
  await db.deleteFrom('port_security_groups').where('port_id', '=', portId).execute();
  const ids = [...new Set(groupIds)];
  if (ids.length === 0) return;
  await db
    .insertInto('port_security_groups')
    .values(ids.map((security_group_id) => ({ port_id: portId, security_group_id })))
    .execute();
}
