/** Which subnets serve a port, and which addresses to look at. Pure: facts come in as arguments. */
import { eui64Address } from '#base/net/mac.ts';
import { formatIp, parseIp, type Ip } from '#base/net/ip.ts';
import { cidrContains, isHostAddress, parseCidr, type Cidr } from '#base/net/cidr.ts';
import type { SubnetsTable } from '#platform/db/tables/network.ts';
import {
  allocationOnAutoAddressSubnet,
  invalidInput,
  invalidIpForNetwork,
  invalidIpForSubnet,
  noMatchingSubnet,
  subnetNotFound,
} from '../network.faults.ts';
import { ROUTER_GATEWAY_OWNER, ROUTER_INTERFACE_OWNER } from '../binding/binding.rules.ts';
import { isAutoAddress } from '../subnets/subnet.rules.ts';
import type { Pool } from '../subnets/subnet.schema.ts';

type SubnetRow = SubnetsTable;

/** An address that a caller asks for: any of a subnet, this one, or this one of this subnet. */
export type FixedIpWanted = { readonly subnet_id?: string; readonly ip_address?: string };

/** The port that addresses are for. */
export type Addressee = {
  readonly networkId: string;
  readonly mac: string;
  readonly deviceOwner: string;
};

/** An address to get: a certain one, or any of the first of these subnets that has one left. */
export type Need =
  | { readonly kind: 'exact'; readonly subnet: SubnetRow; readonly ip: Ip }
  | {
      readonly kind: 'any';
      readonly subnets: readonly SubnetRow[];
      /** The caller named the subnet. */
      readonly named: boolean;
    };

/**
 * The subnets that may serve a port without being asked for by name: those for its device owner, or, when
 * there are none such, those for everybody.
 */
export function subnetsFor(port: Addressee, subnets: readonly SubnetRow[]): readonly SubnetRow[] {
  const dedicated = subnets.filter((subnet) =>
    typesOf(subnet).some((type) => port.deviceOwner !== '' && port.deviceOwner.startsWith(type)),
  );
  if (dedicated.length > 0) return dedicated;
  const open = subnets.filter((subnet) => typesOf(subnet).length === 0);
  if (open.length === 0 && subnets.length > 0) {
    throw noMatchingSubnet(port.networkId, port.deviceOwner);
  }
  return open;
}

function typesOf(subnet: SubnetRow): readonly string[] {
  return JSON.parse(subnet.service_types) as readonly string[];
}

/** What a port gets when its maker says nothing: one IPv4 address, one IPv6 address, and all automatic ones. */
export function planAutomatic(port: Addressee, subnets: readonly SubnetRow[]): readonly Need[] {
  const serving = subnetsFor(port, subnets);
  const v4 = serving.filter((subnet) => subnet.ip_version === 4);
  const v6 = serving.filter((subnet) => subnet.ip_version === 6 && !isAutoAddress(subnet));
  return [
    ...[v4, v6].filter((group) => group.length > 0).map((group) => anyOf(group, false)),
    ...planAutoAddresses(port, serving),
  ];
}

/** What a port gets when its maker says what. An empty list is no address at all. */
export function planWanted(
  port: Addressee,
  subnets: readonly SubnetRow[],
  wanted: readonly FixedIpWanted[],
): readonly Need[] {
  if (wanted.length === 0) return [];
  const asked = wanted.flatMap((one) => planOne(port, subnets, one) ?? []);
  // compat: automatic addresses come with any others, whether they were asked for or not.
  const automatic = planAutoAddresses(port, subnets).filter(
    ({ subnet }) => !asked.some((need) => need.kind === 'exact' && need.subnet.id === subnet.id),
  );
  return [...asked, ...automatic];
}

/** The addresses that the port's guest will give itself. A router does not: others make theirs of what it announces. */
export function planAutoAddresses(
  port: Addressee,
  subnets: readonly SubnetRow[],
): readonly (Need & { kind: 'exact' })[] {
  return subnets
    .filter((subnet) => makesAddress(port, subnet))
    .map((subnet) => ({ kind: 'exact', subnet, ip: eui64Address(cidrOf(subnet), port.mac) }));
}

function planOne(
  port: Addressee,
  subnets: readonly SubnetRow[],
  wanted: FixedIpWanted,
): Need | undefined {
  if (subnets.length === 0) throw invalidInput('IP allocation requires subnets for network');
  const ip = wanted.ip_address === undefined ? undefined : readIp(wanted.ip_address);
  const subnet = chooseSubnet(port, subnets, wanted, ip);
  if (!ip) return makesAddress(port, subnet) ? undefined : anyOf([subnet], true);
  if (makesAddress(port, subnet) && eui64Address(cidrOf(subnet), port.mac).value !== ip.value) {
    throw allocationOnAutoAddressSubnet(formatIp(ip), subnet.id);
  }
  return { kind: 'exact', subnet, ip };
}

function chooseSubnet(
  port: Addressee,
  subnets: readonly SubnetRow[],
  wanted: FixedIpWanted,
  ip: Ip | undefined,
): SubnetRow {
  if (wanted.subnet_id !== undefined) {
    const subnet = subnets.find(({ id }) => id === wanted.subnet_id);
    if (!subnet) throw foreignSubnet(port.networkId, wanted.subnet_id);
    if (ip && !mayHave(port, subnet, ip)) throw invalidIpForSubnet(formatIp(ip));
    return subnet;
  }
  if (!ip) throw invalidInput('IP allocation requires subnet_id or ip_address');
  const around = subnets.find((subnet) => mayHave(port, subnet, ip));
  if (!around) throw invalidIpForNetwork(formatIp(ip));
  return around;
}

function makesAddress({ deviceOwner }: Addressee, subnet: SubnetRow): boolean {
  return isAutoAddress(subnet) && deviceOwner !== ROUTER_INTERFACE_OWNER;
}

/** RFC 4291: an IPv6 subnet's own address is that of its routers, and the usual gateway. */
function mayHave({ deviceOwner }: Addressee, subnet: SubnetRow, ip: Ip): boolean {
  const cidr = cidrOf(subnet);
  if (isHostAddress(cidr, ip)) return true;
  const isRouter = deviceOwner === ROUTER_INTERFACE_OWNER || deviceOwner === ROUTER_GATEWAY_OWNER;
  return isRouter && cidr.version === 6 && cidrContains(cidr, ip);
}

/** The subnet is there, and on another network. (One that is not there at all was refused before.) */
function foreignSubnet(networkId: string, subnetId: string) {
  return invalidInput(
    `Failed to create port on network ${networkId}, because fixed_ips included invalid subnet ${subnetId}`,
  );
}

/** Refuses subnets that are nowhere; `known` are those that are somewhere. */
export function checkSubnetsExist(
  wanted: readonly FixedIpWanted[],
  known: ReadonlySet<string>,
): void {
  const missing = wanted.find(({ subnet_id }) => subnet_id !== undefined && !known.has(subnet_id));
  if (missing?.subnet_id !== undefined) throw subnetNotFound(missing.subnet_id);
}

function anyOf(subnets: readonly SubnetRow[], named: boolean): Need {
  return { kind: 'any', subnets, named };
}

/** A pool as numbers, ends included. */
export type Range = { readonly first: bigint; readonly last: bigint };

export function rangesOf(subnet: SubnetRow): readonly Range[] {
  return (JSON.parse(subnet.allocation_pools) as readonly Pool[]).map(({ start, end }) => ({
    first: readIp(start).value,
    last: readIp(end).value,
  }));
}

/** Chosen from this many addresses, however large the subnet is: nobody wants to read 2001:db8::8b6f:f5c1:d1d2:42b4. */
const WINDOW = 1n << 16n;

/** Some different addresses at random from the beginning of the pools. */
export function candidates(
  ranges: readonly Range[],
  random: (below: bigint) => bigint,
  count: number,
): readonly bigint[] {
  const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  const window = total < WINDOW ? total : WINDOW;
  if (window === 0n) return [];
  const picked = new Set<bigint>();
  for (let tries = 0; tries < count; tries += 1) picked.add(nth(ranges, random(window)));
  return [...picked];
}

function nth(ranges: readonly Range[], index: bigint): bigint {
  let left = index;
  for (const { first, last } of ranges) {
    const size = last - first + 1n;
    if (left < size) return first + left;
    left -= size;
  }
  throw new Error(`there is no address number ${index} in the pools`);
}

export function cidrOf(subnet: Pick<SubnetRow, 'cidr'>): Cidr {
  const cidr = parseCidr(subnet.cidr);
  if (!cidr) throw new Error(`'${subnet.cidr}' was taken for a network`);
  return cidr;
}

function readIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw new Error(`'${text}' was taken for an IP address`);
  return ip;
}
