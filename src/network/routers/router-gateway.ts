/** A router's way to an external network, in the transaction of whoever changes it. */
import type { Context } from '#platform/context.ts';
import { flag, type Tx } from '#platform/db/tables.ts';
import { updateRow } from '../attributes/list.store.ts';
import { ROUTER_GATEWAY_OWNER } from '../binding/binding.rules.ts';
import { isGatewayNeeded } from '../floating-ips/floating-ip-use.store.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import type { FixedIpWanted } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { networkNotFound } from '../network.faults.ts';
import { findVisibleNetwork } from '../networks/network.store.ts';
import { createOwnPort } from '../ports/own-port.ts';
import { changeAddresses } from '../ports/port-addresses.ts';
import { deletePorts, findPort } from '../ports/port.store.ts';
import { isAutoAddress } from '../subnets/subnet.rules.ts';
import { subnetsOf, type SubnetRow } from '../subnets/subnet.store.ts';
import { badRouter, gatewayInUseByFloatingIp } from './router.faults.ts';
import {
  checkGatewayAddresses,
  checkNoOverlap,
  checkRoutes,
  isV6,
  reachOf,
  wantsOtherAddresses,
  type RouterPort,
} from './router.rules.ts';
import type { GatewayWanted, Route } from './router.schema.ts';
import { findRoutersByGateway, portsOfRouter, type RouterRow } from './router.store.ts';

type GatewayDeps = { readonly deps: NetworkDeps; readonly tx: Tx; readonly ctx: Context };

/** Makes the gateway what is wanted: another one, other addresses of it, or none. Returns the columns that say so. */
export async function changeGateway(
  { deps, tx, ctx }: GatewayDeps,
  router: RouterRow,
  wanted: GatewayWanted | null,
): Promise<Pick<RouterRow, 'gateway_port_id' | 'enable_snat'>> {
  const ports = await portsOfRouter(tx, router);
  const there = ports.find((port) => port.isGateway);
  const inside = ports.filter((port) => !port.isGateway);
  const networkId = wanted?.network_id;
  // compat: what is not said again is as usual.
  const enable_snat = flag(wanted?.enable_snat ?? true);
  if (wanted === null || networkId === undefined) {
    checkRoutes(routesOf(router), reachOf(inside));
    if (there) await removeGateway(tx, router, there);
    return { gateway_port_id: null, enable_snat };
  }
  const network = await findVisibleNetwork(tx, ctx, networkId);
  if (!network) throw networkNotFound(networkId);
  if (network.external === 0) {
    throw badRouter(`Network ${networkId} is not an external network`);
  }
  const subnets = await subnetsOf(tx, networkId);
  checkGatewayAddresses(wanted, subnets);
  checkRoutesBeyond(router, inside, subnets);
  if (there?.network_id === networkId) {
    if (wantsOtherAddresses(wanted, there.fixedIps)) {
      await readdress(deps, tx, there.id, wanted.external_fixed_ips ?? []);
    }
    return { gateway_port_id: there.id, enable_snat };
  }
  if (there) await removeGateway(tx, router, there);
  checkNoOverlap(inside, subnets);
  const fixedIps = wanted.external_fixed_ips ?? [];
  const port = await createOwnPort(deps, tx, ctx, {
    // Nobody's: its address is the cloud's, and not for the router's owner to change.
    projectId: '',
    networkId,
    deviceId: router.id,
    deviceOwner: ROUTER_GATEWAY_OWNER,
    fixedIps: fixedIps.length > 0 ? fixedIps : undefined,
  });
  return { gateway_port_id: port.id, enable_snat };
}

/** A subnet has come to an external network: gateways without an address of its IP version get one. Returns their routers. */
export async function addToGateways(
  { deps, tx }: Pick<GatewayDeps, 'deps' | 'tx'>,
  subnet: SubnetRow,
): Promise<readonly string[]> {
  const types = JSON.parse(subnet.service_types) as readonly string[];
  if (types.length > 0 && !types.includes(ROUTER_GATEWAY_OWNER)) return [];
  const subnets = await subnetsOf(tx, subnet.network_id);
  const automatic = new Set(subnets.filter(isAutoAddress).map(({ id }) => id));
  const changed: string[] = [];
  for (const router of await findRoutersByGateway(tx, subnet.network_id)) {
    const portId = router.gateway_port_id;
    if (portId === null) continue;
    const has = (await fixedIpsOfPorts(tx, [portId])).get(portId) ?? [];
    const chosen = has.filter(({ subnet_id }) => !automatic.has(subnet_id));
    const enough = chosen.some(({ ip_address }) => isV6(ip_address) === (subnet.ip_version === 6));
    if (enough || chosen.length > 1) continue;
    await readdress(deps, tx, portId, [
      ...has.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })),
      { subnet_id: subnet.id },
    ]);
    await updateRow(tx, 'routers', router.id, {});
    changed.push(router.id);
  }
  return changed;
}

/** Takes the gateway away, unless floating IPs need it. */
export async function removeGateway(tx: Tx, router: RouterRow, port: RouterPort): Promise<void> {
  if (await isGatewayNeeded(tx, router.id)) {
    throw gatewayInUseByFloatingIp(router.id, port.network_id);
  }
  await deletePorts(tx, [port.id]);
}

/** The routes that a router has still lead somewhere: inside, or by the gateway that it is about to have. */
function checkRoutesBeyond(
  router: RouterRow,
  inside: readonly RouterPort[],
  subnets: readonly SubnetRow[],
): void {
  const { cidrs, addresses } = reachOf(inside);
  checkRoutes(routesOf(router), {
    cidrs: [...cidrs, ...subnets.map((subnet) => subnet.cidr)],
    addresses,
  });
}

async function readdress(
  deps: NetworkDeps,
  tx: Tx,
  portId: string,
  wanted: readonly FixedIpWanted[],
): Promise<void> {
  const row = await findPort(tx, portId);
  if (!row) throw new Error(`the gateway port ${portId} is not there`);
  await changeAddresses(deps, tx, await updateRow(tx, 'ports', portId, {}), wanted);
}

export function routesOf(router: Pick<RouterRow, 'routes'>): readonly Route[] {
  return JSON.parse(router.routes) as readonly Route[];
}
