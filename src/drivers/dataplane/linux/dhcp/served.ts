/** Which parts of a DHCP spec are for `dnsmasq` to serve, by IP version. */
import { parseCidr, formatCidr, type Cidr } from '#base/net/cidr.ts';
import type { DhcpHost, DhcpSpec, DhcpSubnet } from '#base/host/links.ts';

export type ServedSubnet = DhcpSubnet & { readonly range: Cidr };

/** dnsmasq refuses longer IPv6 networks, as does the router's advertisement: a guest's own part is at most 64 bits. */
const SHORTEST_V6_PREFIX = 64;

export function servedSubnets(dhcp: DhcpSpec): readonly ServedSubnet[] {
  return dhcp.subnets.flatMap((subnet) => {
    const range = parseCidr(subnet.cidr);
    if (range === undefined) return [];
    // compat: Neutron passes over an IPv6 subnet that dnsmasq cannot serve, and serves the others.
    const fits = range.version === 4 || range.prefix >= SHORTEST_V6_PREFIX;
    return fits ? [{ ...subnet, range }] : [];
  });
}

/** A port with what it is handed out. */
export type ServedPort = {
  readonly portId: string;
  readonly mac: string;
  readonly v4: readonly DhcpHost[];
  /** Addresses by DHCPv6. */
  readonly v6: readonly DhcpHost[];
  /** It makes its IPv6 address itself and asks for the rest. */
  readonly stateless: readonly DhcpHost[];
};

export function servedPorts(dhcp: DhcpSpec): readonly ServedPort[] {
  const kinds = new Map(servedSubnets(dhcp).map((subnet) => [subnet.id, kindOf(subnet)] as const));
  const ports = new Map<string, Record<Kind, DhcpHost[]> & { portId: string; mac: string }>();
  for (const host of dhcp.hosts) {
    const kind = kinds.get(host.subnetId);
    if (kind === undefined) continue;
    const { portId, mac } = host;
    const port = ports.get(portId) ?? { portId, mac, v4: [], v6: [], stateless: [] };
    port[kind].push(host);
    ports.set(portId, port);
  }
  return [...ports.values()];
}

/** The first address of a subnet. */
export function firstOf({ range }: ServedSubnet): string {
  return formatCidr(range).split('/')[0] ?? '';
}

/** The server's own addresses that are for guests of this version. */
export function serverAddresses(dhcp: DhcpSpec, version: 4 | 6): readonly string[] {
  return dhcp.addresses.filter((address) => parseCidr(address)?.version === version);
}

type Kind = 'v4' | 'v6' | 'stateless';

function kindOf(subnet: DhcpSubnet): Kind {
  if (subnet.ipVersion === 4) return 'v4';
  return subnet.ipv6Mode === 'dhcpv6-stateless' ? 'stateless' : 'v6';
}
