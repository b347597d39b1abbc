/** Routers in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import type { ExpressionBuilder, Insertable, Selectable } from 'kysely';
import type { Context } from '#platform/context.ts';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { RoutersTable } from '#platform/db/tables/network-l3.ts';
import { deleteTags, inChunks, listPage, tagsOf } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { ROUTER_GATEWAY_OWNER } from '../binding/binding.rules.ts';
import { fixedIpsOfPorts, type FixedIpRow } from '../ipam/fixed-ip.store.ts';
import type { PortRow } from '../ports/port.store.ts';
import { subnetsOfNetworks } from '../subnets/subnet.store.ts';
import type { RouterPort } from './router.rules.ts';

export type RouterRow = Selectable<RoutersTable>;

/** A router with what is shown of it. */
export type Router = {
  readonly row: RouterRow;
  /** Null without a gateway. */
  readonly gateway: { readonly networkId: string; readonly fixedIps: readonly FixedIpRow[] } | null;
  readonly tags: readonly string[];
};

/** A project sees its own. */
function visibility(eb: ExpressionBuilder<Tables, 'routers'>, ctx: Context) {
  return isPrivileged(ctx) ? eb.and([]) : eb('routers.project_id', '=', ctx.projectId);
}

export async function findVisibleRouter(
  db: Db,
  ctx: Context,
  id: string,
): Promise<RouterRow | undefined> {
  return await db
    .selectFrom('routers')
    .selectAll()
    .where('routers.id', '=', id)
    .where((eb) => visibility(eb, ctx))
    .executeTakeFirst();
}

export async function findRouter(db: Db, id: string): Promise<RouterRow | undefined> {
  return await db.selectFrom('routers').selectAll().where('id', '=', id).executeTakeFirst();
}

/** One page of the routers that the caller may see. `marker` is the row that the page comes after. */
export async function listRouters(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: RouterRow | undefined,
): Promise<readonly RouterRow[]> {
  const visible = db
    .selectFrom('routers')
    .selectAll()
    .where((eb) => visibility(eb, ctx));
  return await listPage(visible, { table: 'routers', query, marker });
}

/** With all that belongs to them, by one query a kind. */
export async function wholeRouters(db: Db, rows: readonly RouterRow[]): Promise<readonly Router[]> {
  const gatewayIds = rows.flatMap((row) => row.gateway_port_id ?? []);
  const networks = await networksOfPorts(db, gatewayIds);
  const fixedIps = await fixedIpsOfPorts(db, gatewayIds);
  const tags = await tagsOf(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => {
    const id = row.gateway_port_id;
    const networkId = id === null ? undefined : networks.get(id);
    return {
      row,
      gateway:
        id === null || networkId === undefined
          ? null
          : { networkId, fixedIps: fixedIps.get(id) ?? [] },
      tags: tags.get(row.id) ?? [],
    };
  });
}

export async function wholeRouter(db: Db, row: RouterRow): Promise<Router> {
  const [router] = await wholeRouters(db, [row]);
  return router as Router;
}

async function networksOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('ports')
      .select(['id', 'network_id'])
      .where('id', 'in', some)
      .execute();
    return new Map(rows.map((row) => [row.id, row.network_id]));
  });
}

export async function insertRouter(db: Db, router: Insertable<RoutersTable>): Promise<void> {
  await db.insertInto('routers').values(router).execute();
}

/** Deletes a router and its tags. Its ports must be gone. */
export async function deleteRouter(db: Db, id: string): Promise<void> {
  await deleteTags(db, id);
  await db.deleteFrom('routers').where('id', '=', id).execute();
}

export async function insertRouterPort(db: Db, routerId: string, portId: string): Promise<void> {
  await db.insertInto('router_ports').values({ router_id: routerId, port_id: portId }).execute();
}

/** The ports of a router, in the order in which they were made. */
export async function portsOfRouter(db: Db, router: RouterRow): Promise<readonly RouterPort[]> {
  const rows = await db
    .selectFrom('ports')
    .select(['id', 'network_id'])
    .where((eb) =>
      eb.or([
        eb(
          'id',
          'in',
          eb.selectFrom('router_ports').select('port_id').where('router_id', '=', router.id),
        ),
        ...(router.gateway_port_id === null ? [] : [eb('id', '=', router.gateway_port_id)]),
      ]),
    )
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const fixedIps = await fixedIpsOfPorts(
    db,
    rows.map((row) => row.id),
  );
  const subnets = await subnetsOfNetworks(db, [...new Set(rows.map((row) => row.network_id))]);
  return rows.map((row) => {
    const isGateway = row.id === router.gateway_port_id;
    const own = fixedIps.get(row.id) ?? [];
    const ids = new Set(own.map((fixedIp) => fixedIp.subnet_id));
    const all = subnets.get(row.network_id) ?? [];
    return {
      ...row,
      isGateway,
      fixedIps: own,
      subnets: isGateway ? all : all.filter((subnet) => ids.has(subnet.id)),
    };
  });
}

/** Whether the port is of a router or floating IP that is there, which then takes care of it. */
export async function isServicePort(
  db: Db,
  { device_id }: Pick<PortRow, 'device_id'>,
): Promise<boolean> {
  const router = await db
    .selectFrom('routers')
    .select('id')
    .where('id', '=', device_id)
    .executeTakeFirst();
  if (router) return true;
  const floatingIp = await db
    .selectFrom('floating_ips')
    .select('id')
    .where('id', '=', device_id)
    .executeTakeFirst();
  return floatingIp !== undefined;
}

/** The routers that have their gateway on a network. */
export async function findRoutersByGateway(
  db: Db,
  networkId: string,
): Promise<readonly RouterRow[]> {
  return await db
    .selectFrom('routers')
    .innerJoin('ports', 'ports.id', 'routers.gateway_port_id')
    .selectAll('routers')
    .where('ports.network_id', '=', networkId)
    .where('ports.device_owner', '=', ROUTER_GATEWAY_OWNER)
    .orderBy('routers.id')
    .execute();
}

/** A router's interface that has the address. */
export async function findInterfaceByAddress(
  db: Db,
  subnetId: string,
  ip: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('fixed_ips')
    .innerJoin('router_ports', 'router_ports.port_id', 'fixed_ips.port_id')
    .select('fixed_ips.port_id')
    .where('fixed_ips.subnet_id', '=', subnetId)
    .where('fixed_ips.ip_address', '=', ip)
    .executeTakeFirst();
  return row?.port_id;
}

/** Whether a router has an interface with an address of the subnet. */
export async function hasInterfaceOn(db: Db, subnetId: string): Promise<boolean> {
  const row = await db
    .selectFrom('fixed_ips')
    .innerJoin('router_ports', 'router_ports.port_id', 'fixed_ips.port_id')
    .select('fixed_ips.port_id')
    .where('fixed_ips.subnet_id', '=', subnetId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
