/** The core tables of the network service. Columns are text and integer only; times are ISO text in UTC; booleans 0 and 1. */
import type { PortMode, StormState } from '#base/host/firewall.ts';
import type { Flag } from '../tables.ts';

/** What every resource of the network service has. */
export interface Standard {
  id: string;
  project_id: string;
  description: string;
  revision_number: number;
  created_at: string;
  updated_at: string;
}

export interface NetworksTable extends Standard {
  name: string;
  admin_state_up: Flag;
  /** `router:external`. Who may see and use the network beside its owner is in `rbac_policies`. */
  external: Flag;
  is_default: Flag;
  mtu: number;
  port_security_enabled: Flag;
  dns_domain: string;
  network_type: string;
  physical_network: string | null;
  segmentation_id: number | null;
  /** JSON: a list of names. */
  availability_zone_hints: string;
  /** JSON: what was set of storm control; the rest is as usual. */
  storm_control: string;
}

export interface SubnetsTable extends Standard {
  network_id: string;
  name: string;
  ip_version: 4 | 6;
  cidr: string;
  gateway_ip: string | null;
  enable_dhcp: Flag;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
  /** JSON: a list of `{start, end}`. */
  allocation_pools: string;
  /** JSON: a list of addresses, in order. */
  dns_nameservers: string;
  /** JSON: a list of `{destination, nexthop}`. */
  host_routes: string;
  /** JSON: a list of device owners, or of how they begin. */
  service_types: string;
  dns_publish_fixed_ip: Flag;
}

export interface PortsTable extends Standard {
  network_id: string;
  name: string;
  /** Lower case, colon separated; unique in its network. */
  mac_address: string;
  admin_state_up: Flag;
  status: 'ACTIVE' | 'DOWN' | 'BUILD' | 'ERROR';
  /** Why it is in ERROR, as its host said; null otherwise. */
  status_reason: string | null;
  device_id: string;
  device_owner: string;
  ip_allocation: 'immediate' | 'deferred' | 'none';
  port_security_enabled: Flag;
  /** JSON: a list of `{mac_address, ip_address}`. */
  allowed_address_pairs: string;
  /** JSON: a list of `{opt_name, opt_value, ip_version}`. */
  extra_dhcp_opts: string;
  dns_name: string;
  dns_domain: string;
  propagate_uplink_status: Flag;
  numa_affinity_policy: string | null;
  /** Null: nobody chose one. */
  port_mode: PortMode | null;
  /** JSON: a list of numbers in hexadecimal, such as `0x88cc`. */
  permitted_ethertypes: string;
  /** JSON: what was set of storm control; the rest is as the network has it. */
  storm_control: string;
  /** How often a quarantine was cleared. */
  storm_clears: number;
}

/** What became of a port's storm state: the newest of each port. */
export interface StormEventsTable {
  id: string;
  port_id: string;
  /** Which of the port's it is, from 1. */
  number: number;
  state: StormState;
  message: string;
  created_at: string;
}

/** Where a port is plugged: its one active row; inactive ones say where it may be plugged next. */
export interface PortBindingsTable {
  port_id: string;
  /** '' for nowhere. */
  host: string;
  status: 'ACTIVE' | 'INACTIVE';
  vnic_type: string;
  /** JSON. */
  profile: string;
  vif_type: string;
  /** JSON. */
  vif_details: string;
}

/** An address that a port has. */
export interface FixedIpsTable {
  port_id: string;
  network_id: string;
  subnet_id: string;
  ip_address: string;
  /** The address as hexadecimal digits of one length, so that it sorts as a number does. */
  ip_order: string;
  /** Which of the port's addresses it is, from 0. */
  position: number;
}

/** Tags of every kind of resource. Whoever deletes a resource deletes its tags. */
export interface ResourceTagsTable {
  resource_id: string;
  tag: string;
}

/** A host that has ever been heard of: ports may be bound there, also while it is away. */
export interface NetworkHostsTable {
  host: string;
}

export interface NetworkTables {
  networks: NetworksTable;
  subnets: SubnetsTable;
  ports: PortsTable;
  port_bindings: PortBindingsTable;
  fixed_ips: FixedIpsTable;
  network_hosts: NetworkHostsTable;
  resource_tags: ResourceTagsTable;
  storm_events: StormEventsTable;
}
