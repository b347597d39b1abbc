/** Address groups in SQL. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { AddressGroupsTable } from '#platform/db/tables/network-security.ts';
import { grouped, inChunks, listPage } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { flag } from '../attributes/readers.ts';
import { sharedWith } from '../rbac-policies/rbac-policy.store.ts';
import { addressGroupNotFound } from './address-group.faults.ts';

export type AddressGroupRow = Selectable<AddressGroupsTable>;

/** The groups that a project may see: its own and those shared with it; all when `everybody`. */
export async function listAddressGroups(
  db: Db,
  query: ListQuery,
  seen: { projectId: string; everybody: boolean; marker: AddressGroupRow | undefined },
): Promise<readonly AddressGroupRow[]> {
  const shared = sharedWith('address_group', 'address_groups.id', seen.projectId);
  let select = db.selectFrom('address_groups').selectAll();
  if (!seen.everybody) {
    select = select.where((eb) => eb.or([eb('project_id', '=', seen.projectId), shared]));
  }
  return await listPage(select, {
    table: 'address_groups',
    query,
    marker: seen.marker,
    own: {
      shared: (eb, values) => {
        const wanted = values.map((value) => flag(value, 'shared'));
        return eb.or(wanted.map((value) => (value ? shared : eb.not(shared))));
      },
    },
  });
}

/** The group, if the project may use it; any group when no project is named. */
export async function findAddressGroup(
  db: Db,
  id: string,
  projectId: string | null,
): Promise<AddressGroupRow | undefined> {
  let query = db.selectFrom('address_groups').selectAll().where('id', '=', id);
  if (projectId !== null) {
    query = query.where((eb) =>
      eb.or([
        eb('project_id', '=', projectId),
        sharedWith('address_group', 'address_groups.id', projectId),
      ]),
    );
  }
  return await query.executeTakeFirst();
}

/** Refuses a group that the project may not use. */
export async function checkAddressGroup(
  db: Db,
  id: string,
  projectId: string | null,
): Promise<void> {
  if (!(await findAddressGroup(db, id, projectId))) throw addressGroupNotFound(id);
}

/** The addresses of many groups at once, by group id, sorted. */
export async function addressesOf(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('address_group_addresses')
    .selectAll()
    .where('address_group_id', 'in', ids)
    .orderBy('address')
    .execute();
  return grouped(
    rows,
    (row) => row.address_group_id,
    (row) => row.address,
  );
}

/** As `addressesOf`, of however many groups. */
export async function addressesOfGroups(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  return await inChunks(ids, async (some) => await addressesOf(db, some));
}

export async function insertAddressGroup(
  db: Db,
  group: Insertable<AddressGroupsTable>,
): Promise<void> {
  await db.insertInto('address_groups').values(group).execute();
}

/** Writes what changed and counts the change. */
export async function updateAddressGroup(
  db: Db,
  id: string,
  change: Updateable<AddressGroupsTable>,
): Promise<void> {
  await db
    .updateTable('address_groups')
    .set((eb) => ({ ...change, revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

export async function deleteAddressGroup(db: Db, id: string): Promise<void> {
  await db.deleteFrom('address_groups').where('id', '=', id).execute();
}

export async function insertAddresses(
  db: Db,
  id: string,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return;
  await db
    .insertInto('address_group_addresses')
    .values(addresses.map((address) => ({ address_group_id: id, address })))
    .execute();
}

export async function deleteAddresses(
  db: Db,
  id: string,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return;
  await db
    .deleteFrom('address_group_addresses')
    .where('address_group_id', '=', id)
    .where('address', 'in', addresses)
    .execute();
}

/** Whether any rule, of a group or of the template, names the group as its remote. */
export async function isAddressGroupInUse(db: Db, id: string): Promise<boolean> {
  for (const table of ['security_group_rules', 'default_security_group_rules'] as const) {
    const row = await db
      .selectFrom(table)
      .select('id')
      .where('remote_address_group_id', '=', id)
      .limit(1)
      .executeTakeFirst();
    if (row) return true;
  }
  return false;
}
