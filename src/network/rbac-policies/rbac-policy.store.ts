/** Sharing in SQL: who was given access to what. */
import { sql, type RawBuilder, type Selectable, type SqlBool } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { RbacPoliciesTable } from '#platform/db/tables/network-security.ts';

export type RbacPolicyRow = Selectable<RbacPoliciesTable>;
export type RbacObjectType = RbacPolicyRow['object_type'];
export type RbacAction = RbacPolicyRow['action'];

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

/** Takes an object back from everybody (`shared=False`); what single projects were given stays. */
export async function ensureNotSharedWithAll(
  db: Db,
  objectType: RbacObjectType,
  id: string,
  action: RbacAction,
): Promise<void> {
  await db
    .deleteFrom('rbac_policies')
    .where('object_type', '=', objectType)
    .where('object_id', '=', id)
    .where('action', '=', action)
    .where('target_project', '=', '*')
    .execute();
}

/** Forgets all sharing of an object that is being deleted. */
export async function deleteSharing(db: Db, objectType: RbacObjectType, id: string): Promise<void> {
  await db
    .deleteFrom('rbac_policies')
    .where('object_type', '=', objectType)
    .where('object_id', '=', id)
    .execute();
}
