/** Ports with all that hosts are told of them, in SQL. */
import type { Selectable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { PortsTable } from '#platform/db/tables/network.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import { groupIdsOfPorts } from '../ports/whole-port.store.ts';
import { PART_OWNERS } from './binding.rules.ts';

const COLUMNS = [
  'id',
  'network_id',
  'mac_address',
  'admin_state_up',
  'device_id',
  'device_owner',
  'ip_allocation',
  'port_security_enabled',
  'port_mode',
  'permitted_ethertypes',
  'allowed_address_pairs',
  'storm_control',
  'storm_clears',
] as const satisfies readonly (keyof PortsTable)[];

/** A port, its network and its binding, as far as hosts are told of them. */
export type ToldRow = Pick<Selectable<PortsTable>, (typeof COLUMNS)[number]> & {
  readonly mtu: number;
  /** The network's own. */
  readonly network_storm_control: string;
  readonly host: string;
  readonly vif_type: string;
};

export type ToldPort = {
  readonly row: ToldRow;
  readonly addresses: readonly string[];
  readonly groupIds: readonly string[];
};

/** Those of the ports that are there, by id. */
export async function findToldPorts(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ToldPort>> {
  const ports = new Map<string, ToldPort>();
  for (let start = 0; start < ids.length; start += CHUNK) {
    const some = ids.slice(start, start + CHUNK);
    const rows = await portsQuery(db).where('ports.id', 'in', some).execute();
    for (const port of await whole(db, rows)) ports.set(port.row.id, port);
  }
  return ports;
}

/** As many ids as every database takes in one statement. */
const CHUNK = 1000;

/** The ports of a network that some host plugs. */
export async function findPluggedOnNetwork(
  db: Db,
  networkId: string,
): Promise<readonly ToldPort[]> {
  const rows = await portsQuery(db)
    .where('ports.network_id', '=', networkId)
    .where('port_bindings.vif_type', '=', 'tap')
    .where('ports.device_id', '!=', '')
    .where('ports.device_owner', 'not in', PART_OWNERS)
    .execute();
  return await whole(db, rows);
}

export async function findPortIdsOnNetwork(db: Db, networkId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('ports')
    .select('id')
    .where('network_id', '=', networkId)
    .execute();
  return rows.map(({ id }) => id);
}

/** The ports that are in any of the groups. */
export async function findPortsInGroups(
  db: Db,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, ToldPort>> {
  if (groupIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('port_security_groups')
    .select('port_id')
    .distinct()
    .where('security_group_id', 'in', groupIds)
    .execute();
  return await findToldPorts(
    db,
    rows.map((row) => row.port_id),
  );
}

function portsQuery(db: Db) {
  return db
    .selectFrom('ports')
    .innerJoin('networks', 'networks.id', 'ports.network_id')
    .innerJoin('port_bindings', (join) =>
      join
        .onRef('port_bindings.port_id', '=', 'ports.id')
        .on('port_bindings.status', '=', 'ACTIVE'),
    )
    .select([
      ...COLUMNS.map((column) => `ports.${column}` as const),
      'networks.mtu',
      'networks.storm_control as network_storm_control',
      'port_bindings.host',
      'port_bindings.vif_type',
    ]);
}

async function whole(db: Db, rows: readonly ToldRow[]): Promise<readonly ToldPort[]> {
  const ids = rows.map((row) => row.id);
  const fixedIps = await fixedIpsOfPorts(db, ids);
  const groupIds = await groupIdsOfPorts(db, ids);
  return rows.map((row) => ({
    row,
    addresses: (fixedIps.get(row.id) ?? []).map((fixedIp) => fixedIp.ip_address),
    groupIds: groupIds.get(row.id) ?? [],
  }));
}
