/** What metrics need of ports, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import { PART_OWNERS } from '../binding/binding.rules.ts';

/** A port that a host is to plug. */
export type PluggedPort = {
  readonly id: string;
  readonly network_id: string;
  readonly project_id: string;
  readonly host: string;
};

export async function listPluggedPorts(db: Db): Promise<readonly PluggedPort[]> {
  return await db
    .selectFrom('ports')
    .innerJoin('port_bindings', 'port_bindings.port_id', 'ports.id')
    .select(['ports.id', 'ports.network_id', 'ports.project_id', 'port_bindings.host'])
    .where('port_bindings.status', '=', 'ACTIVE')
    .where('port_bindings.vif_type', '=', 'tap')
    .where('ports.device_id', '!=', '')
    .where('ports.device_owner', 'not in', PART_OWNERS)
    .orderBy('ports.id')
    .execute();
}

export async function countPortsByStatus(
  db: Db,
): Promise<readonly { readonly status: string; readonly count: number }[]> {
  const rows = await db
    .selectFrom('ports')
    .select(({ fn }) => ['status', fn.countAll().as('count')])
    .groupBy('status')
    .orderBy('status')
    .execute();
  return rows.map(({ status, count }) => ({ status, count: Number(count) }));
}
