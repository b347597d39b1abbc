/** The network service's tables of routers, floating IPs and port forwardings. */
import type { Flag } from '../tables.ts';
import type { Standard } from './network.ts';

export interface RoutersTable extends Standard {
  name: string;
  admin_state_up: Flag;
  /** ACTIVE when its host has it as it should be. */
  status: 'ACTIVE' | 'DOWN' | 'BUILD' | 'ERROR';
  /** Why it is in ERROR, as its host said; null otherwise. */
  status_reason: string | null;
  /** Its port on the external network; null without a gateway. */
  gateway_port_id: string | null;
  enable_snat: Flag;
  /** JSON: a list of `{destination, nexthop}`. */
  routes: string;
  /** JSON: a list of names. */
  availability_zone_hints: string;
  distributed: Flag;
  ha: Flag;
  /** The host that routes; '' while none is known. */
  host: string;
}

/** A router's ports on internal networks. The gateway is in `routers`. */
export interface RouterPortsTable {
  port_id: string;
  router_id: string;
}

export interface FloatingIpsTable extends Standard {
  floating_network_id: string;
  floating_ip_address: string;
  /** The address as hexadecimal digits of one length, so that it sorts as a number does. */
  ip_order: string;
  /** Its own port on the external network, `network:floatingip`, which holds the address. */
  floating_port_id: string;
  /** The port it leads to; null when it leads nowhere. */
  fixed_port_id: string | null;
  fixed_ip_address: string | null;
  /** The router that it leads through, whose status is its own. */
  router_id: string | null;
  dns_name: string;
  dns_domain: string;
}

export interface PortForwardingsTable {
  id: string;
  floating_ip_id: string;
  project_id: string;
  protocol: 'tcp' | 'udp' | 'sctp' | 'dccp' | 'icmp' | 'ipv6-icmp';
  /** Both ends of each range; null for ICMP. */
  external_port_first: number | null;
  external_port_last: number | null;
  internal_port_id: string;
  internal_ip_address: string;
  internal_port_first: number | null;
  internal_port_last: number | null;
  description: string;
  revision_number: number;
  created_at: string;
  updated_at: string;
}

export interface NetworkL3Tables {
  routers: RoutersTable;
  router_ports: RouterPortsTable;
  floating_ips: FloatingIpsTable;
  port_forwardings: PortForwardingsTable;
}
