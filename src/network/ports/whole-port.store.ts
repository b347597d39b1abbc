/** Ports with what belongs to them in other tables. */
import type { Db, Tx } from '#platform/db/tables.ts';
import { grouped, inChunks, tagsOf } from '../attributes/list.store.ts';
import { fixedIpsOfPorts, type FixedIpRow } from '../ipam/fixed-ip.store.ts';
import { findNetworksById, type NetworkRow } from '../networks/network.store.ts';
import type { BindingRow, PortRow } from './port.store.ts';

/** A port with what belongs to it. */
export type Port = {
  readonly row: PortRow;
  readonly network: NetworkRow;
  readonly binding: BindingRow;
  readonly fixedIps: readonly FixedIpRow[];
  readonly groupIds: readonly string[];
  readonly tags: readonly string[];
};

/**
 * Ports with all that belongs to them, by one query a kind. Read in the transaction that the rows were read in,
 * since a port that is deleted in between would have nothing any more.
 */
export async function wholePorts(tx: Tx, rows: readonly PortRow[]): Promise<readonly Port[]> {
  const ids = rows.map((row) => row.id);
  const networks = await findNetworksById(tx, [...new Set(rows.map((row) => row.network_id))]);
  const bindings = await bindingsOfPorts(tx, ids);
  const fixedIps = await fixedIpsOfPorts(tx, ids);
  const groupIds = await groupIdsOfPorts(tx, ids);
  const tags = await tagsOf(tx, ids);
  return rows.map((row) => ({
    row,
    network: must(networks.get(row.network_id), 'network', row),
    binding: must(bindings.get(row.id), 'binding', row),
    fixedIps: fixedIps.get(row.id) ?? [],
    groupIds: groupIds.get(row.id) ?? [],
    tags: tags.get(row.id) ?? [],
  }));
}

export async function wholePort(tx: Tx, row: PortRow): Promise<Port> {
  const [port] = await wholePorts(tx, [row]);
  return must(port, 'whole', row);
}

function must<T>(value: T | undefined, what: string, row: PortRow): T {
  if (value === undefined) throw new Error(`the port ${row.id} has no ${what}`);
  return value;
}

/** Groups by port, without what only groups know of themselves. */
export async function groupIdsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('port_security_groups')
      .select(['port_id', 'security_group_id'])
      .where('port_id', 'in', some)
      .orderBy('port_id')
      .orderBy('security_group_id')
      .execute();
    return grouped(
      rows,
      (row) => row.port_id,
      (row) => row.security_group_id,
    );
  });
}

async function bindingsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, BindingRow>> {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('port_bindings')
      .selectAll()
      .where('port_id', 'in', some)
      .where('status', '=', 'ACTIVE')
      .execute();
    return new Map(rows.map((row) => [row.port_id, row]));
  });
}
