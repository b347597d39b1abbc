/** How many servers there are of each status. */
import { statusOf } from '#compute/servers/server-status.rules.ts';
import type { Db } from '#platform/db/tables.ts';

export async function countServersByStatus(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('servers')
    .select(({ fn }) => ['vm_state', 'task_state', fn.countAll().as('count')])
    .where('vm_state', '!=', 'deleted')
    .groupBy(['vm_state', 'task_state'])
    .execute();
  const counts = new Map<string, number>();
  for (const { count, ...states } of rows) {
    const status = statusOf(states);
    counts.set(status, (counts.get(status) ?? 0) + Number(count));
  }
  return counts;
}
