/** The network service's tables. */
import type { Migration } from '../migrate.ts';
import { networkSecurity } from './0005-network-security.ts';

const STANDARD = `
      id text primary key,
      project_id text not null,
      description text not null,
      revision_number integer not null,
      created_at text not null,
      updated_at text not null`;

export const network: Migration = {
  number: 5,
  name: 'network',
  up: [
    `create table networks (${STANDARD},
      name text not null,
      admin_state_up integer not null,
      external integer not null,
      is_default integer not null,
      mtu integer not null,
      port_security_enabled integer not null,
      dns_domain text not null,
      network_type text not null,
      physical_network text,
      segmentation_id integer,
      availability_zone_hints text not null
    )`,
    `create index networks_project on networks (project_id)`,
    `create index networks_name on networks (name)`,
    `create index networks_external on networks (id) where external = 1`,
    `create unique index networks_segment on networks (network_type, physical_network, segmentation_id)
      where segmentation_id is not null and physical_network is not null`,
    `create unique index networks_tunnel on networks (network_type, segmentation_id)
      where segmentation_id is not null and physical_network is null`,
    `create unique index networks_flat on networks (physical_network) where network_type = 'flat'`,

    `create table subnets (${STANDARD},
      network_id text not null references networks (id) on delete cascade,
      name text not null,
      ip_version integer not null,
      cidr text not null,
      gateway_ip text,
      enable_dhcp integer not null,
      ipv6_ra_mode text,
      ipv6_address_mode text,
      allocation_pools text not null,
      dns_nameservers text not null,
      host_routes text not null,
      service_types text not null,
      dns_publish_fixed_ip integer not null
    )`,
    `create index subnets_network on subnets (network_id)`,
    `create index subnets_project on subnets (project_id)`,
    `create index subnets_name on subnets (name)`,
    `create index subnets_cidr on subnets (cidr)`,

    `create table ports (${STANDARD},
      network_id text not null references networks (id) on delete cascade,
      name text not null,
      mac_address text not null,
      admin_state_up integer not null,
      status text not null,
      device_id text not null,
      device_owner text not null,
      ip_allocation text not null,
      port_security_enabled integer not null,
      allowed_address_pairs text not null,
      extra_dhcp_opts text not null,
      dns_name text not null,
      dns_domain text not null,
      propagate_uplink_status integer not null,
      numa_affinity_policy text
    )`,
    `create unique index ports_mac on ports (network_id, mac_address)`,
    `create index ports_owner on ports (network_id, device_owner)`,
    `create index ports_project on ports (project_id)`,
    `create index ports_name on ports (name)`,
    `create index ports_device on ports (device_id)`,
    `create index ports_any_mac on ports (mac_address)`,

    `create table port_bindings (
      port_id text not null references ports (id) on delete cascade,
      host text not null,
      status text not null,
      vnic_type text not null,
      profile text not null,
      vif_type text not null,
      vif_details text not null,
      primary key (port_id, host)
    )`,
    `create index port_bindings_host on port_bindings (host)`,

    `create table fixed_ips (
      port_id text not null references ports (id) on delete cascade,
      network_id text not null,
      subnet_id text not null references subnets (id),
      ip_address text not null,
      ip_order text not null,
      position integer not null,
      primary key (subnet_id, ip_order)
    )`,
    `create index fixed_ips_port on fixed_ips (port_id, position)`,
    `create index fixed_ips_address on fixed_ips (ip_address)`,

    `create table network_hosts (host text primary key)`,

    `create table resource_tags (
      resource_id text not null,
      tag text not null,
      primary key (resource_id, tag)
    )`,
    `create index resource_tags_tag on resource_tags (tag)`,

    ...networkSecurity,
  ],
};
