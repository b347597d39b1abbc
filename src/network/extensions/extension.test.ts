/** The extension list over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS_GROUP } from '../address-groups/address-group.schema.ts';
import { AGENT } from '../agents/agent.schema.ts';
import type { Resource } from '../attributes/attribute.ts';
import { FLOATING_IP } from '../floating-ips/floating-ip.schema.ts';
import { NETWORK_IP_AVAILABILITY } from '../network-ip-availabilities/network-ip-availability.schema.ts';
import { NETWORK } from '../networks/network.schema.ts';
import { PORT } from '../ports/port.schema.ts';
import { PORT_FORWARDING } from '../port-forwardings/port-forwarding.schema.ts';
import { ROUTER } from '../routers/router.schema.ts';
import { SECURITY_GROUP, SECURITY_GROUP_RULE } from '../security-groups/security-group.schema.ts';
import { SUBNET } from '../subnets/subnet.schema.ts';
import { EXTENSIONS } from './extensions.ts';
import { startExtras } from './testing.ts';

type Extension = { alias: string; name: string; links: unknown };

test('GET /v2.0/extensions lists every extension once, in the order of aliases', async () => {
  await using cloud = await startExtras();
  const { extensions } = (await cloud.as('red').get('/extensions')).body as {
    extensions: Extension[];
  };
  const aliases = extensions.map(({ alias }) => alias);
  assert.deepEqual(aliases, [...new Set(aliases)].toSorted());
  assert.equal(aliases.length, EXTENSIONS.length);
  assert.ok(extensions.every(({ links }) => Array.isArray(links)));
  // What comes with later work is not promised today.
  for (const later of [
    'l3-ha',
    'subnet_allocation',
    'qos',
    'trunk',
    'segment',
    'vlan-transparent',
  ]) {
    assert.equal(aliases.includes(later), false, later);
  }
  assert.equal(Object.hasOwn(NETWORK.attributes, 'vlan_transparent'), false);
});

test('GET /v2.0/extensions/{alias} shows one, and says which it does not know', async () => {
  await using cloud = await startExtras();
  assert.deepEqual((await cloud.as('red').get('/extensions/security-group')).body, {
    extension: {
      alias: 'security-group',
      name: 'security-group',
      description: 'The security groups extension.',
      updated: '2012-10-05T10:00:00-00:00',
      links: [],
    },
  });
  const missing = await cloud.as('red').get('/extensions/dvr');
  assert.deepEqual(
    [missing.status, missing.error],
    [404, 'HTTPNotFound: Extension with alias dvr does not exist'],
  );
});

/** Extensions that are attributes, and what they add. */
const ADDED: readonly (readonly [string, Resource, readonly string[]])[] = [
  ['address-group', ADDRESS_GROUP, ['addresses']],
  ['agent', AGENT, ['alive', 'configurations']],
  ['allowed-address-pairs', PORT, ['allowed_address_pairs']],
  ['binding', PORT, ['binding:host_id', 'binding:vif_type', 'binding:vnic_type']],
  ['dns-domain-ports', PORT, ['dns_domain']],
  ['dns-integration', PORT, ['dns_name', 'dns_assignment']],
  ['ext-gw-mode', ROUTER, ['external_gateway_info']],
  ['external-net', NETWORK, ['router:external']],
  ['extra_dhcp_opt', PORT, ['extra_dhcp_opts']],
  ['dns-integration', FLOATING_IP, ['dns_name', 'dns_domain']],
  ['expose-port-forwarding-in-fip', FLOATING_IP, ['port_forwardings']],
  ['fip-port-details', FLOATING_IP, ['port_details']],
  ['floating-ip-port-forwarding', PORT_FORWARDING, ['internal_port', 'external_port']],
  ['floating-ip-port-forwarding-description', PORT_FORWARDING, ['description']],
  ['floating-ip-port-forwarding-port-ranges', PORT_FORWARDING, ['external_port_range']],
  ['ip_allocation', PORT, ['ip_allocation']],
  ['l2_adjacency', NETWORK, ['l2_adjacency']],
  ['net-mtu', NETWORK, ['mtu']],
  ['network-ip-availability', NETWORK_IP_AVAILABILITY, ['used_ips', 'total_ips']],
  ['network_availability_zone', NETWORK, ['availability_zone_hints', 'availability_zones']],
  ['port-mode', PORT, ['port_mode', 'permitted_ethertypes']],
  ['port-numa-affinity-policy', PORT, ['numa_affinity_policy']],
  ['port-security', PORT, ['port_security_enabled']],
  ['port-security', NETWORK, ['port_security_enabled']],
  ['provider', NETWORK, ['provider:network_type', 'provider:segmentation_id']],
  ['extraroute', ROUTER, ['routes']],
  ['router', ROUTER, ['external_gateway_info', 'admin_state_up']],
  ['router-enable-snat', ROUTER, ['enable_snat']],
  ['router_availability_zone', ROUTER, ['availability_zone_hints', 'availability_zones']],
  ['security-group', PORT, ['security_groups']],
  ['security-groups-normalized-cidr', SECURITY_GROUP_RULE, ['normalized_cidr']],
  ['security-groups-remote-address-group', SECURITY_GROUP_RULE, ['remote_address_group_id']],
  ['security-groups-rules-belongs-to-default-sg', SECURITY_GROUP_RULE, ['belongs_to_default_sg']],
  ['standard-attr-revisions', SUBNET, ['revision_number']],
  ['standard-attr-timestamp', SUBNET, ['created_at', 'updated_at']],
  ['stateful-security-group', SECURITY_GROUP, ['stateful']],
  ['storm-control', NETWORK, ['storm_control']],
  ['storm-control', PORT, ['storm_control', 'storm_state']],
  ['subnet-service-types', SUBNET, ['service_types']],
  ['uplink-status-propagation', PORT, ['propagate_uplink_status']],
];

for (const [alias, { plural, attributes }, names] of ADDED) {
  test(`the extension ${alias} is listed, and ${plural} have ${names.join(', ')}`, () => {
    assert.ok(EXTENSIONS.some((extension) => extension.alias === alias));
    for (const name of names) assert.ok(Object.hasOwn(attributes, name), name);
  });
}
