/** What is counted against quotas, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import { countServerGroups } from '../server-groups/server-group.store.ts';

/** By quota. */
export type QuotaUse = {
  readonly instances: number;
  readonly cores: number;
  readonly ram: number;
  readonly server_groups: number;
};

/**
 * What a project uses, or one of its users. compat: key pairs and members of server groups are counted when they are made,
 * and shown as none; so is all that other services count.
 */
export async function quotaUsage(
  db: Db,
  projectId: string,
  userId: string | null = null,
): Promise<QuotaUse> {
  let query = db
    .selectFrom('servers')
    .select((eb) => [
      eb.fn.countAll().as('instances'),
      eb.fn.sum('vcpus').as('cores'),
      eb.fn.sum('memory_mb').as('ram'),
    ])
    .where('project_id', '=', projectId)
    .where('deleted', '=', 0);
  if (userId !== null) query = query.where('user_id', '=', userId);
  const row = await query.executeTakeFirstOrThrow();
  return {
    instances: Number(row.instances),
    cores: Number(row.cores ?? 0),
    ram: Number(row.ram ?? 0),
    server_groups: await countServerGroups(db, projectId, userId),
  };
}
