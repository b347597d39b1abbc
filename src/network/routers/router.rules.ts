/** What makes a router valid. Pure: facts come in as arguments, nothing is looked up here. */
import { isJsonObject } from '#base/json.ts';
import { cidrContains, cidrsOverlap, parseCidr, type Cidr } from '#base/net/cidr.ts';
import { parseIp, type Ip } from '#base/net/ip.ts';
import { pythonStr } from '#base/text/python.ts';
import type { SubnetsTable } from '#platform/db/tables/network.ts';
import { isUuid } from '../attributes/readers.ts';
import { rangesOf } from '../ipam/ipam.rules.ts';
import { badRequest, invalidInput } from '../network.faults.ts';
import * as faults from './router.faults.ts';
import type { GatewayWanted, InterfaceWanted, Route, RouterCreate } from './router.schema.ts';

type SubnetRow = SubnetsTable;

/** A port of a router, with what is judged of it. */
export type RouterPort = {
  readonly id: string;
  readonly network_id: string;
  readonly isGateway: boolean;
  readonly fixedIps: readonly { readonly subnet_id: string; readonly ip_address: string }[];
  /** Subnets that it reaches: of a gateway all of its network, else those it has addresses of. */
  readonly subnets: readonly SubnetRow[];
};

/** One host routes for each router, so there is nothing to distribute or to keep a second one of. */
export function checkKind({ distributed, ha }: Pick<RouterCreate, 'distributed' | 'ha'>): void {
  if (distributed) {
    throw invalidInput('Distributed routers are not supported, set distributed to False');
  }
  if (ha) throw invalidInput('Highly available routers are not supported, set ha to False');
}

/** Reads `{"subnet_id": ...}` or `{"port_id": ...}`. compat: other members mean nothing. */
export function readInterface(
  body: unknown,
  { forRemoval }: { readonly forRemoval: boolean },
): InterfaceWanted {
  const sent = isJsonObject(body) ? body : {};
  const keys = (['port_id', 'subnet_id'] as const).filter((key) => Object.hasOwn(sent, key));
  if (keys.length === 0) throw faults.badRouter('Either subnet_id or port_id must be specified');
  for (const key of keys) {
    if (!isUuid(sent[key])) {
      throw faults.badRouter(`'${pythonStr(sent[key])}' is not a valid UUID`);
    }
  }
  if (!forRemoval && keys.length === 2) {
    throw faults.badRouter('Cannot specify both subnet-id and port-id');
  }
  return Object.fromEntries(keys.map((key) => [key, sent[key]]));
}

/** A router announces nothing on a subnet that listens to somebody else. */
export function checkAddressMode(subnet: SubnetRow): void {
  if (
    subnet.ip_version === 6 &&
    subnet.ipv6_ra_mode === null &&
    subnet.ipv6_address_mode !== null
  ) {
    throw faults.badRouter(
      `IPv6 subnet ${subnet.id} configured to receive RAs from an external router cannot be added to Neutron Router.`,
    );
  }
}

/** A router cannot tell apart what is the same on two sides of it. */
export function checkNoOverlap(ports: readonly RouterPort[], wanted: readonly SubnetRow[]): void {
  const wantedIds = new Set(wanted.map((subnet) => subnet.id));
  for (const port of ports) {
    const twice = port.fixedIps.find(({ subnet_id }) => wantedIds.has(subnet_id));
    if (twice) throw faults.badRouter(`Router already has a port on subnet ${twice.subnet_id}`);
  }
  for (const there of ports.flatMap((port) => port.subnets)) {
    const other = wanted.find((subnet) => cidrsOverlap(cidrOf(there), cidrOf(subnet)));
    if (other) {
      throw faults.badRouter(
        `Cidr ${other.cidr} of subnet ${other.id} overlaps with cidr ${there.cidr} of subnet ${there.id}`,
      );
    }
  }
}

/** All IPv6 subnets of a network are on one port of a router, and no two IPv4 subnets are. */
export function checkInterfacePort(
  port: { readonly id: string; readonly network_id: string },
  subnets: readonly SubnetRow[],
  others: readonly RouterPort[],
): void {
  const other = others.find(({ network_id, fixedIps }) => {
    return network_id === port.network_id && fixedIps.some(({ ip_address }) => isV6(ip_address));
  });
  if (other && subnets.some((subnet) => subnet.ip_version === 6)) {
    throw faults.badRouter(
      `Router already contains IPv6 port ${other.id} belonging to network id ${other.network_id}. Only one IPv6 port from the same network subnet can be connected to a router.`,
    );
  }
  checkNoOverlap(others, subnets);
  if (subnets.filter((subnet) => subnet.ip_version === 4).length > 1) {
    throw faults.badRouter('Cannot have multiple IPv4 subnets on router port');
  }
}

/** Nobody gets at somebody else's subnet by an address that only its owner could have chosen. */
export function checkInPools(
  port: { readonly id: string; readonly fixedIps: RouterPort['fixedIps'] },
  subnets: readonly SubnetRow[],
  projectId: string,
): void {
  for (const { subnet_id, ip_address } of port.fixedIps) {
    const subnet = subnets.find(({ id }) => id === subnet_id);
    if (!subnet || subnet.project_id === projectId) continue;
    const { value } = readIp(ip_address);
    if (rangesOf(subnet).some(({ first, last }) => first <= value && value <= last)) continue;
    throw faults.badRouter(
      `Cannot add interface to router because specified port ${port.id} has an IP address out of the allocation pool of subnet ${subnet_id}, which is not owned by the project making the request`,
    );
  }
}

/** The gateway of a subnet is somebody else: what the router asks the way of. */
export function checkGatewayAddresses(wanted: GatewayWanted, subnets: readonly SubnetRow[]): void {
  for (const { ip_address } of wanted.external_fixed_ips ?? []) {
    if (ip_address !== undefined && subnets.some((subnet) => subnet.gateway_ip === ip_address)) {
      throw faults.badRouter(`External IP ${ip_address} is the same as the gateway IP`);
    }
  }
}

/** Whether a gateway that is there should have other addresses than it has. */
export function wantsOtherAddresses(
  { external_fixed_ips: wanted = [] }: GatewayWanted,
  has: RouterPort['fixedIps'],
): boolean {
  if (wanted.length === 0) return false;
  const subnets = wanted.map((one) => one.subnet_id);
  const addresses = wanted.map((one) => one.ip_address);
  return !(
    sameAs(
      subnets,
      has.map((one) => one.subnet_id),
    ) &&
    sameAs(
      addresses,
      has.map((one) => one.ip_address),
    )
  );
}

function sameAs(some: readonly (string | undefined)[], others: readonly string[]): boolean {
  const named = new Set(some.filter((one) => one !== undefined));
  return named.size === new Set(others).size && others.every((one) => named.has(one));
}

/** The next hop of a route is on a network of the router, and is not the router. */
export function checkRoutes(
  routes: readonly Route[],
  {
    cidrs,
    addresses,
  }: { readonly cidrs: readonly string[]; readonly addresses: readonly string[] },
): void {
  for (const { nexthop } of routes) {
    const ip = readIp(nexthop);
    if (!cidrs.some((cidr) => cidrContains(readCidr(cidr), ip))) {
      throw faults.invalidRoutes(routes, 'the nexthop is not connected with router');
    }
    if (addresses.includes(nexthop)) {
      throw faults.invalidRoutes(routes, 'the nexthop is used by router');
    }
  }
}

/** Where the router is: the networks that it reaches, and its own addresses on them. */
export function reachOf(ports: readonly RouterPort[]) {
  return {
    cidrs: ports.flatMap(({ subnets }) => subnets.map((subnet) => subnet.cidr)),
    addresses: ports.flatMap(({ fixedIps }) => fixedIps.map((fixedIp) => fixedIp.ip_address)),
  };
}

export function isRouteThrough(subnet: SubnetRow, routes: readonly Route[]): boolean {
  return routes.some(({ nexthop }) => cidrContains(cidrOf(subnet), readIp(nexthop)));
}

/** Reads `{"router": {"routes": [...]}}` as far as the routes; they are read as those of an update. */
export function checkRoutesBody(body: unknown): void {
  const router = isJsonObject(body) ? body['router'] : undefined;
  if (!isJsonObject(router) || !Object.hasOwn(router, 'routes')) {
    throw badRequest("Unable to find 'routes' in request body");
  }
}

/** With one more of each that is not there yet, those of one destination together. */
export function withRoutes(routes: readonly Route[], added: readonly Route[]): readonly Route[] {
  const all = new Map([...routes, ...added].map((route) => [keyOf(route), route]));
  return [...Map.groupBy(all.values(), (route) => route.destination).values()].flat();
}

export function withoutRoutes(routes: readonly Route[], taken: readonly Route[]): readonly Route[] {
  const keys = new Set(taken.map(keyOf));
  return routes.filter((route) => !keys.has(keyOf(route)));
}

function keyOf({ destination, nexthop }: Route): string {
  return `${destination} ${nexthop}`;
}

export function isV6(address: string): boolean {
  return address.includes(':');
}

function cidrOf({ cidr }: Pick<SubnetRow, 'cidr'>): Cidr {
  return readCidr(cidr);
}

/** Texts here were read by the schema, or come from the database. */
function readCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`'${text}' was taken for a network`);
  return cidr;
}

function readIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw new Error(`'${text}' was taken for an IP address`);
  return ip;
}
