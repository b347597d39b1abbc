/** Routers with all that hosts are told of them, in SQL. */
import type { Selectable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type {
  FloatingIpsTable,
  PortForwardingsTable,
  RoutersTable,
} from '#platform/db/tables/network-l3.ts';
import { inChunks } from '../attributes/list.store.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';
import type { Binding } from './binding.rules.ts';

export type ToldRouter = {
  readonly row: Selectable<RoutersTable>;
  /** Its ports, that of its gateway too. */
  readonly ports: readonly ToldRouterPort[];
  readonly floatingIps: readonly Selectable<FloatingIpsTable>[];
  readonly forwardings: readonly ToldForwarding[];
};

export type ToldRouterPort = {
  readonly id: string;
  readonly router_id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly admin_state_up: 0 | 1;
  readonly mtu: number;
  readonly addresses: readonly { readonly ip_address: string; readonly subnet: SubnetRow }[];
};

export type ToldForwarding = Selectable<PortForwardingsTable> & {
  readonly router_id: string | null;
  readonly floating_ip_address: string;
};

/** Those of the routers that are there, by id. */
export async function findToldRouters(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ToldRouter>> {
  return await inChunks(ids, async (some) => {
    const rows = await db.selectFrom('routers').selectAll().where('id', 'in', some).execute();
    const ports = Map.groupBy(await portsOf(db, some), (port) => port.router_id);
    const floatingIps = await db
      .selectFrom('floating_ips')
      .selectAll()
      .where('router_id', 'in', some)
      .orderBy('id')
      .execute();
    const forwardings = await db
      .selectFrom('port_forwardings')
      .innerJoin('floating_ips', 'floating_ips.id', 'port_forwardings.floating_ip_id')
      .selectAll('port_forwardings')
      .select(['floating_ips.router_id', 'floating_ips.floating_ip_address'])
      .where('floating_ips.router_id', 'in', some)
      .orderBy('port_forwardings.id')
      .execute();
    return new Map(
      rows.map((row) => [
        row.id,
        {
          row,
          ports: ports.get(row.id) ?? [],
          floatingIps: floatingIps.filter((floatingIp) => floatingIp.router_id === row.id),
          forwardings: forwardings.filter((forwarding) => forwarding.router_id === row.id),
        },
      ]),
    );
  });
}

async function portsOf(db: Db, routerIds: readonly string[]): Promise<readonly ToldRouterPort[]> {
  const columns = [
    'ports.id',
    'ports.network_id',
    'ports.mac_address',
    'ports.admin_state_up',
    'networks.mtu',
  ] as const;
  const interfaces = await db
    .selectFrom('router_ports')
    .innerJoin('ports', 'ports.id', 'router_ports.port_id')
    .innerJoin('networks', 'networks.id', 'ports.network_id')
    .select([...columns, 'router_ports.router_id'])
    .where('router_ports.router_id', 'in', routerIds)
    .execute();
  const gateways = await db
    .selectFrom('routers')
    .innerJoin('ports', 'ports.id', 'routers.gateway_port_id')
    .innerJoin('networks', 'networks.id', 'ports.network_id')
    .select([...columns, 'routers.id as router_id'])
    .where('routers.id', 'in', routerIds)
    .execute();
  const ports = [...interfaces, ...gateways].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const addresses = await addressesOf(
    db,
    ports.map((port) => port.id),
  );
  return ports.map((port) => ({ ...port, addresses: addresses.get(port.id) ?? [] }));
}

async function addressesOf(db: Db, portIds: readonly string[]) {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('fixed_ips')
      .innerJoin('subnets', 'subnets.id', 'fixed_ips.subnet_id')
      .selectAll('subnets')
      .select(['fixed_ips.port_id', 'fixed_ips.ip_address'])
      .where('fixed_ips.port_id', 'in', some)
      .orderBy('fixed_ips.port_id')
      .orderBy('fixed_ips.position')
      .execute();
    const grouped = Map.groupBy(rows, (row) => row.port_id);
    return new Map(
      [...grouped].map(([portId, own]) => [
        portId,
        own.map((row) => ({ ip_address: row.ip_address, subnet: row })),
      ]),
    );
  });
}

/** The routers that have a port on the network. */
export async function findRoutersOnNetwork(db: Db, networkId: string): Promise<readonly string[]> {
  const inside = await db
    .selectFrom('ports')
    .innerJoin('router_ports', 'router_ports.port_id', 'ports.id')
    .select('router_ports.router_id')
    .where('ports.network_id', '=', networkId)
    .execute();
  const outside = await db
    .selectFrom('ports')
    .innerJoin('routers', 'routers.gateway_port_id', 'ports.id')
    .select('routers.id as router_id')
    .where('ports.network_id', '=', networkId)
    .execute();
  return [...new Set([...inside, ...outside].map((row) => row.router_id))];
}

/** The routers that have one of the ports. */
export async function findRoutersOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<readonly string[]> {
  const found = await inChunks(portIds, async (some) => {
    const inside = await db
      .selectFrom('router_ports')
      .select('router_id')
      .where('port_id', 'in', some)
      .execute();
    const outside = await db
      .selectFrom('routers')
      .select('id as router_id')
      .where('gateway_port_id', 'in', some)
      .execute();
    return new Map([...inside, ...outside].map((row) => [row.router_id, true]));
  });
  return [...found.keys()];
}

export async function findRouterIds(db: Db): Promise<readonly string[]> {
  const rows = await db.selectFrom('routers').select('id').orderBy('id').execute();
  return rows.map((row) => row.id);
}

/** The routers that no host has been chosen for. */
export async function findHomelessRouters(db: Db): Promise<readonly string[]> {
  const rows = await db.selectFrom('routers').select('id').where('host', '=', '').execute();
  return rows.map((row) => row.id);
}

/** The host that routes; undefined while none has been chosen. */
export async function findRoutingHost(db: Db): Promise<string | undefined> {
  const row = await db
    .selectFrom('routers')
    .select('host')
    .where('host', '!=', '')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  return row?.host;
}

export async function setRouterHost(db: Db, id: string, host: string): Promise<void> {
  await db.updateTable('routers').set({ host }).where('id', '=', id).execute();
}

/** Binds the ports of a router to its host. */
export async function bindRouterPorts(
  db: Db,
  portIds: readonly string[],
  binding: Binding,
): Promise<void> {
  if (portIds.length === 0) return;
  const { host, vif_type, vif_details } = binding;
  await db
    .updateTable('port_bindings')
    .set({ host, vif_type, vif_details })
    .where('port_id', 'in', portIds)
    .where('status', '=', 'ACTIVE')
    .where((eb) => eb.or([eb('host', '!=', host), eb('vif_type', '!=', vif_type)]))
    .execute();
}

/** External networks that lead somewhere: those with a subnet that has a gateway. */
export async function findUplinkNetworks(db: Db): Promise<readonly string[]> {
  const rows = await uplinkNetworks(db).execute();
  return rows.map((row) => row.id);
}

export async function isUplinkNetwork(db: Db, networkId: string): Promise<boolean> {
  const row = await uplinkNetworks(db)
    .where('networks.id', '=', networkId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function uplinkNetworks(db: Db) {
  return db
    .selectFrom('networks')
    .innerJoin('subnets', 'subnets.network_id', 'networks.id')
    .select('networks.id')
    .distinct()
    .where('networks.external', '=', 1)
    .where('subnets.gateway_ip', 'is not', null);
}
