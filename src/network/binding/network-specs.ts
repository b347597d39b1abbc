/** Rows as what a host should know of a network, with its DHCP server. Pure. */
import type { DhcpHost, DhcpSpec, NetworkSpec } from '#base/host/links.ts';
import type { NetworkRow } from '../networks/network.store.ts';
import type { DhcpOpt } from '../ports/dhcp-opts.ts';
import type { HostRoute } from '../subnets/subnet.schema.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';

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
    uplink: network.external === 1 ? { addresses: uplinkAddresses(subnets) } : null,
  };
}

/** The gateways of an external network's subnets, where the way out begins. */
function uplinkAddresses(subnets: readonly SubnetRow[]): readonly string[] {
  return subnets.flatMap((subnet) =>
    subnet.gateway_ip === null ? [] : [`${subnet.gateway_ip}/${prefixOf(subnet)}`],
  );
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
      ipVersion: 4,
      ipv6Mode: null,
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
