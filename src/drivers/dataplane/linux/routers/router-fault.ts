/** Refuses routers that would not mean what they say once they are written into a batch for `ip`, `nft` or `radvd`. */
import { isIPv4, isIPv6 } from 'node:net';
import type {
  PortForwardingSpec,
  PortRange,
  RouterInterfaceSpec,
  RouterLinkSpec,
  RouterSpec,
} from '#base/host/routers.ts';
import type { Fault } from '#platform/fault.ts';
import { checkCidr, checkId, checkIp, checkMac, checkMtu, first, refused } from '../specs.ts';

/** What is wrong with the router, as a fault that names it; null when it can be made. */
export function routerFault(router: RouterSpec): Fault | null {
  const { id, interfaces, gateway, routes, floatingIps, forwardings } = router;
  const wrong =
    checkId(id) ??
    first(interfaces.map(checkInterface)) ??
    (gateway === null ? null : checkLink(gateway)) ??
    first((gateway?.nexthops ?? []).map(checkIp)) ??
    first(routes.map((route) => checkCidr(route.destination) ?? checkIp(route.nexthop))) ??
    first(floatingIps.map((one) => checkV4(one.floatingIp) ?? checkV4(one.fixedIp))) ??
    twice(
      'fixed address',
      floatingIps.map((one) => one.fixedIp),
    ) ??
    twice(
      'floating IP',
      floatingIps.map((one) => one.floatingIp),
    ) ??
    first(forwardings.map(checkForwarding)) ??
    forwardedTwice(forwardings);
  return wrong === null ? null : refused('router', id, wrong);
}

function checkLink({ portId, networkId, mac, mtu, addresses }: RouterLinkSpec): string | null {
  return (
    checkId(portId) ??
    checkId(networkId) ??
    checkMac(mac) ??
    checkMtu(mtu) ??
    first(addresses.map(checkCidr))
  );
}

function checkInterface(one: RouterInterfaceSpec): string | null {
  return (
    checkLink(one) ??
    first(one.advertised.map((subnet) => checkCidr(subnet.cidr))) ??
    first(one.advertised.map(({ cidr }) => checkV6(cidr.split('/')[0] ?? ''))) ??
    first(one.advertised.flatMap((subnet) => subnet.dnsNameservers.map(checkIp)))
  );
}

function checkForwarding(forwarding: PortForwardingSpec): string | null {
  const { floatingIp, internalIp, protocol, externalPorts, internalPorts } = forwarding;
  return (
    checkV4(floatingIp) ??
    checkV4(internalIp) ??
    (PROTOCOLS.has(protocol) ? null : `'${protocol}' cannot be forwarded`) ??
    (externalPorts === null ? null : checkRange(externalPorts)) ??
    (internalPorts === null ? null : checkRange(internalPorts)) ??
    ([0, lengthOf(externalPorts)].includes(lengthOf(internalPorts))
      ? null
      : `a forwarding of ${floatingIp} has ranges of ports of different lengths`)
  );
}

const PROTOCOLS: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'sctp',
  'dccp',
  'icmp',
  'ipv6-icmp',
] satisfies PortForwardingSpec['protocol'][]);

function checkRange({ first: from, last }: PortRange): string | null {
  const fits = Number.isInteger(from) && Number.isInteger(last) && from >= 1 && last <= 65_535;
  return fits && from <= last ? null : `ports ${from} to ${last} are no range of ports`;
}

function lengthOf(range: PortRange | null): number {
  return range === null ? 0 : range.last - range.first;
}

/** A port of an address can go to but one place. */
function forwardedTwice(forwardings: readonly PortForwardingSpec[]): string | null {
  const places = Map.groupBy(forwardings, (one) => `${one.floatingIp} ${one.protocol}`);
  for (const [place, some] of places) {
    let free = 0;
    const ranges = some.map((one) => one.externalPorts ?? ALL_PORTS);
    for (const { first: from, last } of ranges.toSorted((a, b) => a.first - b.first)) {
      if (from < free) return `its forwarded port ${place} ${from} is there twice`;
      free = last + 1;
    }
  }
  return null;
}

const ALL_PORTS: PortRange = { first: 0, last: 65_535 };

function twice(what: string, some: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const one of some) {
    if (seen.has(one)) return `its ${what} ${one} is there twice`;
    seen.add(one);
  }
  return null;
}

function checkV4(address: string): string | null {
  return isIPv4(address) ? null : `'${address}' is not an IPv4 address`;
}

function checkV6(address: string): string | null {
  return isIPv6(address) ? null : `'${address}' is not an IPv6 address`;
}
