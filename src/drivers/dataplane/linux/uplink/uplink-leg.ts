/** What the uplink should have on each external network, and the fixed addresses of its way to the yard. Pure. */
import { createHash } from 'node:crypto';
import { formatCidr, parseCidr, type Cidr } from '#base/net/cidr.ts';
import { formatIp } from '#base/net/ip.ts';
import { eui64Address } from '#base/net/mac.ts';
import type { NetworkSpec } from '#base/host/links.ts';

/** One external network that the uplink answers for. */
export type UplinkLeg = {
  readonly networkId: string;
  readonly mtu: number;
  /** The gateways' addresses with prefix length, sorted. */
  readonly addresses: readonly string[];
};

/**
 * The way between the yard and the uplink. IPv4 has a corner of the link-local range, as OpenStack's own routers take
 * one for their inner ways; IPv6 a private network that nobody else makes up.
 */
export const YARD_WAY = {
  4: { yard: '169.254.240.1', uplink: '169.254.240.2', prefix: 30 },
  6: { yard: 'fd53:7461:636b:ffff::1', uplink: 'fd53:7461:636b:ffff::2', prefix: 126 },
} as const;

/** The leg that a network should have; null for one without a way out, or without a gateway to answer for. */
export function wantedLeg({ id, mtu, uplink }: NetworkSpec): UplinkLeg | null {
  if (uplink === null || uplink.addresses.length === 0) return null;
  return { networkId: id, mtu, addresses: [...new Set(uplink.addresses)].toSorted() };
}

/** The leg's MAC: the same whenever it is made, so that routers need not ask for it again. */
export function legMac(networkId: string): string {
  const digits = createHash('sha256').update(`uplink ${networkId}`).digest('hex').slice(0, 10);
  // Locally administered, and not of the range that ports get theirs from.
  return `fe:${digits.match(/../g)?.join(':') ?? ''}`;
}

const LINK_LOCAL: Cidr = { version: 6, network: 0xfe80n << 112n, prefix: 64 };

/** The leg's link-local address: without one the kernel cannot ask for the neighbours of what it forwards. */
export function legLinkLocal(networkId: string): string {
  return `${formatIp(eui64Address(LINK_LOCAL, legMac(networkId)))}/64`;
}

/** The subnets that lie behind the legs, in canonical form, each once, sorted. */
export function subnetsOf(legs: readonly Pick<UplinkLeg, 'addresses'>[]): readonly string[] {
  const subnets = new Set<string>();
  for (const address of legs.flatMap((leg) => leg.addresses)) {
    const cidr = parseCidr(address);
    if (cidr !== undefined) subnets.add(formatCidr(cidr));
  }
  return [...subnets].toSorted();
}

/** The IP version of an address or network. */
export function versionOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
