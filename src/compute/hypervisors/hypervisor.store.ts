/** The servers of hosts, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import type { HostedServer } from './hypervisor.rules.ts';

/** Servers that are on a host, the oldest first. */
export async function listHostedServers(db: Db): Promise<readonly HostedServer[]> {
  return await db
    .selectFrom('servers')
    .select(['id', 'number', 'host', 'task_state'])
    .where('deleted', '=', 0)
    .where('host', '!=', '')
    .orderBy('number')
    .execute();
}
