/** Floating IPs in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import { sql, type ExpressionBuilder, type Insertable, type Selectable } from 'kysely';
import type { Context } from '#platform/context.ts';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { FloatingIpsTable, RoutersTable } from '#platform/db/tables/network-l3.ts';
import { inChunks, listPage, oneOf, tagsOf } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { ROUTER_INTERFACE_OWNER } from '../binding/binding.rules.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import {
  forwardingsOf,
  type PortForwardingRow,
} from '../port-forwardings/port-forwarding.store.ts';
import { findPorts, type PortRow } from '../ports/port.store.ts';
import { statusThrough, type FloatingIpStatus, type RouterBetween } from './floating-ip.rules.ts';

export type FloatingIpRow = Selectable<FloatingIpsTable>;

/** A floating IP with what belongs to it and what it leads to. */
export type FloatingIp = {
  readonly row: FloatingIpRow;
  readonly status: FloatingIpStatus;
  /** The port that it leads to. */
  readonly port: PortRow | undefined;
  readonly forwardings: readonly PortForwardingRow[];
  readonly tags: readonly string[];
};

/** A project sees its own. */
function visibility(eb: ExpressionBuilder<Tables, 'floating_ips'>, ctx: Context) {
  return isPrivileged(ctx) ? eb.and([]) : eb('floating_ips.project_id', '=', ctx.projectId);
}

export async function findVisibleFloatingIp(
  db: Db,
  ctx: Context,
  id: string,
): Promise<FloatingIpRow | undefined> {
  return await db
    .selectFrom('floating_ips')
    .selectAll()
    .where('floating_ips.id', '=', id)
    .where((eb) => visibility(eb, ctx))
    .executeTakeFirst();
}

export async function findFloatingIps(
  db: Db,
  ids: readonly string[],
): Promise<readonly FloatingIpRow[]> {
  if (ids.length === 0) return [];
  return await db.selectFrom('floating_ips').selectAll().where('id', 'in', ids).execute();
}

/** Those that the caller may see and that have the address: pools of several networks may overlap. */
export async function findVisibleByAddress(
  db: Db,
  ctx: Context,
  address: string,
): Promise<readonly FloatingIpRow[]> {
  return await db
    .selectFrom('floating_ips')
    .selectAll()
    .where('floating_ip_address', '=', address)
    .where((eb) => visibility(eb, ctx))
    .execute();
}

/** One page of those that the caller may see. `marker` is the row that the page comes after. */
export async function listFloatingIps(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: FloatingIp | undefined,
): Promise<readonly FloatingIpRow[]> {
  const visible = db
    .selectFrom('floating_ips')
    .selectAll()
    .where((eb) => visibility(eb, ctx));
  return await listPage(visible, {
    table: 'floating_ips',
    query,
    marker: marker && {
      ...marker.row,
      status: marker.status,
      floating_ip_address: marker.row.ip_order,
    },
    own: {
      port_id: (eb, values) => oneOf(eb, 'floating_ips.fixed_port_id', values),
      status: (eb, values) => eb(STATUS, 'in', values.map(String)),
    },
    // Addresses sort as numbers do, which Neutron leaves to the letters.
    sortedBy: { status: STATUS, floating_ip_address: sql`floating_ips.ip_order` },
  });
}

/** As `statusThrough` says. */
const STATUS = sql<string>`coalesce((
  select case when routers.status in ('ACTIVE', 'ERROR') then routers.status else 'DOWN' end
  from routers where routers.id = floating_ips.router_id), 'DOWN')`;

/** All of a project's, the oldest first. */
export async function listOwnFloatingIps(
  db: Db,
  projectId: string,
): Promise<readonly FloatingIpRow[]> {
  return await db
    .selectFrom('floating_ips')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** With all that belongs to them, by one query a kind. */
export async function wholeFloatingIps(
  db: Db,
  rows: readonly FloatingIpRow[],
): Promise<readonly FloatingIp[]> {
  const ids = rows.map((row) => row.id);
  const ports = await portsById(db, [...new Set(rows.flatMap((row) => row.fixed_port_id ?? []))]);
  const routers = await routerStatuses(db, [
    ...new Set(rows.flatMap((row) => row.router_id ?? [])),
  ]);
  const forwardings = await forwardingsOf(db, ids);
  const tags = await tagsOf(db, ids);
  return rows.map((row) => ({
    row,
    status: statusThrough(row.router_id === null ? undefined : routers.get(row.router_id)),
    port: row.fixed_port_id === null ? undefined : ports.get(row.fixed_port_id),
    forwardings: forwardings.get(row.id) ?? [],
    tags: tags.get(row.id) ?? [],
  }));
}

export async function wholeFloatingIp(db: Db, row: FloatingIpRow): Promise<FloatingIp> {
  const [whole] = await wholeFloatingIps(db, [row]);
  return whole as FloatingIp;
}

async function portsById(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, PortRow>> {
  return await inChunks(ids, async (some) => {
    const rows = await findPorts(db, some);
    return new Map(rows.map((row) => [row.id, row]));
  });
}

async function routerStatuses(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RoutersTable['status']>> {
  return await inChunks(ids, async (some) => {
    const rows = await db
      .selectFrom('routers')
      .select(['id', 'status'])
      .where('id', 'in', some)
      .execute();
    return new Map(rows.map((row) => [row.id, row.status]));
  });
}

export async function insertFloatingIp(db: Db, row: Insertable<FloatingIpsTable>): Promise<void> {
  await db.insertInto('floating_ips').values(row).execute();
}

export async function deleteFloatingIp(db: Db, id: string): Promise<void> {
  await db.deleteFrom('floating_ips').where('id', '=', id).execute();
}

/** Floating IPs that lead to ports, by the port, in the order of their addresses. */
export async function floatingIpsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, readonly FloatingIpRow[]>> {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('floating_ips')
      .selectAll()
      .where('fixed_port_id', 'in', some)
      .orderBy('ip_order')
      .orderBy('id')
      .execute();
    return Map.groupBy(rows, (row) => row.fixed_port_id ?? '');
  });
}

/** Another floating IP of the network that leads to the address of the port. */
export async function findAssociated(
  db: Db,
  {
    portId,
    fixedIp,
    networkId,
    except,
  }: {
    readonly portId: string;
    readonly fixedIp: string;
    readonly networkId: string;
    readonly except: string;
  },
): Promise<FloatingIpRow | undefined> {
  return await db
    .selectFrom('floating_ips')
    .selectAll()
    .where('fixed_port_id', '=', portId)
    .where('fixed_ip_address', '=', fixedIp)
    .where('floating_network_id', '=', networkId)
    .where('id', '!=', except)
    .executeTakeFirst();
}

/** Those of an external network that lead nowhere. */
export async function findIdleOnNetwork(
  db: Db,
  networkId: string,
): Promise<readonly FloatingIpRow[]> {
  return await db
    .selectFrom('floating_ips')
    .selectAll()
    .where('floating_network_id', '=', networkId)
    .where('fixed_port_id', 'is', null)
    .where('router_id', 'is', null)
    .execute();
}

/** Routers with an interface on the subnet and a gateway on the external network, the oldest first. */
export async function findRoutersBetween(
  db: Db,
  { subnetId, networkId }: { readonly subnetId: string; readonly networkId: string },
): Promise<readonly RouterBetween[]> {
  // By the owner of their ports, and addresses after that: a subnet may have ten thousand.
  const interfaces = await db
    .selectFrom('subnets')
    .innerJoin('ports as inside', 'inside.network_id', 'subnets.network_id')
    .innerJoin('router_ports', 'router_ports.port_id', 'inside.id')
    .innerJoin('routers', 'routers.id', 'router_ports.router_id')
    .innerJoin('ports as outside', 'outside.id', 'routers.gateway_port_id')
    .select(['routers.id', 'inside.id as portId', 'subnets.gateway_ip as subnetGatewayIp'])
    .where('subnets.id', '=', subnetId)
    .where('inside.device_owner', '=', ROUTER_INTERFACE_OWNER)
    .where('outside.network_id', '=', networkId)
    .orderBy('routers.created_at')
    .orderBy('routers.id')
    .execute();
  const addresses = await fixedIpsOfPorts(
    db,
    interfaces.map(({ portId }) => portId),
  );
  return interfaces.flatMap(({ id, portId, subnetGatewayIp }) =>
    (addresses.get(portId) ?? [])
      .filter(({ subnet_id }) => subnet_id === subnetId)
      .map(({ ip_address }) => ({ id, interfaceIp: ip_address, subnetGatewayIp })),
  );
}
