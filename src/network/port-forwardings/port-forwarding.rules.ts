/** What makes a port forwarding valid. Pure: facts come in as arguments. */
import type { PortRange } from '#base/host/routers.ts';
import type { PortForwardingsTable } from '#platform/db/tables/network-l3.ts';
import * as faults from './port-forwarding.faults.ts';
import {
  extentOf,
  externalPorts,
  internalPorts,
  isSameRange,
  rangesCollide,
} from './port-range.ts';

/** What a forwarding says: which ports of a floating IP go to which of an address. */
export type Forwarding = Pick<
  PortForwardingsTable,
  'protocol' | 'internal_port_id' | 'internal_ip_address'
> & {
  readonly external: PortRange | null;
  readonly internal: PortRange | null;
};

type Side = 'external' | 'internal';

/** The ports that were sent, as one or as a range; undefined when neither was. */
export function sentPorts(
  side: Side,
  port: number | null | undefined,
  range: PortRange | null | undefined,
): PortRange | undefined {
  const one = port == null ? undefined : { first: port, last: port };
  if (range == null) return one;
  if (one && !isSameRange(one, range)) throw faults.portAndRange(side);
  return range;
}

/** As many ports inside as outside, or one inside; and none at all where the protocol has none. */
export function checkPorts({ protocol, external, internal }: Forwarding): void {
  if (protocol === 'ipv6-icmp') throw faults.protocolNotIpv4();
  if (protocol === 'icmp') {
    if (external || internal) throw faults.portsOfIcmp();
    return;
  }
  if (!external || !internal) throw faults.portsMissing(protocol);
  const inside = extentOf(internal);
  if (inside > 0 && inside !== extentOf(external)) throw faults.rangesUnrelated();
}

/** A host remembers each port that is moved by itself: so many take seconds, and some 10 MB. */
export const MOST_MOVED_PORTS = 65_536;

/** `others`: how many ports the router moves already. */
export function checkMoved({ external, internal }: Forwarding, others: number): void {
  if (!external || isSameRange(external, internal)) return;
  if (others + extentOf(external) + 1 > MOST_MOVED_PORTS) {
    throw faults.tooManyMoved(MOST_MOVED_PORTS);
  }
}

/** Forwardings that could be in the way of one. */
export type Others = {
  /** Of the same floating IP. */
  readonly ofFloatingIp: readonly PortForwardingsTable[];
  /** To the same port. */
  readonly toPort: readonly PortForwardingsTable[];
};

/** What comes from outside goes to one place, and what goes out from there is known to be an answer to it. */
export function checkCollisions(wanted: Forwarding, { ofFloatingIp, toPort }: Others): void {
  for (const row of toPort) {
    if (row.protocol !== wanted.protocol) continue;
    if (row.internal_ip_address !== wanted.internal_ip_address) continue;
    const existing = internalPorts(row);
    if (rangesCollide(existing, wanted.internal)) {
      throw faults.portCollision('internal', existing, wanted.internal);
    }
  }
  for (const row of ofFloatingIp) {
    if (row.protocol !== wanted.protocol) continue;
    const existing = externalPorts(row);
    if (rangesCollide(existing, wanted.external)) {
      throw faults.portCollision('external', existing, wanted.external);
    }
  }
}

/** compat: an update to the very ports of another forwarding of the floating IP is told so in words of its own. */
export function checkNotSame(
  wanted: Forwarding,
  floatingIpAddress: string,
  { ofFloatingIp }: Others,
): void {
  for (const row of ofFloatingIp) {
    if (row.protocol !== wanted.protocol) continue;
    if (isSameRange(externalPorts(row), wanted.external)) {
      throw faults.sameAsAnother({
        floating_ip_address: floatingIpAddress,
        external_port: wanted.external?.first,
      });
    }
    const { internal_port_id, internal_ip_address } = wanted;
    const sameSocket =
      row.internal_port_id === internal_port_id &&
      row.internal_ip_address === internal_ip_address &&
      isSameRange(internalPorts(row), wanted.internal);
    if (sameSocket) {
      throw faults.sameAsAnother({
        internal_port_id,
        internal_ip_address,
        internal_port: wanted.internal?.first,
      });
    }
  }
}
