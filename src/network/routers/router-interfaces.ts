/** A router's interfaces on internal networks, in the transaction of whoever changes them. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { updateRow } from '../attributes/list.store.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import { ROUTER_INTERFACE_OWNER } from '../binding/binding.rules.ts';
import { isInterfaceNeeded } from '../floating-ips/floating-ip-use.store.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { portInUse, portNotFound, subnetNotFound } from '../network.faults.ts';
import { isSharedWith } from '../networks/network.store.ts';
import { createOwnPort } from '../ports/own-port.ts';
import { changeAddresses } from '../ports/port-addresses.ts';
import { findVisiblePort } from '../ports/port-list.store.ts';
import { deletePorts, findPort, type PortRow } from '../ports/port.store.ts';
import { findVisibleSubnet, subnetsOf, type SubnetRow } from '../subnets/subnet.store.ts';
import { routesOf } from './router-gateway.ts';
import * as faults from './router.faults.ts';
import {
  checkAddressMode,
  checkInPools,
  checkInterfacePort,
  checkNoOverlap,
  isRouteThrough,
  isV6,
  type RouterPort,
} from './router.rules.ts';
import type { InterfaceWanted } from './router.schema.ts';
import { insertRouterPort, portsOfRouter, type RouterRow } from './router.store.ts';

export type InterfaceDeps = { readonly deps: NetworkDeps; readonly tx: Tx; readonly ctx: Context };

/** A port of a router with the subnets that a request was about. */
export type Interface = { readonly port: PortRow; readonly subnets: readonly SubnetRow[] };

export async function addInterface(
  all: InterfaceDeps,
  router: RouterRow,
  { port_id, subnet_id = '' }: InterfaceWanted,
): Promise<Interface> {
  return port_id === undefined
    ? await addSubnet(all, router, subnet_id)
    : await addPort(all, router, port_id);
}

/** A port that somebody has made becomes the router's. */
async function addPort(
  { tx, ctx }: InterfaceDeps,
  router: RouterRow,
  portId: string,
): Promise<Interface> {
  const port = await findVisiblePort(tx, ctx, portId);
  if (!port) throw portNotFound(portId);
  if (port.device_id !== '') throw portInUse(portId, port.network_id, port.device_id);
  const fixedIps = (await fixedIpsOfPorts(tx, [portId])).get(portId) ?? [];
  if (fixedIps.length === 0) {
    throw faults.badRouter('Router port must have at least one fixed IP');
  }
  const own = new Set(fixedIps.map((fixedIp) => fixedIp.subnet_id));
  const subnets = (await subnetsOf(tx, port.network_id)).filter(({ id }) => own.has(id));
  for (const subnet of subnets) checkAddressMode(subnet);
  if (port.project_id !== router.project_id && !isAdministrator(ctx)) {
    throw faults.foreignDevice(router.id);
  }
  checkInterfacePort(port, subnets, await portsOfRouter(tx, router));
  if (!isAdministrator(ctx)) checkInPools({ id: portId, fixedIps }, subnets, ctx.projectId);
  const row = await updateRow(tx, 'ports', portId, {
    device_id: router.id,
    device_owner: ROUTER_INTERFACE_OWNER,
  });
  await insertRouterPort(tx, router.id, portId);
  return { port: row, subnets };
}

/** The router becomes the gateway of a subnet. */
async function addSubnet(
  all: InterfaceDeps,
  router: RouterRow,
  subnetId: string,
): Promise<Interface> {
  const { deps, tx, ctx } = all;
  const subnet = await findVisibleSubnet(tx, ctx, subnetId);
  if (!subnet) throw subnetNotFound(subnetId);
  if (subnet.gateway_ip === null) {
    throw faults.badRouter('Subnet for router interface must have a gateway IP');
  }
  await checkOwned(all, subnet);
  checkAddressMode(subnet);
  const ports = await portsOfRouter(tx, router);
  checkNoOverlap(ports, [subnet]);
  const fixedIp = { subnet_id: subnetId, ip_address: subnet.gateway_ip };
  const there = subnet.ip_version === 6 ? findV6Port(ports, subnet.network_id) : undefined;
  if (there) {
    const port = await setAddresses(all, there.id, [...there.fixedIps, fixedIp]);
    return { port, subnets: [subnet] };
  }
  const port = await createOwnPort(deps, tx, ctx, {
    projectId: router.project_id,
    networkId: subnet.network_id,
    deviceId: router.id,
    deviceOwner: ROUTER_INTERFACE_OWNER,
    fixedIps: [fixedIp],
  });
  await insertRouterPort(tx, router.id, port.id);
  return { port, subnets: [subnet] };
}

/** compat: what is shared with everybody is not for everybody to route; what is shared with the project is. */
async function checkOwned({ tx, ctx }: InterfaceDeps, subnet: SubnetRow): Promise<void> {
  if (subnet.project_id === ctx.projectId || isAdministrator(ctx)) return;
  if (await isSharedWith(tx, subnet.network_id, ctx.projectId, { withAll: false })) return;
  throw faults.badRouter(
    `Cannot add interface to router because subnet ${subnet.id} is not owned by project making the request`,
  );
}

/** All IPv6 subnets of a network are on one port of the router. */
function findV6Port(ports: readonly RouterPort[], networkId: string): RouterPort | undefined {
  return ports.find(
    (port) =>
      !port.isGateway &&
      port.network_id === networkId &&
      port.fixedIps.some(({ ip_address }) => isV6(ip_address)),
  );
}

export async function removeInterface(
  all: InterfaceDeps,
  router: RouterRow,
  { port_id, subnet_id }: InterfaceWanted,
): Promise<Interface> {
  const ports = (await portsOfRouter(all.tx, router)).filter((port) => !port.isGateway);
  return port_id === undefined
    ? await removeSubnet(all, router, ports, subnet_id ?? '')
    : await removePort(all, router, ports, { port_id, subnet_id });
}

async function removePort(
  { tx }: InterfaceDeps,
  router: RouterRow,
  ports: readonly RouterPort[],
  { port_id: id, subnet_id }: { port_id: string; subnet_id: string | undefined },
): Promise<Interface> {
  const port = ports.find((one) => one.id === id);
  const row = port && (await findPort(tx, id));
  if (!port || !row) throw faults.interfaceNotFound(router.id, id);
  if (subnet_id !== undefined && !port.fixedIps.some((ip) => ip.subnet_id === subnet_id)) {
    throw faults.subnetMismatch(id, subnet_id);
  }
  for (const subnet of port.subnets) await checkNotNeeded(tx, router, subnet);
  await deletePorts(tx, [id]);
  return { port: row, subnets: port.subnets };
}

async function removeSubnet(
  all: InterfaceDeps,
  router: RouterRow,
  ports: readonly RouterPort[],
  subnetId: string,
): Promise<Interface> {
  const { tx, ctx } = all;
  const subnet = await findVisibleSubnet(tx, ctx, subnetId);
  if (!subnet) throw subnetNotFound(subnetId);
  const port = ports.find(({ fixedIps }) => fixedIps.some((ip) => ip.subnet_id === subnetId));
  const row = port && (await findPort(tx, port.id));
  if (!port || !row) throw faults.interfaceNotFoundForSubnet(router.id, subnetId);
  await checkNotNeeded(tx, router, subnet);
  const left = port.fixedIps.filter((ip) => ip.subnet_id !== subnetId);
  if (left.length === 0) await deletePorts(tx, [port.id]);
  else await setAddresses(all, port.id, left);
  return { port: row, subnets: [subnet] };
}

async function checkNotNeeded(tx: Tx, router: RouterRow, subnet: SubnetRow): Promise<void> {
  if (await isInterfaceNeeded(tx, { routerId: router.id, subnetId: subnet.id })) {
    throw faults.interfaceInUseByFloatingIp(router.id, subnet.id);
  }
  if (isRouteThrough(subnet, routesOf(router))) {
    throw faults.interfaceInUseByRoute(router.id, subnet.id);
  }
}

async function setAddresses(
  { deps, tx }: InterfaceDeps,
  portId: string,
  wanted: readonly { readonly subnet_id: string; readonly ip_address: string }[],
): Promise<PortRow> {
  const row = await updateRow(tx, 'ports', portId, {});
  await changeAddresses(
    deps,
    tx,
    row,
    wanted.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })),
  );
  return row;
}
