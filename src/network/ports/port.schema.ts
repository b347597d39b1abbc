/** Ports as they travel: what may be sent, filtered by, sorted by and seen. */
import { isJsonObject } from '#base/json.ts';
import { pythonStr } from '#base/text/python.ts';
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import { dnsDomain, dnsName } from '../attributes/dns-readers.ts';
import {
  dictionary,
  flag,
  ipAddress,
  isUuid,
  macAddress,
  nameText,
  nullable,
  nullAs,
  oneOf,
  text,
  uuid,
  uuidList,
} from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import type { FixedIpWanted } from '../ipam/ipam.rules.ts';
import { invalidAttribute } from '../network.faults.ts';
import { readAddressPairs } from './address-pairs.ts';
import { readDhcpOpts } from './dhcp-opts.ts';
import { PORT_MODES, readEthertypes } from './port-modes.ts';
import { readStormControl, readStormState } from './storm-control.ts';

/** What a card may be; only `normal` can be plugged here. */
export const VNIC_TYPES = [
  'normal',
  'direct',
  'macvtap',
  'baremetal',
  'direct-physical',
  'virtio-forwarder',
  'smart-nic',
  'vdpa',
  'accelerator-direct',
  'accelerator-direct-physical',
  'remote-managed',
] as const;

export const fixedIps: Reader<readonly FixedIpWanted[]> = (sent, name) => {
  const bad = (value: unknown) =>
    invalidAttribute(name, `Invalid data format for fixed IP: '${pythonStr(value)}'`);
  if (!Array.isArray(sent)) throw bad(sent);
  const seen = new Set<string>();
  return (sent as readonly unknown[]).map((item) => {
    if (!isJsonObject(item)) throw bad(item);
    const { subnet_id, ip_address } = item;
    const ip = ip_address === undefined ? undefined : ipAddress(ip_address, name);
    if (ip !== undefined && seen.has(ip)) {
      throw invalidAttribute(name, `Duplicate IP address '${ip}'`);
    }
    if (ip !== undefined) seen.add(ip);
    if (subnet_id !== undefined && !isUuid(subnet_id)) {
      throw invalidAttribute(name, `'${pythonStr(subnet_id)}' is not a valid UUID`);
    }
    return {
      ...(subnet_id !== undefined && { subnet_id }),
      ...(ip !== undefined && { ip_address: ip }),
    };
  });
};

const WRITTEN = ['create', 'update'] as const;
const ALWAYS = ['create', 'get', 'update'] as const;

export const PORT = defineResource('port', 'ports', {
  ...STANDARD,
  name: { read: nameText(255), post: { default: '' }, put: true, filter: 'text', sort: true },
  network_id: { read: uuid, post: 'required', filter: 'text', sort: true },
  admin_state_up: { read: flag, post: { default: true }, put: true, filter: 'flag', sort: true },
  mac_address: {
    read: nullable(macAddress),
    post: 'optional',
    put: true,
    filter: 'text',
    sort: true,
    guard: WRITTEN,
  },
  fixed_ips: {
    read: fixedIps,
    post: 'optional',
    put: true,
    filter: 'own',
    guard: WRITTEN,
    guardMembers: true,
  },
  device_id: {
    read: text(255),
    post: { default: '' },
    put: true,
    filter: 'text',
    sort: true,
    guard: WRITTEN,
  },
  device_owner: {
    read: text(255),
    post: { default: '' },
    put: true,
    filter: 'text',
    sort: true,
    guard: WRITTEN,
  },
  status: { filter: 'text', sort: true },
  /** Ours: why it is ERROR. */
  status_reason: {},
  port_security_enabled: {
    read: flag,
    post: 'optional',
    put: true,
    filter: 'flag',
    guard: WRITTEN,
  },
  port_mode: {
    read: oneOf([...PORT_MODES, null]),
    post: { default: null },
    put: true,
    filter: 'own',
    sort: true,
    guard: WRITTEN,
  },
  permitted_ethertypes: {
    read: nullAs([], readEthertypes),
    post: { default: [] },
    put: true,
    guard: WRITTEN,
  },
  storm_control: { read: readStormControl, post: { default: {} }, put: true, guard: WRITTEN },
  storm_state: { read: readStormState, put: true, guard: ['update'] },
  security_groups: { read: nullAs([], uuidList), post: 'optional', put: true, filter: 'own' },
  'binding:vnic_type': {
    read: oneOf(VNIC_TYPES),
    post: { default: 'normal' },
    put: true,
    guard: WRITTEN,
  },
  'binding:host_id': {
    read: nullAs('', text(255)),
    post: { default: '' },
    put: true,
    filter: 'text',
    guard: ALWAYS,
  },
  'binding:profile': {
    read: nullAs({}, dictionary),
    post: { default: {} },
    put: true,
    guard: ALWAYS,
  },
  'binding:vif_type': { guard: ['get'] },
  'binding:vif_details': { guard: ['get'] },
  allowed_address_pairs: {
    read: nullAs([], readAddressPairs),
    post: { default: [] },
    put: true,
    guard: WRITTEN,
    guardMembers: true,
  },
  extra_dhcp_opts: { read: nullAs([], readDhcpOpts), post: { default: [] }, put: true },
  dns_name: { read: dnsName, post: { default: '' }, put: true, filter: 'text' },
  dns_domain: { read: dnsDomain, post: { default: '' }, put: true },
  dns_assignment: {},
  propagate_uplink_status: { read: flag, post: { default: true } },
  numa_affinity_policy: {
    read: oneOf(['required', 'preferred', 'legacy', null]),
    post: { default: null },
    put: true,
  },
  qos_policy_id: { read: nullable(uuid), post: 'optional', put: true },
  qos_network_policy_id: {},
  resource_request: { guard: ['get'] },
  ip_allocation: { filter: 'text', sort: true },
});

export type PortCreate = CreateOf<typeof PORT>;
export type PortUpdate = UpdateOf<typeof PORT>;
