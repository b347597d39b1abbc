/** Networks as they travel: what may be sent, filtered by, sorted by and seen. */
import { defineResource, type CreateOf, type UpdateOf } from '../attributes/attribute.ts';
import { dnsDomain } from '../attributes/dns-readers.ts';
import {
  flag,
  integer,
  nameText,
  nonNegative,
  nullable,
  text,
  textList,
  uuid,
} from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import { readStormControl } from '../ports/storm-control.ts';

const WRITTEN = ['create', 'update'] as const;
const ALWAYS = ['create', 'get', 'update'] as const;

export const NETWORK = defineResource('network', 'networks', {
  ...STANDARD,
  name: { read: nameText(255), post: { default: '' }, put: true, filter: 'text', sort: true },
  subnets: {},
  admin_state_up: { read: flag, post: { default: true }, put: true, filter: 'flag', sort: true },
  status: { filter: 'text' },
  shared: { read: flag, post: { default: false }, put: true, filter: 'flag', guard: WRITTEN },
  port_security_enabled: {
    read: flag,
    post: { default: true },
    put: true,
    filter: 'flag',
    guard: WRITTEN,
  },
  storm_control: { read: readStormControl, post: { default: {} }, put: true, guard: WRITTEN },
  'router:external': {
    read: flag,
    post: { default: false },
    put: true,
    filter: 'flag',
    guard: WRITTEN,
  },
  is_default: { read: flag, post: { default: false }, put: true, filter: 'flag', guard: WRITTEN },
  'provider:network_type': { read: text(32), post: 'optional', filter: 'text', guard: ALWAYS },
  'provider:physical_network': {
    read: nullable(text(64)),
    post: 'optional',
    filter: 'text',
    guard: ALWAYS,
  },
  'provider:segmentation_id': {
    read: nullable(integer),
    post: 'optional',
    filter: 'number',
    guard: ALWAYS,
  },
  mtu: { read: nonNegative, post: 'optional', put: true, filter: 'number', sort: true },
  dns_domain: { read: dnsDomain, post: { default: '' }, put: true },
  availability_zone_hints: { read: textList(255), post: { default: [] } },
  availability_zones: {},
  qos_policy_id: { read: nullable(uuid), post: 'optional', put: true },
  ipv4_address_scope: {},
  ipv6_address_scope: {},
  l2_adjacency: {},
});

export type NetworkCreate = CreateOf<typeof NETWORK>;
export type NetworkUpdate = UpdateOf<typeof NETWORK>;
