/** What makes a subnet valid, and what it is when less is said. Pure: facts come in as arguments. */
import { formatIp, isLoopback, isMulticast, parseIp, type Ip } from '#base/net/ip.ts';
import {
  cidrContains,
  cidrsOverlap,
  formatCidr,
  lastAddress,
  parseCidr,
  type Cidr,
} from '#base/net/cidr.ts';
import {
  badListRequest,
  gatewayInAllocationPool,
  hostRoutesExhausted,
  invalidAllocationPool,
  invalidInput,
  nameserversExhausted,
  networkMtuSubnetConflict,
  outOfBoundsAllocationPool,
  overlappingAllocationPools,
} from '../network.faults.ts';
import type { HostRoute, Pool, SubnetCreate } from './subnet.schema.ts';

/** A subnet as it would be. */
export type SubnetPlan = {
  /** Its id, or words for one that has none yet. */
  readonly id: string;
  readonly ipVersion: 4 | 6;
  readonly cidr: Cidr;
  readonly gatewayIp: string | null;
  readonly pools: readonly Pool[];
  readonly enableDhcp: boolean;
  readonly raMode: string | null;
  readonly addressMode: string | null;
  readonly nameservers: readonly string[];
  readonly hostRoutes: readonly HostRoute[];
};

export type SubnetLimits = { readonly maxNameservers: number; readonly maxHostRoutes: number };

/** Fills in what a create leaves out, and checks the whole. */
export function planSubnet(wanted: SubnetCreate, limits: SubnetLimits): SubnetPlan {
  if (wanted.cidr == null) {
    throw badListRequest('subnets', 'a subnetpool must be specified in the absence of a cidr');
  }
  if (wanted.prefixlen != null) {
    throw badListRequest('subnets', 'cidr and prefixlen must not be supplied together');
  }
  const cidr = readCidr(wanted.cidr);
  const gatewayIp = wanted.gateway_ip === undefined ? defaultGateway(cidr) : wanted.gateway_ip;
  const plan: SubnetPlan = {
    id: 'new subnet',
    ipVersion: wanted.ip_version,
    cidr,
    gatewayIp,
    pools: wanted.allocation_pools ?? defaultPools(cidr, gatewayIp),
    enableDhcp: wanted.enable_dhcp,
    raMode: wanted.ipv6_ra_mode ?? null,
    addressMode: wanted.ipv6_address_mode ?? null,
    nameservers: wanted.dns_nameservers,
    hostRoutes: wanted.host_routes,
  };
  checkVersion(plan, 'cidr', wanted.cidr);
  checkCidr(plan);
  if (plan.enableDhcp) checkDhcpPossible(plan);
  checkGateway(plan);
  checkListed(plan, limits);
  checkIpv6Modes(plan);
  if (wanted.allocation_pools != null) checkPools(plan);
  if (plan.gatewayIp !== null) checkGatewayOutsidePools(plan);
  return plan;
}

/** Checks what an update makes of a subnet; `before` is what it was. */
export function checkSubnetChange(
  after: SubnetPlan,
  before: SubnetPlan,
  limits: SubnetLimits,
): void {
  if (after.enableDhcp && !before.enableDhcp) checkDhcpPossible(after);
  if (after.gatewayIp !== before.gatewayIp) checkGateway(after);
  checkListed(after, limits);
  if (!after.enableDhcp && before.enableDhcp && (after.raMode ?? after.addressMode) !== null) {
    throw invalidInput('Cannot disable enable_dhcp with ipv6 attributes set');
  }
  const poolsChanged = after.pools !== before.pools;
  if (poolsChanged) checkPools(after);
  if ((poolsChanged || after.gatewayIp !== before.gatewayIp) && after.gatewayIp !== null) {
    checkGatewayOutsidePools(after);
  }
}

/** Subnets of one network may not overlap. Nothing is said of the other, which may be somebody else's. */
export function checkNoOverlap(
  networkId: string,
  wanted: Cidr,
  others: readonly { readonly cidr: string }[],
): void {
  if (others.some((other) => cidrsOverlap(readCidr(other.cidr), wanted))) {
    throw invalidInput(
      `Requested subnet with cidr: ${formatCidr(wanted)} for network: ${networkId} overlaps with another subnet`,
    );
  }
}

export function checkMtuCarries(networkId: string, mtu: number, ipVersion: 4 | 6): void {
  if (mtu < 68) throw networkMtuSubnetConflict(networkId, 68);
  if (ipVersion === 6 && mtu < 1280) throw networkMtuSubnetConflict(networkId, 1280);
}

/** True when guests make their own addresses from what routers announce. */
export function isAutoAddress(subnet: {
  readonly ipv6_ra_mode: string | null;
  readonly ipv6_address_mode: string | null;
}): boolean {
  return [subnet.ipv6_ra_mode, subnet.ipv6_address_mode].some(
    (mode) => mode === 'slaac' || mode === 'dhcpv6-stateless',
  );
}

/** compat: the first host of an IPv4 subnet, but the network's own address of an IPv6 one. */
function defaultGateway(cidr: Cidr): string {
  const value = cidr.version === 4 ? cidr.network + 1n : cidr.network;
  return formatIp({ version: cidr.version, value });
}

/** Every address that a host may have, but the gateway's. */
export function defaultPools(cidr: Cidr, gatewayIp: string | null): Pool[] {
  const { first, last } = hostRange(cidr);
  const gateway = gatewayIp === null ? undefined : parseIp(gatewayIp)?.value;
  const ranges =
    gateway === undefined || gateway < first || gateway > last || first === last
      ? [{ first, last }]
      : [
          { first, last: gateway - 1n },
          { first: gateway + 1n, last },
        ].filter((range) => range.first <= range.last);
  return ranges.map((range) => ({
    start: formatIp({ version: cidr.version, value: range.first }),
    end: formatIp({ version: cidr.version, value: range.last }),
  }));
}

/** The first and last address that a host may have. */
function hostRange(cidr: Cidr): { first: bigint; last: bigint } {
  const first = cidr.network;
  const last = lastAddress(cidr);
  if (first === last) return { first, last };
  if (cidr.version === 6) return { first: first + 1n, last };
  return cidr.prefix <= 30 ? { first: first + 1n, last: last - 1n } : { first, last };
}

function checkVersion({ ipVersion }: SubnetPlan, name: string, address: string): void {
  const version = address.includes(':') ? 6 : 4;
  if (version !== ipVersion) {
    throw invalidInput(`${name} '${address}' does not match the ip_version '${ipVersion}'`);
  }
}

function checkCidr({ cidr }: SubnetPlan): void {
  if (cidr.version === 6 && cidr.network === 0n) {
    throw invalidInput("IPv6 subnet '::' is not supported");
  }
}

function checkDhcpPossible({ cidr }: SubnetPlan): void {
  if (cidr.prefix > (cidr.version === 4 ? 30 : 126)) {
    throw invalidInput('Subnet has a prefix length that is incompatible with DHCP service enabled');
  }
  const first: Ip = { version: cidr.version, value: cidr.network };
  if (isMulticast(first)) {
    throw invalidInput('Multicast IP subnet is not supported if enable_dhcp is True');
  }
  if (isLoopback(first)) {
    throw invalidInput('Loopback IP subnet is not supported if enable_dhcp is True');
  }
  if (cidr.version === 4 && cidr.network === 0n) {
    throw invalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.");
  }
}

/** A gateway outside the subnet is fine; one inside may not be an address that no host can have. */
function checkGateway(plan: SubnetPlan): void {
  const { gatewayIp, cidr } = plan;
  if (gatewayIp === null) return;
  checkVersion(plan, 'gateway_ip', gatewayIp);
  const gateway = readIp(gatewayIp);
  const isEdge = gateway.value === cidr.network || gateway.value === lastAddress(cidr);
  if (cidr.version === 4 && cidrContains(cidr, gateway) && isEdge) {
    throw invalidInput('Gateway is not valid on subnet');
  }
}

function checkListed(plan: SubnetPlan, { maxNameservers, maxHostRoutes }: SubnetLimits): void {
  if (plan.nameservers.length > maxNameservers) {
    throw nameserversExhausted(plan.id, maxNameservers);
  }
  for (const nameserver of plan.nameservers) checkVersion(plan, 'dns_nameserver', nameserver);
  if (plan.hostRoutes.length > maxHostRoutes) throw hostRoutesExhausted(plan.id, maxHostRoutes);
  for (const { destination, nexthop } of plan.hostRoutes) {
    checkVersion(plan, 'destination', destination);
    checkVersion(plan, 'nexthop', nexthop);
  }
}

function checkIpv6Modes({ ipVersion, cidr, raMode, addressMode, enableDhcp }: SubnetPlan): void {
  if (ipVersion === 4) {
    if (raMode !== null) throw invalidInput('ipv6_ra_mode is not valid when ip_version is 4');
    if (addressMode !== null) {
      throw invalidInput('ipv6_address_mode is not valid when ip_version is 4');
    }
    return;
  }
  if (raMode === null && addressMode === null) return;
  if (!enableDhcp) {
    throw invalidInput(
      'ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False',
    );
  }
  if (raMode !== null && addressMode !== null && raMode !== addressMode) {
    throw invalidInput(
      `ipv6_ra_mode set to '${raMode}' with ipv6_address_mode set to '${addressMode}' is not valid. ` +
        'If both attributes are set, they must be the same value',
    );
  }
  const automatic = isAutoAddress({ ipv6_ra_mode: raMode, ipv6_address_mode: addressMode });
  if (automatic && cidr.prefix !== 64) {
    throw invalidInput(
      `Invalid CIDR ${formatCidr(cidr)} for IPv6 address mode. ` +
        'OpenStack uses the EUI-64 address format, which requires the prefix to be /64',
    );
  }
}

function checkPools({ pools, cidr }: SubnetPlan): void {
  const { first, last } = hostRange(cidr);
  const ranges = pools.map((pool) => ({
    pool,
    start: readIp(pool.start),
    end: readIp(pool.end),
  }));
  for (const { pool, start, end } of ranges) {
    if (start.version !== end.version || start.value > end.value) {
      throw invalidAllocationPool(poolText(pool));
    }
    if (start.version !== cidr.version) throw invalidAllocationPool(poolText(pool));
    if (start.value < first || end.value > last) {
      throw outOfBoundsAllocationPool(poolText(pool), formatCidr(cidr));
    }
  }
  const inOrder = ranges.toSorted((one, other) => (one.start.value < other.start.value ? -1 : 1));
  const index = inOrder.findIndex(({ end }, at) => {
    const next = inOrder[at + 1];
    return next !== undefined && next.start.value <= end.value;
  });
  const [one, other] = inOrder.slice(index, index + 2);
  if (index >= 0 && one && other) {
    throw overlappingAllocationPools(poolText(one.pool), poolText(other.pool), formatCidr(cidr));
  }
}

function checkGatewayOutsidePools({ gatewayIp, pools }: SubnetPlan): void {
  if (gatewayIp === null) return;
  const gateway = readIp(gatewayIp);
  const around = pools.find(
    ({ start, end }) =>
      readIp(start).version === gateway.version &&
      readIp(start).value <= gateway.value &&
      gateway.value <= readIp(end).value,
  );
  if (around) throw gatewayInAllocationPool(gatewayIp, poolText(around));
}

function poolText({ start, end }: Pool): string {
  return `${start}-${end}`;
}

/** Texts here were read by the schema, or come from the database. */
function readIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw new Error(`'${text}' was taken for an IP address`);
  return ip;
}

function readCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`'${text}' was taken for a network`);
  return cidr;
}
