/** What an administrator says of a host's compute service, in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { ComputeNodesTable } from '#platform/db/tables/compute.ts';

export type ServiceChange = Partial<
  Pick<ComputeNodesTable, 'disabled' | 'disabled_reason' | 'forced_down' | 'updated_at'>
>;

export async function updateComputeService(
  db: Db,
  host: string,
  change: ServiceChange,
): Promise<void> {
  await db.updateTable('compute_nodes').set(change).where('host', '=', host).execute();
}

/** Forgets a host. An agent that still runs there makes it known again. */
export async function deleteComputeNode(tx: Tx, host: string): Promise<void> {
  await tx.deleteFrom('compute_nodes').where('host', '=', host).execute();
}
