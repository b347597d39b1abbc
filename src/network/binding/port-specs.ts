/** Rows as what a host should know of a port that it plugs. Pure. */
import { tapName, type PortSpec } from '#base/host/links.ts';
import type { AddressPair } from '../ports/address-pairs.ts';
import { ethertypesOf, portModeOf } from '../ports/port-modes.ts';
import { stormControlOf } from '../ports/storm-control.ts';
import type { Port } from '../ports/whole-port.store.ts';
import { firewallOf, type FirewallPort } from './firewall-specs.ts';
import type { ToldPort } from './told-port.store.ts';

export function portSpec(port: ToldPort): PortSpec {
  const { row } = port;
  return {
    id: row.id,
    networkId: row.network_id,
    tap: tapName(row.id),
    mac: row.mac_address,
    mtu: row.mtu,
    adminStateUp: row.admin_state_up === 1,
    firewall: firewallOf(firewallPort(port)),
    storm: stormControlOf({ storm_control: row.network_storm_control }, row),
  };
}

export function firewallPort({ row, addresses, groupIds }: ToldPort): FirewallPort {
  return {
    id: row.id,
    networkId: row.network_id,
    mac: row.mac_address,
    deviceOwner: row.device_owner,
    portSecurity: row.port_security_enabled === 1,
    mode: portModeOf(row),
    ethertypes: ethertypesOf(row),
    pairs: JSON.parse(row.allowed_address_pairs) as readonly AddressPair[],
    addresses,
    groups: groupIds,
  };
}

/** All that hosts are told of a port: when two are the same, nobody needs to be told. */
export function toldOf({ row, binding, fixedIps, groupIds }: Port): string {
  return JSON.stringify([
    row.mac_address,
    row.admin_state_up,
    row.port_security_enabled,
    row.port_mode,
    row.permitted_ethertypes,
    row.ip_allocation,
    row.allowed_address_pairs,
    row.storm_control,
    row.storm_clears,
    row.extra_dhcp_opts,
    row.dns_name,
    row.device_id,
    row.device_owner,
    binding.host,
    binding.vif_type,
    fixedIps.map((fixedIp) => fixedIp.ip_address),
    groupIds,
  ]);
}
