/** Floating IPs as they travel: what may be sent, filtered by, sorted by and seen. */
import { defineResource, type CreateOf, type UpdateOf } from '../attributes/attribute.ts';
import { dnsDomain, floatingDnsName } from '../attributes/dns-readers.ts';
import { ipAddress, nullable, uuid } from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';

export const FLOATING_IP = defineResource('floatingip', 'floatingips', {
  ...STANDARD,
  floating_network_id: { read: uuid, post: 'required', filter: 'text', sort: true },
  subnet_id: { read: nullable(uuid), post: { default: null }, hidden: true },
  floating_ip_address: {
    read: nullable(ipAddress),
    post: { default: null },
    filter: 'text',
    sort: true,
    guard: ['create'],
  },
  port_id: { read: nullable(uuid), post: { default: null }, put: true, filter: 'own' },
  fixed_ip_address: {
    read: nullable(ipAddress),
    post: { default: null },
    put: true,
    filter: 'text',
    sort: true,
  },
  router_id: { filter: 'text', sort: true },
  status: { filter: 'own', sort: true },
  port_details: {},
  port_forwardings: {},
  dns_name: { read: floatingDnsName, post: { default: '' } },
  dns_domain: { read: dnsDomain, post: { default: '' } },
  // compat: policies of quality of service are somebody else's extension, but clients show the column.
  qos_policy_id: { read: nullable(uuid), post: 'optional', put: true },
});

export type FloatingIpCreate = CreateOf<typeof FLOATING_IP>;
export type FloatingIpUpdate = UpdateOf<typeof FLOATING_IP>;
