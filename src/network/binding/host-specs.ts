/** Rows as what a host should plug: the network's sections of the desired document. Pure. */
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import {
  tapName,
  type DhcpHost,
  type DhcpSpec,
  type NetworkSpec,
  type PortSpec,
} from '#base/host/links.ts';
import type { NetworkRow } from '../networks/network.store.ts';
import type { AddressPair } from '../ports/address-pairs.ts';
import type { DhcpOpt } from '../ports/dhcp-opts.ts';
import type { Port } from '../ports/whole-port.store.ts';
import type { HostRoute } from '../subnets/subnet.schema.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';

/** What a host must know of a port that it plugs. */
export type PlugRow = {
  readonly id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly admin_state_up: 0 | 1;
  readonly port_security_enabled: 0 | 1;
  readonly allowed_address_pairs: string;
};

export function portSpec(port: PlugRow, mtu: number): PortSpec {
  const pairs = JSON.parse(port.allowed_address_pairs) as readonly AddressPair[];
  const macs = new Set([port.mac_address, ...pairs.map((pair) => pair.mac_address)]);
  return {
    id: port.id,
    networkId: port.network_id,
    tap: tapName(port.id),
    mac: port.mac_address,
    mtu,
    adminStateUp: port.admin_state_up === 1,
    firewall:
      port.port_security_enabled === 1
        ? { mode: 'l2', macs: [...macs], pairs: [], ethertypes: [], groups: [] }
        : null,
    storm: DEFAULT_STORM_CONTROL,
  };
}

/** An address of a port, as a DHCP server hands it out. */
export type LeaseRow = {
  readonly port_id: string;
  readonly mac_address: string;
  readonly ip_address: string;
  readonly subnet_id: string;
  readonly dns_name: string;
  readonly extra_dhcp_opts: string;
};

/** The DHCP server's own port. */
export type DhcpPort = {
  readonly id: string;
  readonly mac: string;
  readonly fixedIps: readonly { readonly subnet_id: string; readonly ip_address: string }[];
};

/** A network with its DHCP server, when one of its IPv4 subnets wants one and it has an address there. */
export function networkSpec(
  network: NetworkRow,
  subnets: readonly SubnetRow[],
  dhcpPort: DhcpPort | undefined,
  { leases, domain }: { leases: readonly LeaseRow[]; domain: string },
): NetworkSpec {
  return {
    id: network.id,
    mtu: network.mtu,
    adminStateUp: network.admin_state_up === 1,
    dhcp: dhcpPort ? dhcpSpec(network, subnets, dhcpPort, { leases, domain }) : null,
  };
}

function dhcpSpec(
  network: NetworkRow,
  subnets: readonly SubnetRow[],
  dhcpPort: DhcpPort,
  { leases, domain }: { leases: readonly LeaseRow[]; domain: string },
): DhcpSpec | null {
  const served = subnets.filter(
    (subnet) =>
      subnet.enable_dhcp === 1 &&
      subnet.ip_version === 4 &&
      dhcpPort.fixedIps.some(({ subnet_id }) => subnet_id === subnet.id),
  );
  if (served.length === 0) return null;
  const servedIds = new Set(served.map((subnet) => subnet.id));
  return {
    portId: dhcpPort.id,
    mac: dhcpPort.mac,
    addresses: served.flatMap((subnet) =>
      dhcpPort.fixedIps
        .filter(({ subnet_id }) => subnet_id === subnet.id)
        .map(({ ip_address }) => `${ip_address}/${prefixOf(subnet)}`),
    ),
    subnets: served.map((subnet) => ({
      id: subnet.id,
      cidr: subnet.cidr,
      gateway: subnet.gateway_ip,
      dnsNameservers: JSON.parse(subnet.dns_nameservers) as readonly string[],
      hostRoutes: JSON.parse(subnet.host_routes) as readonly HostRoute[],
    })),
    hosts: leases
      .filter((lease) => servedIds.has(lease.subnet_id) && lease.port_id !== dhcpPort.id)
      .map(dhcpHost),
    domain: network.dns_domain === '' ? domain : network.dns_domain.replace(/\.$/, ''),
  };
}

function prefixOf(subnet: SubnetRow): string {
  return subnet.cidr.split('/')[1] ?? '';
}

function dhcpHost(lease: LeaseRow): DhcpHost {
  const options =
    lease.extra_dhcp_opts === '[]' ? [] : (JSON.parse(lease.extra_dhcp_opts) as readonly DhcpOpt[]);
  return {
    portId: lease.port_id,
    mac: lease.mac_address,
    ip: lease.ip_address,
    subnetId: lease.subnet_id,
    hostname: hostnameOf(lease),
    options: options
      .filter((option) => option.ip_version === 4)
      .map((option) => ({ name: option.opt_name, value: option.opt_value })),
  };
}

function hostnameOf({ dns_name, ip_address }: LeaseRow): string {
  return dns_name === ''
    ? `host-${ip_address.replaceAll('.', '-')}`
    : (dns_name.split('.')[0] ?? '');
}

/** All that hosts are told of a port: when two are the same, nobody needs to be told. */
export function toldOf({ row, binding, fixedIps }: Port): string {
  return JSON.stringify([
    row.mac_address,
    row.admin_state_up,
    row.port_security_enabled,
    row.allowed_address_pairs,
    row.extra_dhcp_opts,
    row.dns_name,
    row.device_id,
    row.device_owner,
    binding.host,
    binding.vif_type,
    fixedIps.map((fixedIp) => fixedIp.ip_address),
  ]);
}
