/** Limits of single users within a project, in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Limits } from '#platform/quota/quota.store.ts';

export type UserLimit = {
  readonly userId: string;
  readonly resource: string;
  readonly limit: number;
};

/** Those of every user of a project. */
export async function listUserLimits(db: Db, projectId: string): Promise<readonly UserLimit[]> {
  return await db
    .selectFrom('user_quotas')
    .select(['user_id as userId', 'resource', 'hard_limit as limit'])
    .where('project_id', '=', projectId)
    .execute();
}

/** A user's own limits within a project, where they differ from the project's. */
export async function findUserLimits(db: Db, projectId: string, userId: string): Promise<Limits> {
  const rows = await db
    .selectFrom('user_quotas')
    .select(['resource', 'hard_limit'])
    .where('project_id', '=', projectId)
    .where('user_id', '=', userId)
    .execute();
  return Object.fromEntries(rows.map((row) => [row.resource, row.hard_limit]));
}

export async function setUserLimits(
  tx: Tx,
  projectId: string,
  userId: string,
  limits: Limits,
): Promise<void> {
  for (const [resource, limit] of Object.entries(limits)) {
    await tx
      .insertInto('user_quotas')
      .values({ project_id: projectId, user_id: userId, resource, hard_limit: limit })
      .onConflict((conflict) =>
        conflict
          .columns(['project_id', 'user_id', 'resource'])
          .doUpdateSet((eb) => ({ hard_limit: eb.ref('excluded.hard_limit') })),
      )
      .execute();
  }
}

/** A user's limits; those of every user of the project when none is named. */
export async function deleteUserLimits(
  tx: Tx,
  projectId: string,
  userId: string | null,
): Promise<void> {
  let query = tx.deleteFrom('user_quotas').where('project_id', '=', projectId);
  if (userId !== null) query = query.where('user_id', '=', userId);
  await query.execute();
}
