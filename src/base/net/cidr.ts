/** Networks of IP addresses: `10.0.0.0/24`, `2001:db8::/64`. */
import { formatIp, ipCount, parseIp, type Ip, type IpVersion } from './ip.ts';

export type Cidr = {
  readonly version: IpVersion;
  /** The first address; bits beyond the prefix are zero. */
  readonly network: bigint;
  readonly prefix: number;
};

/** Reads `address/length` and drops the address bits beyond the prefix; undefined when it cannot be read. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!ip || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = Number(length);
  if (prefix > widthOf(ip.version)) return undefined;
  const size = sizeOf(ip.version, prefix);
  return { version: ip.version, network: (ip.value / size) * size, prefix };
}

export function formatCidr({ version, network, prefix }: Cidr): string {
  return `${formatIp({ version, value: network })}/${prefix}`;
}

/** How many addresses the network has. */
export function cidrSize({ version, prefix }: Cidr): bigint {
  return sizeOf(version, prefix);
}

/** The last address: IPv4's broadcast address. */
export function lastAddress(cidr: Cidr): bigint {
  return cidr.network + cidrSize(cidr) - 1n;
}

export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  return ip.version === cidr.version && ip.value >= cidr.network && ip.value <= lastAddress(cidr);
}

export function cidrsOverlap(one: Cidr, other: Cidr): boolean {
  return (
    one.version === other.version &&
    one.network <= lastAddress(other) &&
    other.network <= lastAddress(one)
  );
}

/** True when a host may have the address: in the network, and neither its IPv4 network nor its broadcast address. */
export function isHostAddress(cidr: Cidr, ip: Ip): boolean {
  if (!cidrContains(cidr, ip)) return false;
  // RFC 3021 and 6164: a point-to-point or single-address network has nothing but hosts.
  if (widthOf(cidr.version) - cidr.prefix <= 1) return true;
  if (cidr.version === 6) return ip.value !== cidr.network;
  return ip.value !== cidr.network && ip.value !== lastAddress(cidr);
}

/** How many bits an address has. */
export function widthOf(version: IpVersion): number {
  return version === 4 ? 32 : 128;
}

function sizeOf(version: IpVersion, prefix: number): bigint {
  return ipCount(version) >> BigInt(prefix);
}
