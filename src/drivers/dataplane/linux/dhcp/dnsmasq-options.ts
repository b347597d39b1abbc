/** What `dnsmasq` hands out with an address: pure text from a DHCP spec. */
import { cidrContains } from '#base/net/cidr.ts';
import { parseIp } from '#base/net/ip.ts';
import type { DhcpHost, DhcpSpec } from '#base/host/links.ts';
import { METADATA_IPV4 } from '../metadata/identities.ts';
import {
  servedPorts,
  servedSubnets,
  serverAddresses,
  type ServedPort,
  type ServedSubnet,
} from './served.ts';

/** The file of options: by subnet, and then by port. */
export function optionsText(dhcp: DhcpSpec): string {
  const bySubnet = servedSubnets(dhcp).flatMap((subnet) =>
    subnet.range.version === 4 ? v4Options(subnet, dhcp) : v6Options(subnet, dhcp),
  );
  return [...bySubnet, ...servedPorts(dhcp).flatMap(portOptions)]
    .map((line) => `${line}\n`)
    .join('');
}

/** Options that cannot be told to dnsmasq, as a name or value of theirs would break a line. */
export function unfitOptions(dhcp: DhcpSpec): readonly { portId: string; name: string }[] {
  return dhcp.hosts.flatMap((host) =>
    host.options
      .filter((option) => !isFit(option))
      .map((option) => ({ portId: host.portId, name: option.name })),
  );
}

export function isFit(option: { readonly name: string; readonly value: string }): boolean {
  return /^[0-9a-z-]{1,64}$/.test(option.name) && !/\p{Cc}/u.test(option.value);
}

function v4Options(subnet: ServedSubnet, dhcp: DhcpSpec): readonly string[] {
  const tag = tagOf(subnet);
  const own = ownAddresses(subnet, dhcp);
  const all = subnet.hostRoutes.filter(
    ({ destination, nexthop }) => isV4(destination) && isV4(nexthop),
  );
  // compat: without a gateway, a host route to everywhere names one.
  const gateway = subnet.gateway ?? all.find(isDefault)?.nexthop;
  const routes = [
    ...all
      .filter((route) => !isDefault(route))
      .map(({ destination, nexthop }) => `${destination},${nexthop}`),
    ...own.slice(0, 1).map((address) => `${METADATA_IPV4}/32,${address}`),
    // compat: the network's other subnets are on the same link, so no router is needed to reach them
    ...servedSubnets(dhcp)
      .filter((other) => other.range.version === 4 && other.cidr !== subnet.cidr)
      .map((other) => `${other.cidr},0.0.0.0`),
    // A client that is given routes ignores the router option, so the routes must hold the default.
    ...(gateway === undefined ? [] : [`0.0.0.0/0,${gateway}`]),
  ];
  return [
    [tag, 'option:dns-server', ...nameServers(subnet, own)].join(','),
    ...(routes.length === 0
      ? []
      : [
          [tag, 'option:classless-static-route', ...routes].join(','),
          [tag, '249', ...routes].join(','), // the same for old Windows
        ]),
    // Without a value the option is not sent; without the line dnsmasq would name itself.
    [tag, 'option:router', ...(gateway === undefined ? [] : [gateway])].join(','),
  ];
}

/** Gateways and the MTU are not among them: an IPv6 router says both itself. */
function v6Options(subnet: ServedSubnet, dhcp: DhcpSpec): readonly string[] {
  const tag = tagOf(subnet);
  const servers = nameServers(subnet, ownAddresses(subnet, dhcp));
  return [
    [tag, 'option6:dns-server', ...servers.map((address) => `[${address}]`)].join(','),
    [tag, 'option6:domain-search', dhcp.domain].join(','),
  ];
}

/** The subnet's own, or the DHCP server itself, which knows the network's names. */
function nameServers(
  { range, dnsNameservers }: ServedSubnet,
  own: readonly string[],
): readonly string[] {
  const servers = dnsNameservers.filter((server) => parseIp(server)?.version === range.version);
  // compat: the one name server `0.0.0.0` or `::` says that the subnet has none
  if (servers.length === 1 && servers[0] === (range.version === 4 ? '0.0.0.0' : '::')) return [];
  return servers.length > 0 ? servers : own;
}

/** The server's addresses in the subnet. */
function ownAddresses({ range }: ServedSubnet, dhcp: DhcpSpec): readonly string[] {
  return serverAddresses(dhcp, range.version)
    .map((address) => address.split('/')[0] ?? '')
    .filter((address) => {
      const ip = parseIp(address);
      return ip !== undefined && cidrContains(range, ip);
    });
}

function portOptions(port: ServedPort): readonly string[] {
  return [
    ...linesOf(port, port.v4, (name) => (/^\d+$/.test(name) ? name : `option:${name}`)),
    ...linesOf(port, [...port.v6, ...port.stateless], (name) => `option6:${name}`),
  ];
}

/** A port's options are the same for each of its addresses of a version. */
function linesOf(
  { portId }: ServedPort,
  [host]: readonly DhcpHost[],
  nameOf: (name: string) => string,
): readonly string[] {
  const options = host?.options.filter(isFit) ?? [];
  return options.map(({ name, value }) => `tag:port-${portId},${nameOf(name)},${value}`);
}

function tagOf(subnet: ServedSubnet): string {
  return `tag:subnet-${subnet.id}`;
}

function isV4(text: string): boolean {
  return !text.includes(':');
}

function isDefault({ destination }: { readonly destination: string }): boolean {
  return destination === '0.0.0.0/0';
}
