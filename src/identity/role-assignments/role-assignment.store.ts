/** Who has which role on what, in SQL. */
import type { ExpressionBuilder, Selectable } from 'kysely';
import type { Db, Tables, Tx } from '#platform/db/tables.ts';
import { flag } from '#platform/db/tables.ts';
import type { RoleAssignmentsTable } from '#platform/db/tables/identity.ts';
import type { Actor, Assignment, Target } from './role-assignment.rules.ts';

/** Where a grant sits; with a role it is a grant. */
export type GrantPlace = {
  readonly actor: Actor;
  readonly target: Target;
  readonly inherited: boolean;
};

export async function grantedRoleIds(db: Db, place: GrantPlace): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('role_assignments')
    .select('role_id')
    .where((eb) => at(eb, place))
    .execute();
  return rows.map((row) => row.role_id);
}

export async function insertGrant(tx: Tx, place: GrantPlace, role_id: string): Promise<void> {
  await tx
    .insertInto('role_assignments')
    .values({
      actor_type: place.actor.type,
      actor_id: place.actor.id,
      target_type: place.target.type,
      target_id: place.target.id,
      role_id,
      inherited: flag(place.inherited),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Returns whether there was one. */
export async function deleteGrant(tx: Tx, place: GrantPlace, roleId: string): Promise<boolean> {
  const result = await tx
    .deleteFrom('role_assignments')
    .where((eb) => at(eb, place))
    .where('role_id', '=', roleId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function at(eb: ExpressionBuilder<Tables, 'role_assignments'>, place: GrantPlace) {
  return eb.and([
    eb('actor_type', '=', place.actor.type),
    eb('actor_id', '=', place.actor.id),
    eb('target_type', '=', place.target.type),
    eb('target_id', '=', place.target.id),
    eb('inherited', '=', flag(place.inherited)),
  ]);
}

/** Which assignments to fetch; a member that is left out leaves it open. */
export type AssignmentFilter = {
  readonly actors?: readonly Actor[];
  readonly targets?: readonly (Target & { readonly inherited?: boolean })[];
  readonly roleId?: string;
  readonly inherited?: boolean;
};

export async function listAssignments(
  db: Db,
  filter: AssignmentFilter,
  limit: number,
): Promise<readonly Assignment[]> {
  let query = db.selectFrom('role_assignments').selectAll();
  const { actors, targets, roleId, inherited } = filter;
  if (actors) {
    query = query.where((eb) =>
      eb.or(
        actors.map(({ type, id }) =>
          eb.and([eb('actor_type', '=', type), eb('actor_id', '=', id)]),
        ),
      ),
    );
  }
  if (targets) {
    query = query.where((eb) =>
      eb.or(
        targets.map((target) =>
          eb.and([
            eb('target_type', '=', target.type),
            eb('target_id', '=', target.id),
            ...(target.inherited === undefined
              ? []
              : [eb('inherited', '=', flag(target.inherited))]),
          ]),
        ),
      ),
    );
  }
  if (roleId !== undefined) query = query.where('role_id', '=', roleId);
  if (inherited !== undefined) query = query.where('inherited', '=', flag(inherited));
  const rows = await query
    .orderBy('actor_id')
    .orderBy('target_type')
    .orderBy('target_id')
    .orderBy('role_id')
    .limit(limit)
    .execute();
  return rows.map(assignmentOf);
}

function assignmentOf(row: Selectable<RoleAssignmentsTable>): Assignment {
  return {
    actor: { type: row.actor_type, id: row.actor_id },
    target: { type: row.target_type, id: row.target_id },
    roleId: row.role_id,
    inherited: row.inherited === 1,
  };
}

/** The groups that a user is in. */
export async function groupIdsOf(db: Db, userId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('user_group_members')
    .select('group_id')
    .where('user_id', '=', userId)
    .execute();
  return rows.map((row) => row.group_id);
}
