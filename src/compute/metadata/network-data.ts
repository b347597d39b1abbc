/** `network_data.json`: a server's cards and addresses, for a guest that configures itself. Pure. */
import { tapName } from '#base/host/links.ts';
import type { JsonObject } from '#base/json.ts';
import type { NetworkFacts, PortFacts, SubnetFacts } from '#network/network-api.ts';
import { booleanOf } from '../http/schema-parts.ts';

/** One card, in the order of attachment. */
export type NicFacts = { readonly port: PortFacts; readonly network: NetworkFacts };

/** Set on a server, this asks for the cards without an address too. */
const SHOW_UNADDRESSED = 'stackyard:unaddressed_nics';

export function showsUnaddressed(metadata: Readonly<Record<string, string>>): boolean {
  return booleanOf(metadata[SHOW_UNADDRESSED]) ?? false;
}

/**
 * The file's content; `{}` for a server without cards. compat: a card without an address is left out, link and all,
 * unless the server asks for it: then it is a link that no network goes over.
 */
export function networkData(
  nics: readonly NicFacts[],
  options: { readonly unaddressed: boolean },
): JsonObject {
  if (nics.length === 0) return {};
  const links: JsonObject[] = [];
  const networks: JsonObject[] = [];
  const services = new Map<string, JsonObject>();
  for (const { port, network } of nics) {
    const first = firstOfEach(port, network);
    if (first.length === 0 && !options.unaddressed) continue;
    const id = tapName(port.id);
    const dhcp = first.some(({ subnet }) => subnet.enableDhcp);
    links.push({
      id,
      vif_id: port.id,
      type: 'tap',
      // compat: unknown to the guest when DHCP will say it.
      mtu: dhcp ? null : network.mtu,
      ethernet_mac_address: port.mac,
    });
    for (const { subnet, ip } of first) {
      networks.push(viewNetwork(`network${networks.length}`, id, network.id, subnet, ip));
      for (const address of subnet.dnsNameservers) {
        services.set(address, { type: 'dns', address });
      }
    }
  }
  return { links, networks, services: [...services.values()] };
}

/** compat: only the first IPv4 and the first IPv6 address of a card are told. */
function firstOfEach(port: PortFacts, network: NetworkFacts) {
  const found: { subnet: SubnetFacts; ip: string }[] = [];
  for (const { subnetId, ip } of port.fixedIps) {
    const subnet = network.subnets.find(({ id }) => id === subnetId);
    if (!subnet || found.some((other) => other.subnet.ipVersion === subnet.ipVersion)) continue;
    found.push({ subnet, ip });
  }
  return found.sort((one, other) => one.subnet.ipVersion - other.subnet.ipVersion);
}

function viewNetwork(
  id: string,
  link: string,
  networkId: string,
  subnet: SubnetFacts,
  ip: string,
): JsonObject {
  const base = { id, type: typeOf(subnet), link, network_id: networkId };
  if (subnet.enableDhcp && (subnet.ipVersion === 4 || subnet.ipv6AddressMode === null)) return base;
  const routes = [
    ...(subnet.gatewayIp === null
      ? []
      : [
          {
            network: subnet.ipVersion === 4 ? '0.0.0.0' : '::',
            netmask: subnet.ipVersion === 4 ? '0.0.0.0' : '::',
            gateway: subnet.gatewayIp,
          },
        ]),
    ...subnet.hostRoutes.map(({ destination, nexthop }) => ({
      network: destination.split('/')[0] ?? '',
      netmask: netmask(destination),
      gateway: nexthop,
    })),
  ];
  return {
    ...base,
    ip_address: ip,
    netmask: netmask(subnet.cidr),
    routes,
    services: subnet.dnsNameservers.map((address) => ({ type: 'dns', address })),
  };
}

function typeOf(subnet: SubnetFacts): string {
  if (subnet.ipVersion === 4) return subnet.enableDhcp ? 'ipv4_dhcp' : 'ipv4';
  if (subnet.ipv6AddressMode === 'slaac') return 'ipv6_slaac';
  if (subnet.ipv6AddressMode !== null) return `ipv6_${subnet.ipv6AddressMode}`;
  return subnet.enableDhcp ? 'ipv6_dhcp' : 'ipv6';
}

/** `255.255.255.0` of `10.0.0.0/24`, `ffff:ffff:ffff:ffff::` of `fd00::/64`. */
export function netmask(cidr: string): string {
  const [address = '', length = '0'] = cidr.split('/');
  const v6 = address.includes(':');
  const bits = BigInt(v6 ? 128 : 32);
  const all = (1n << bits) - 1n;
  const mask = all ^ ((1n << (bits - BigInt(length))) - 1n);
  if (!v6) {
    return [24n, 16n, 8n, 0n].map((shift) => String((mask >> shift) & 0xffn)).join('.');
  }
  const groups = Array.from({ length: 8 }, (_unused, index) =>
    ((mask >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  );
  return groups.join(':').replace(/(?:^|:)0(?::0)*$/, '::');
}
