/** What a host should plug: the part of the desired document that describes networks and ports. */
import type { PortFirewall, StormControl, StormState } from './firewall.ts';

export type NetworkSpec = {
  readonly id: string;
  readonly mtu: number;
  readonly adminStateUp: boolean;
  /** Absent when no subnet of the network has DHCP switched on. */
  readonly dhcp: DhcpSpec | null;
  /**
   * The way out of an external network: the uplink answers for these addresses, the gateways of its subnets with
   * prefix length, and routes what comes to them. Null for other networks.
   */
  readonly uplink: { readonly addresses: readonly string[] } | null;
};

/** A port that is plugged on this host. */
export type PortSpec = {
  readonly id: string;
  readonly networkId: string;
  /** Host interface name: `tap` and the first 11 characters of the port id, as OpenStack names it. */
  readonly tap: string;
  readonly mac: string;
  readonly mtu: number;
  readonly adminStateUp: boolean;
  /** What may leave and enter the port; null when its port security is off: everything. */
  readonly firewall: PortFirewall | null;
  /** Holds with and without port security. */
  readonly storm: StormControl;
};

/** One DHCP server for a network, listening on a port of its own. */
export type DhcpSpec = {
  readonly portId: string;
  readonly mac: string;
  /** The server's own addresses with prefix length, one for each subnet, such as `10.0.0.2/24`. */
  readonly addresses: readonly string[];
  readonly subnets: readonly DhcpSubnet[];
  readonly hosts: readonly DhcpHost[];
  /** Domain handed to guests, such as `openstacklocal`. */
  readonly domain: string;
};

export type DhcpSubnet = {
  readonly id: string;
  readonly ipVersion: 4 | 6;
  /** Of IPv6: whether addresses are handed out too, or only what goes with addresses that guests make. Null for IPv4. */
  readonly ipv6Mode: 'dhcpv6-stateful' | 'dhcpv6-stateless' | null;
  readonly cidr: string;
  readonly gateway: string | null;
  readonly dnsNameservers: readonly string[];
  readonly hostRoutes: readonly { readonly destination: string; readonly nexthop: string }[];
};

/** A fixed lease: nobody else gets an address. On a subnet that is not among the served, only a name to be known. */
export type DhcpHost = {
  readonly portId: string;
  readonly mac: string;
  readonly ip: string;
  readonly subnetId: string;
  readonly hostname: string;
  /** Neutron's `extra_dhcp_opts` of the address's IP version, by name (`mtu`, `bootfile-name`) or number (`67`). */
  readonly options: readonly { readonly name: string; readonly value: string }[];
};

/**
 * What is really plugged. `plugged`: on its network, with its rules. `carrier`: something, such as a
 * guest, holds the other end; false while the port is administratively down.
 */
export type PortState = {
  readonly id: string;
  readonly plugged: boolean;
  readonly carrier: boolean;
  readonly storm: StormState;
};

/** The tap name that a port has on every host. */
export function tapName(portId: string): string {
  return `tap${portId.slice(0, 11)}`;
}
