/** What is there of the uplink, as `ip -json` prints it. Pure. */
import { UPLINK_LINK, UPLINK_PREFIX } from '../names.ts';

/** One link with its addresses, as far as it is read. */
export type AddressedLinkJson = {
  readonly ifname: string;
  readonly mtu: number;
  readonly master?: string;
  readonly flags: readonly string[];
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number }[];
};

export type RouteJson = { readonly dst: string; readonly dev?: string };

export type LinkEnd = {
  readonly mtu: number;
  readonly master: string | null;
  readonly up: boolean;
  /** With prefix length. */
  readonly addresses: readonly string[];
};

export type UplinkFacts = {
  /** Links of the uplink in the yard, by name. */
  readonly outer: ReadonlyMap<string, LinkEnd>;
  /** Links in the uplink's namespace, by name. */
  readonly inner: ReadonlyMap<string, LinkEnd>;
  /** Networks that the yard reaches by the uplink, with prefix length. */
  readonly routes: readonly string[];
};

const OUTER = new RegExp(`^${UPLINK_PREFIX}[0-9a-f-]{11}$`);

export function readUplink(
  yard: readonly AddressedLinkJson[],
  namespace: readonly AddressedLinkJson[],
  routes: readonly RouteJson[],
): UplinkFacts {
  const ours = yard.filter(({ ifname }) => ifname === UPLINK_LINK || OUTER.test(ifname));
  return {
    outer: new Map(ours.map((link) => [link.ifname, endOf(link)])),
    inner: new Map(namespace.map((link) => [link.ifname, endOf(link)])),
    routes: routes.flatMap(({ dst, dev }) => (dev === UPLINK_LINK ? [withPrefix(dst)] : [])),
  };
}

function endOf({ mtu, master, flags, addr_info: infos }: AddressedLinkJson): LinkEnd {
  const addresses = infos.flatMap(({ local, prefixlen }) =>
    local === undefined ? [] : [`${local}/${prefixlen}`],
  );
  return { mtu, master: master ?? null, up: flags.includes('UP'), addresses };
}

/** `ip` leaves the prefix length of single addresses out. */
function withPrefix(dst: string): string {
  if (dst.includes('/')) return dst;
  return `${dst}/${dst.includes(':') ? 128 : 32}`;
}
