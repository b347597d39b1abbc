/** Rows as what a host should know of a network, with its DHCP server. Pure. */
import type { DhcpHost, DhcpSpec, DhcpSubnet, NetworkSpec } from '#base/host/links.ts';
import type { NetworkRow } from '../networks/network.store.ts';
import type { DhcpOpt } from '../ports/dhcp-opts.ts';
import type { HostRoute } from '../subnets/subnet.schema.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';

/** An address of a port, as a DHCP server hands it out or at least knows it by name. */
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

/** A network with its DHCP server, when one of its subnets wants one and it has an address there. */
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
  const own = (subnet: SubnetRow) =>
    dhcpPort.fixedIps.filter(({ subnet_id }) => subnet_id === subnet.id);
  const here = subnets.filter((subnet) => subnet.enable_dhcp === 1 && own(subnet).length > 0);
  const served = here.filter((subnet) => subnet.ip_version === 4 || ipv6Mode(subnet) !== null);
  if (served.length === 0) return null;
  return {
    portId: dhcpPort.id,
    mac: dhcpPort.mac,
    // Also where guests make their addresses themselves: the port has that address, so it answers there.
    addresses: here.flatMap((subnet) =>
      own(subnet).map(({ ip_address }) => `${ip_address}/${prefixOf(subnet)}`),
    ),
    subnets: served.map((subnet) => ({
      id: subnet.id,
      ipVersion: subnet.ip_version === 4 ? 4 : 6,
      ipv6Mode: ipv6Mode(subnet),
      cidr: subnet.cidr,
      gateway: subnet.gateway_ip,
      dnsNameservers: JSON.parse(subnet.dns_nameservers) as readonly string[],
      hostRoutes: JSON.parse(subnet.host_routes) as readonly HostRoute[],
    })),
    hosts: leases.filter((lease) => lease.port_id !== dhcpPort.id).map(dhcpHost),
    domain: network.dns_domain === '' ? domain : network.dns_domain.replace(/\.$/, ''),
  };
}

/** What a DHCPv6 server has to do on a subnet; null for one where guests need none, or have another. */
function ipv6Mode(subnet: SubnetRow): DhcpSubnet['ipv6Mode'] {
  if (subnet.ip_version === 4) return null;
  const { ipv6_address_mode: addresses, ipv6_ra_mode: announced } = subnet;
  if (addresses === 'dhcpv6-stateless') return addresses;
  // compat: without either mode Neutron hands out addresses, to guests that ask without being told to.
  const nothingSaid = addresses === null && announced === null;
  return addresses === 'dhcpv6-stateful' || nothingSaid ? 'dhcpv6-stateful' : null;
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
      .filter((option) => option.ip_version === (lease.ip_address.includes(':') ? 6 : 4))
      .map((option) => ({ name: option.opt_name, value: option.opt_value })),
  };
}

function hostnameOf({ dns_name, ip_address }: LeaseRow): string {
  return dns_name === ''
    ? `host-${ip_address.replaceAll(/[.:]/g, '-')}`
    : (dns_name.split('.')[0] ?? '');
}
