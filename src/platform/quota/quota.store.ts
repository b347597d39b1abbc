/** Limits per project that differ from a service's defaults. What is counted against them, each service knows. */
import type { Db } from '../db/tables.ts';

/** `-1` means no limit. */
export type Limits = Readonly<Record<string, number>>;

/** A project's own limits of one service (`compute`, `network`, `image`), without defaults. */
export async function findLimits(db: Db, service: string, projectId: string): Promise<Limits> {
  const rows = await db
    .selectFrom('quotas')
    .select(['resource', 'hard_limit'])
    .where('service', '=', service)
    .where('project_id', '=', projectId)
    .execute();
  return Object.fromEntries(rows.map((row) => [row.resource, row.hard_limit]));
}

/** Projects that have limits of their own for a service. */
export async function projectsWithLimits(db: Db, service: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('quotas')
    .select('project_id')
    .distinct()
    .where('service', '=', service)
    .orderBy('project_id')
    .execute();
  return rows.map((row) => row.project_id);
}

/** Sets some limits of a project and leaves the others. */
export async function setLimits(
  db: Db,
  service: string,
  projectId: string,
  limits: Limits,
): Promise<void> {
  const values = Object.entries(limits).map(([resource, hard_limit]) => ({
    service,
    project_id: projectId,
    resource,
    hard_limit,
  }));
  if (values.length === 0) return;
  await db
    .insertInto('quotas')
    .values(values)
    .onConflict((conflict) =>
      conflict
        .columns(['service', 'project_id', 'resource'])
        .doUpdateSet((eb) => ({ hard_limit: eb.ref('excluded.hard_limit') })),
    )
    .execute();
}

/** Back to the defaults. Returns whether there was anything to forget. */
export async function deleteLimits(db: Db, service: string, projectId: string): Promise<boolean> {
  const result = await db
    .deleteFrom('quotas')
    .where('service', '=', service)
    .where('project_id', '=', projectId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
