/** What can be chosen about a cloud's way to the host and the outside. */
import { formatCidr, isHostAddress, parseCidr, widthOf, type Cidr } from '#base/net/cidr.ts';
import { formatIp, parseIp, type Ip } from '#base/net/ip.ts';
import { Fault } from './fault.ts';

/** A link between the host and the cloud's external networks, as the host sees it. */
export type HostLink = {
  readonly name: string;
  /** The host's own address on it, with prefix length; the cloud's end gets another of the same network. */
  readonly address: string;
};

/** What a start asks for; null for what it says nothing of, which then is as it was. */
export type UplinkWishes = {
  /** Subnets of an external network `public`, in canonical form; none when it is not asked for. */
  readonly publicCidrs: readonly string[];
  readonly hostLink: HostLink | 'none' | null;
  readonly outbound: boolean | null;
};

export const NO_WISHES: UplinkWishes = { publicCidrs: [], hostLink: null, outbound: null };

/** What DevStack has, too. */
export const DEFAULT_PUBLIC = '172.24.4.0/24';
export const DEFAULT_HOST_LINK: HostLink = { name: 'stackyard0', address: '169.254.241.1/30' };

/** There must be room for a gateway, a router and a floating IP. */
const LEAST_HOST_BITS = 3;
const WIDEST = { 4: 8, 6: 32 } as const;

/** One network of each IP version at most: `172.24.4.0/24` or `172.24.4.0/24,2001:db8::/64`. */
export function parsePublic(text: string): readonly string[] {
  const cidrs = text.split(',').map((part) => {
    const cidr = parseCidr(part.trim());
    if (cidr === undefined || !hasRoom(cidr)) {
      const example = `--public ${DEFAULT_PUBLIC}`;
      throw usage(
        `'${part}' is no range for a public network. Give one with room for some addresses, such as ${example}.`,
      );
    }
    return cidr;
  });
  if (new Set(cidrs.map(({ version }) => version)).size < cidrs.length) {
    throw usage(`--public takes one range of each IP version, not '${text}'.`);
  }
  return cidrs.map(formatCidr);
}

function hasRoom(cidr: Cidr): boolean {
  return !isWide(cidr) && widthOf(cidr.version) - cidr.prefix >= LEAST_HOST_BITS;
}

function isWide({ version, prefix }: Cidr): boolean {
  return prefix < WIDEST[version];
}

/** Whether a range is a part of the world rather than a network of somebody's. */
export function isTooWide(text: string): boolean {
  const cidr = parseCidr(text);
  return cidr !== undefined && isWide(cidr);
}

/** `NAME` or `NAME=ADDRESS/PREFIX`. */
export function parseHostLink(text: string): HostLink {
  const [, name = '', address = DEFAULT_HOST_LINK.address] =
    /^([a-zA-Z][\w.-]{0,14})(?:=(.+))?$/.exec(text) ?? [];
  if (name === '') {
    throw usage(
      `'${text}' is no link to the host. Use NAME or NAME=ADDRESS/PREFIX, such as ${DEFAULT_HOST_LINK.name}=${DEFAULT_HOST_LINK.address}.`,
    );
  }
  const cidr = parseCidr(address);
  const ip = parseIp(address.split('/')[0] ?? '');
  const fits = cidr?.version === 4 && cidr.prefix >= WIDEST[4] && cidr.prefix <= 31;
  if (!fits || ip === undefined || !isHostAddress(cidr, ip)) {
    throw usage(
      `'${address}' is no address for a link to the host. Use an IPv4 address with a prefix length between 8 and 31, such as ${DEFAULT_HOST_LINK.address}.`,
    );
  }
  return { name, address: `${formatIp(ip)}/${cidr.prefix}` };
}

/** Addresses of one end of the link, of both IP versions, and the prefix length that goes with each. */
export type LinkEnd = { readonly 4: string; readonly 6: string };
export type LinkAddresses = {
  readonly host: LinkEnd;
  readonly uplink: LinkEnd;
  readonly prefix: { readonly 4: number; readonly 6: number };
};

/** IPv6 addresses of links to the host end in what their IPv4 addresses are. */
const LINKS6 = 0xfd537461636b0000n << 64n;

/** Both ends' addresses: the cloud has the first address of the network, or the next when that is the host's. */
export function linkAddresses({ address }: HostLink): LinkAddresses {
  const cidr = parseCidr(address);
  const host = parseIp(address.split('/')[0] ?? '');
  if (cidr === undefined || host === undefined) throw new Error(`'${address}' was never read`);
  const first = cidr.prefix === 31 ? cidr.network : cidr.network + 1n;
  const other: Ip = { version: 4, value: host.value === first ? first + 1n : first };
  const prefix = { 4: cidr.prefix, 6: cidr.prefix + 96 };
  return { host: endOf(host), uplink: endOf(other), prefix };
}

function endOf(ip: Ip): LinkEnd {
  return { 4: formatIp(ip), 6: formatIp({ version: 6, value: LINKS6 | ip.value }) };
}

function usage(message: string): Fault {
  return new Fault('invalid', 'Usage', message);
}
