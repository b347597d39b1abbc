/** Sharing in SQL: who was given access to what. */
import { sql, type RawBuilder, type Selectable, type SqlBool } from 'kysely';
import { flag, type Db } from '#platform/db/tables.ts';
import type { RbacPoliciesTable } from '#platform/db/tables/network-security.ts';
import { listPage, oneOf } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import type { RbacAction, RbacObjectType } from './rbac-objects.ts';

export type { RbacAction, RbacObjectType } from './rbac-objects.ts';
export type RbacPolicyRow = Selectable<RbacPoliciesTable>;

/**
 * A condition for queries: the object whose id is in `idColumn` (such as `networks.id`) was shared with the
 * project, or with everybody, by any of `actions`. With the project `*`, only what is shared with everybody.
 */
export function sharedWith(
  objectType: RbacObjectType,
  idColumn: string,
  projectId: string,
  actions: readonly RbacAction[] = ['access_as_shared'],
): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from rbac_policies where rbac_policies.object_id = ${sql.ref(idColumn)}
    and rbac_policies.object_type = ${objectType} and rbac_policies.action in (${sql.join(actions)})
    and rbac_policies.target_project in ('*', ${projectId}))`;
}

/** Which of the objects are shared with the project or with everybody. */
export async function findShared(
  db: Db,
  objectType: RbacObjectType,
  ids: readonly string[],
  projectId: string,
  action: RbacAction = 'access_as_shared',
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('rbac_policies')
    .select('object_id')
    .distinct()
    .where('object_type', '=', objectType)
    .where('action', '=', action)
    .where('target_project', 'in', ['*', projectId])
    .where('object_id', 'in', ids)
    .execute();
  return new Set(rows.map((row) => row.object_id));
}

/** The projects that an object was given to by an action; `*` is everybody. */
export async function targetsOf(
  db: Db,
  objectType: RbacObjectType,
  id: string,
  action: RbacAction,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('rbac_policies')
    .select('target_project')
    .where('object_type', '=', objectType)
    .where('object_id', '=', id)
    .where('action', '=', action)
    .execute();
  return new Set(rows.map((row) => row.target_project));
}

/** Gives an object to everybody, unless it is already (`shared=True`, `router:external=True`). */
export async function ensureSharedWithAll(
  db: Db,
  policy: Omit<RbacPolicyRow, 'target_project'>,
): Promise<void> {
  await db
    .insertInto('rbac_policies')
    .values({ ...policy, target_project: '*' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Takes an object back from everybody. What single projects have as shared stays; a network is external to all or to nobody. */
export async function ensureNotSharedWithAll(
  db: Db,
  objectType: RbacObjectType,
  id: string,
  action: RbacAction,
): Promise<void> {
  const all = db
    .deleteFrom('rbac_policies')
    .where('object_type', '=', objectType)
    .where('object_id', '=', id)
    .where('action', '=', action);
  await (action === 'access_as_external' ? all : all.where('target_project', '=', '*')).execute();
}

/** Forgets all sharing of an object that is being deleted. */
export async function deleteSharing(db: Db, objectType: RbacObjectType, id: string): Promise<void> {
  await db
    .deleteFrom('rbac_policies')
    .where('object_type', '=', objectType)
    .where('object_id', '=', id)
    .execute();
}

/** The policies that a project has made; of every project when none is named. */
export async function listPolicies(
  db: Db,
  query: ListQuery,
  projectId: string | null,
  marker: RbacPolicyRow | undefined,
): Promise<readonly RbacPolicyRow[]> {
  let select = db.selectFrom('rbac_policies').selectAll();
  if (projectId !== null) select = select.where('project_id', '=', projectId);
  return await listPage(select, {
    table: 'rbac_policies',
    query,
    marker,
    own: { target_tenant: (eb, values) => oneOf(eb, 'rbac_policies.target_project', values) },
  });
}

export async function findPolicy(db: Db, id: string): Promise<RbacPolicyRow | undefined> {
  return await db.selectFrom('rbac_policies').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Writes a policy. False when there is one that says the same. */
export async function insertPolicy(db: Db, policy: RbacPolicyRow): Promise<boolean> {
  const result = await db
    .insertInto('rbac_policies')
    .values(policy)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Gives the object to somebody else. False when that one has it already. */
export async function updateTarget(
  db: Db,
  policy: RbacPolicyRow,
  target: string,
): Promise<boolean> {
  const targets = await targetsOf(db, policy.object_type, policy.object_id, policy.action);
  if (targets.has(target)) return policy.target_project === target;
  await db
    .updateTable('rbac_policies')
    .set({ target_project: target })
    .where('id', '=', policy.id)
    .execute();
  return true;
}

export async function deletePolicy(db: Db, id: string): Promise<void> {
  await db.deleteFrom('rbac_policies').where('id', '=', id).execute();
}

const OBJECT_TABLES = {
  network: 'networks',
  security_group: 'security_groups',
  address_group: 'address_groups',
} as const;

/** Whose the object is; undefined when it does not exist. */
export async function ownerOf(
  db: Db,
  type: RbacObjectType,
  id: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom(OBJECT_TABLES[type])
    .select('project_id')
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.project_id;
}

/** The projects that use an object: have ports on the network or in the group, or rules that name it. */
export async function usersOf(
  db: Db,
  type: RbacObjectType,
  id: string,
): Promise<ReadonlySet<string>> {
  switch (type) {
    case 'network':
      return projects(
        await db
          .selectFrom('ports')
          .select('project_id')
          .distinct()
          .where('network_id', '=', id)
          // Ports of the cloud itself, such as DHCP's, are nobody's use.
          .where('device_owner', 'not like', 'network:%')
          .execute(),
      );
    case 'security_group':
      return projects(
        await db
          .selectFrom('port_security_groups')
          .innerJoin('ports', 'ports.id', 'port_security_groups.port_id')
          .select('ports.project_id')
          .distinct()
          .where('security_group_id', '=', id)
          .execute(),
      );
    case 'address_group':
      return projects(
        await db
          .selectFrom('security_group_rules')
          .select('project_id')
          .distinct()
          .where('remote_address_group_id', '=', id)
          .execute(),
      );
  }
}

function projects(rows: readonly { readonly project_id: string }[]): ReadonlySet<string> {
  return new Set(rows.map((row) => row.project_id));
}

/** Makes a network external, or not, as its policies say. */
export async function setExternal(db: Db, networkId: string, external: boolean): Promise<void> {
  await db
    .updateTable('networks')
    .set({ external: flag(external) })
    .where('id', '=', networkId)
    .execute();
}
