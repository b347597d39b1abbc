/** Which role assignments a user has, in SQL: his own, and those of his groups. */
import type { ExpressionBuilder } from 'kysely';
import type { Tables } from '#platform/db/tables.ts';

export function heldBy(eb: ExpressionBuilder<Tables, 'role_assignments'>, userId: string) {
  return eb.or([
    eb.and([eb('actor_type', '=', 'user'), eb('actor_id', '=', userId)]),
    eb.and([
      eb('actor_type', '=', 'group'),
      eb(
        'actor_id',
        'in',
        eb
          .selectFrom('user_group_members')
          .select('group_id')
          .where('user_group_members.user_id', '=', userId),
      ),
    ]),
  ]);
}
