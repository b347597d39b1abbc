/** The roles that a user has on something, in SQL: directly, through groups, and inherited from above. */
import type { Db } from '#platform/db/tables.ts';
import { heldBy } from './held-by.store.ts';
import type { Implication } from './role-assignment.rules.ts';

/** What roles are held on. */
export type RoleTarget = {
  readonly type: 'project' | 'domain' | 'system';
  readonly id: string;
  /** Projects above it, nearest first, and the domain: what is inherited from them counts. */
  readonly above: readonly { readonly type: 'project' | 'domain'; readonly id: string }[];
};

/** Ids of the roles, without those that they imply. */
export async function roleIdsOn(
  db: Db,
  userId: string,
  target: RoleTarget,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('role_assignments')
    .select('role_id')
    .distinct()
    .where((eb) => heldBy(eb, userId))
    .where((eb) =>
      eb.or([
        eb.and([
          eb('target_type', '=', target.type),
          eb('target_id', '=', target.id),
          eb('inherited', '=', 0),
        ]),
        ...target.above.map(({ type, id }) =>
          eb.and([eb('target_type', '=', type), eb('target_id', '=', id), eb('inherited', '=', 1)]),
        ),
      ]),
    )
    .execute();
  return rows.map((row) => row.role_id);
}

export async function listImplications(db: Db): Promise<readonly Implication[]> {
  return await db
    .selectFrom('implied_roles')
    .select(['prior_role_id as prior', 'implied_role_id as implied'])
    .execute();
}
