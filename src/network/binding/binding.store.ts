/** What hosts must know of networks and ports, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import { DHCP_OWNER, PART_OWNERS } from './binding.rules.ts';
import type { DhcpPort, LeaseRow } from './network-specs.ts';

/** Whatever is plugged anywhere, as one query. */
function pluggedPorts(db: Db) {
  return db
    .selectFrom('port_bindings')
    .innerJoin('ports', 'ports.id', 'port_bindings.port_id')
    .where('port_bindings.status', '=', 'ACTIVE')
    .where('port_bindings.vif_type', '=', 'tap')
    .where('ports.device_id', '!=', '')
    .where('ports.device_owner', 'not in', PART_OWNERS);
}

/** Networks of which some host plugs a port. */
export async function findPluggedNetworks(db: Db): Promise<readonly string[]> {
  const rows = await pluggedPorts(db).select('ports.network_id').distinct().execute();
  return rows.map((row) => row.network_id);
}

/** The ids of the ports that a host plugs. */
export async function findPluggedOn(db: Db, host: string): Promise<ReadonlySet<string>> {
  const rows = await pluggedPorts(db)
    .select('ports.id')
    .where('port_bindings.host', '=', host)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Whether the host plugs any port of the network. */
export async function isPluggedOn(db: Db, networkId: string, host: string): Promise<boolean> {
  const row = await pluggedPorts(db)
    .select('ports.id')
    .where('ports.network_id', '=', networkId)
    .where('port_bindings.host', '=', host)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Every address on a network, with what its DHCP server says of it; in order, so that equal is equal. */
export async function leasesOf(db: Db, networkId: string): Promise<readonly LeaseRow[]> {
  return await db
    .selectFrom('fixed_ips')
    .innerJoin('ports', 'ports.id', 'fixed_ips.port_id')
    .innerJoin('subnets', 'subnets.id', 'fixed_ips.subnet_id')
    .select([
      'fixed_ips.port_id',
      'fixed_ips.ip_address',
      'fixed_ips.subnet_id',
      'ports.mac_address',
      'ports.dns_name',
      'ports.extra_dhcp_opts',
    ])
    .where('subnets.network_id', '=', networkId)
    .orderBy('fixed_ips.subnet_id')
    .orderBy('fixed_ips.ip_order')
    .execute();
}

/** The DHCP server's port on a network. */
export async function findDhcpPort(db: Db, networkId: string): Promise<DhcpPort | undefined> {
  const port = await db
    .selectFrom('ports')
    .select(['id', 'mac_address'])
    .where('network_id', '=', networkId)
    .where('device_owner', '=', DHCP_OWNER)
    .executeTakeFirst();
  if (!port) return undefined;
  const fixedIps = await db
    .selectFrom('fixed_ips')
    .select(['subnet_id', 'ip_address'])
    .where('port_id', '=', port.id)
    .orderBy('position')
    .execute();
  return { id: port.id, mac: port.mac_address, fixedIps };
}

export async function findActiveBinding(
  db: Db,
  portId: string,
): Promise<{ readonly host: string; readonly vif_type: string } | undefined> {
  return await db
    .selectFrom('port_bindings')
    .select(['host', 'vif_type'])
    .where('port_id', '=', portId)
    .where('status', '=', 'ACTIVE')
    .executeTakeFirst();
}

/** What the status of every port that is or was plugged depends on; of one host, or of all. */
export async function findStatuses(db: Db, host?: string) {
  const all = db
    .selectFrom('port_bindings')
    .innerJoin('ports', 'ports.id', 'port_bindings.port_id')
    .select([
      'ports.id',
      'ports.status',
      'ports.status_reason',
      'ports.device_id',
      'ports.device_owner',
      'ports.admin_state_up',
      'port_bindings.host',
      'port_bindings.vif_type',
    ])
    .where('port_bindings.status', '=', 'ACTIVE')
    .where('ports.device_owner', 'not in', PART_OWNERS);
  return host === undefined
    ? await all
        .where((eb) =>
          eb.or([eb('port_bindings.host', '!=', ''), eb('ports.status', '!=', 'DOWN')]),
        )
        .execute()
    : await all.where('port_bindings.host', '=', host).execute();
}

export async function findKnownHosts(db: Db): Promise<readonly string[]> {
  const rows = await db.selectFrom('network_hosts').select('host').execute();
  return rows.map((row) => row.host);
}

export async function insertKnownHost(db: Db, host: string): Promise<void> {
  await db
    .insertInto('network_hosts')
    .values({ host })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
