/** Rows as what a host should know of a router. Pure. */
import type {
  AdvertisedSubnet,
  FloatingIpSpec,
  PortForwardingSpec,
  PortRange,
  RouterGatewaySpec,
  RouterInterfaceSpec,
  RouterLinkSpec,
  RouterSpec,
} from '#base/host/routers.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';
import type { ToldForwarding, ToldRouter, ToldRouterPort } from './told-router.store.ts';

export function routerSpec({ row, ports, floatingIps, forwardings }: ToldRouter): RouterSpec {
  const gateway = ports.find((port) => port.id === row.gateway_port_id);
  const routes = JSON.parse(row.routes) as RouterSpec['routes'];
  return {
    id: row.id,
    adminStateUp: row.admin_state_up === 1,
    interfaces: ports.filter((port) => port !== gateway).map(interfaceSpec),
    gateway: gateway ? gatewaySpec(gateway, row.enable_snat === 1) : null,
    routes: routes.toSorted((one, other) => (textOf(one) < textOf(other) ? -1 : 1)),
    floatingIps: floatingIps.flatMap(floatingIpSpec),
    forwardings: forwardings.map(forwardingSpec),
  };
}

/** The networks that a router is between. */
export function networksOf({ interfaces, gateway }: RouterSpec): ReadonlySet<string> {
  return new Set([...interfaces, ...(gateway ? [gateway] : [])].map((link) => link.networkId));
}

function linkSpec(port: ToldRouterPort): RouterLinkSpec {
  return {
    portId: port.id,
    networkId: port.network_id,
    mac: port.mac_address,
    mtu: port.mtu,
    adminStateUp: port.admin_state_up === 1,
    addresses: port.addresses.map(
      ({ ip_address, subnet }) => `${ip_address}/${subnet.cidr.split('/')[1]}`,
    ),
  };
}

function interfaceSpec(port: ToldRouterPort): RouterInterfaceSpec {
  return {
    ...linkSpec(port),
    advertised: port.addresses.flatMap(({ subnet }) => advertisedSubnet(subnet)),
  };
}

/** Only what the router is asked to announce: a subnet without `ipv6_ra_mode` has somebody else for that, or nobody. */
function advertisedSubnet(subnet: SubnetRow): readonly AdvertisedSubnet[] {
  if (subnet.ipv6_ra_mode === null) return [];
  return [
    {
      cidr: subnet.cidr,
      mode: subnet.ipv6_ra_mode as AdvertisedSubnet['mode'],
      dnsNameservers: JSON.parse(subnet.dns_nameservers) as readonly string[],
    },
  ];
}

function gatewaySpec(port: ToldRouterPort, snat: boolean): RouterGatewaySpec {
  const nexthopOf = (version: 4 | 6) =>
    port.addresses.find(({ subnet }) => subnet.ip_version === version && subnet.gateway_ip !== null)
      ?.subnet.gateway_ip ?? [];
  return { ...linkSpec(port), nexthops: [4 as const, 6 as const].flatMap(nexthopOf), snat };
}

/** One that leads nowhere, or to ports of its own by forwarding, is no address of anybody inside. */
function floatingIpSpec(row: ToldRouter['floatingIps'][number]): readonly FloatingIpSpec[] {
  if (row.fixed_ip_address === null) return [];
  return [{ id: row.id, floatingIp: row.floating_ip_address, fixedIp: row.fixed_ip_address }];
}

function forwardingSpec(row: ToldForwarding): PortForwardingSpec {
  return {
    id: row.id,
    floatingIp: row.floating_ip_address,
    protocol: row.protocol,
    externalPorts: rangeOf(row.external_port_first, row.external_port_last),
    internalIp: row.internal_ip_address,
    internalPorts: rangeOf(row.internal_port_first, row.internal_port_last),
  };
}

function rangeOf(first: number | null, last: number | null): PortRange | null {
  return first === null || last === null ? null : { first, last };
}

function textOf({ destination, nexthop }: RouterSpec['routes'][number]): string {
  return `${destination} ${nexthop}`;
}
