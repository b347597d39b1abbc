/** What of a router is there, or should be: its links, its addresses, its routes. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { RouterLinkSpec, RouterSpec } from '#base/host/routers.ts';
import { bridgeName, routerGatewayName, routerInterfaceName, routerLinkName } from '../names.ts';

/** The end of a router's link that is on a bridge. */
export type RouterLinkFacts = {
  readonly name: string;
  readonly routerId: string;
  readonly mtu: number;
  readonly master: string | null;
  readonly up: boolean;
  /** The MAC that the bridge knows to be here, whoever else uses it. */
  readonly pinnedMac: string | null;
};

export type RouterFacts = {
  /** Whether its namespace is there. */
  readonly namespace: boolean;
  /** The ends of its links that are on bridges, by port id. */
  readonly outer: ReadonlyMap<string, RouterLinkFacts>;
  /** The ends in its namespace, by name. */
  readonly inner: ReadonlyMap<string, InnerLinkFacts>;
  /** By destination: what follows it in a line for `ip route`; null for a route that nobody knows more of. */
  readonly routes: ReadonlyMap<string, string | null>;
};

export type InnerLinkFacts = {
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  /** With prefix length; the router's own before those that float. */
  readonly addresses: readonly string[];
};

export const NO_ROUTER: RouterFacts = {
  namespace: false,
  outer: new Map(),
  inner: new Map(),
  routes: new Map(),
};

/** A link that a router should have, with what both its ends are called. */
export type RouterLink = RouterLinkSpec & { readonly outer: string; readonly inner: string };

/** The interfaces and the gateway. What is down has no link at all: it neither answers nor forwards. */
export function linksOf({ adminStateUp, interfaces, gateway }: RouterSpec): readonly RouterLink[] {
  if (!adminStateUp) return [];
  return [
    ...interfaces.map((one) => ({ ...one, inner: routerInterfaceName(one.portId) })),
    ...(gateway === null ? [] : [{ ...gateway, inner: routerGatewayName(gateway.portId) }]),
  ]
    .filter((link) => link.adminStateUp)
    .map((link) => ({ ...link, outer: routerLinkName(link.portId) }));
}

/** The router as it should be. */
export function wantedRouter(router: RouterSpec): RouterFacts {
  const links = linksOf(router);
  const outer = new Map<string, RouterLinkFacts>();
  const inner = new Map<string, InnerLinkFacts>();
  for (const link of links) {
    const { portId, mac, mtu } = link;
    outer.set(portId, {
      name: link.outer,
      routerId: router.id,
      mtu,
      master: bridgeName(link.networkId),
      up: true,
      pinnedMac: mac,
    });
    const floating = portId === router.gateway?.portId ? floatingAddresses(router) : [];
    inner.set(link.inner, {
      mac,
      mtu,
      up: true,
      addresses: [...new Set([...link.addresses, ...floating])],
    });
  }
  return { namespace: true, outer, inner, routes: wantedRoutes(router, links) };
}

/** Addresses that the router answers for on its gateway's network, beside its own. */
function floatingAddresses({ gateway, floatingIps, forwardings }: RouterSpec): readonly string[] {
  const own = new Set(gateway?.addresses.map((address) => address.split('/')[0]));
  return [...new Set([...floatingIps, ...forwardings].map((one) => one.floatingIp))]
    .filter((address) => !own.has(address))
    .toSorted()
    .map((address) => `${address}/32`);
}

function wantedRoutes(
  { gateway, routes }: RouterSpec,
  links: readonly RouterLink[],
): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>();
  const way = links.find((link) => link.portId === gateway?.portId);
  for (const nexthop of way === undefined ? [] : (gateway?.nexthops ?? [])) {
    // The next hop is on this link even where no address of the router's says so.
    const to = isIPv4(nexthop) ? '0.0.0.0/0' : '::/0';
    wanted.set(to, `via ${nexthop} dev ${String(way?.inner)} onlink`);
  }
  for (const [destination, some] of Map.groupBy(routes, (route) => route.destination)) {
    // compat: an extra route for everything is used instead of the gateway
    const hops = some.flatMap(({ nexthop }) => {
      const link = links.find((one) => isOnLink(nexthop, one));
      return link === undefined ? [] : [`via ${nexthop} dev ${link.inner}`];
    });
    if (hops.length === 1) wanted.set(destination, String(hops[0]));
    if (hops.length > 1) {
      wanted.set(destination, hops.map((hop) => `nexthop ${hop}`).join(' '));
    }
  }
  return wanted;
}

/** Whether one of the link's subnets holds this address. */
function isOnLink(address: string, link: RouterLink): boolean {
  const subnets = new BlockList();
  for (const own of link.addresses) {
    const [base = '', length] = own.split('/');
    subnets.addSubnet(base, Number(length), isIPv6(base) ? 'ipv6' : 'ipv4');
  }
  return subnets.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
