/** Who answers for the gateway of an external network: the uplink, unless a port has the address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../testing.ts';

test('a port with the gateway address is the way out, and the uplink answers for the others', async () => {
  await using net = await startNetwork();
  net.addHost('h1');
  await net.idle();
  const admin = net.as('admin:admin,member,reader');
  const { id } = await admin.make('network', { 'router:external': true });
  const ranges = [
    { ip_version: 4, cidr: '203.0.113.0/24' },
    { ip_version: 6, cidr: '2001:db8::/64', gateway_ip: '2001:db8::1' },
  ];
  for (const range of ranges) await admin.make('subnet', { network_id: id, ...range });
  const addresses = () => net.desired.document('h1').networks[id]?.uplink?.addresses.toSorted();
  assert.deepEqual(addresses(), ['2001:db8::1/64', '203.0.113.1/24']);

  const port = await admin.make('port', {
    network_id: id,
    fixed_ips: [{ ip_address: '203.0.113.1' }],
    device_id: 'a-router-of-somebody',
    'binding:host_id': 'h1',
  });
  const [reconciler] = net.reconcilers;
  await reconciler?.run(AbortSignal.timeout(10_000));
  assert.deepEqual(addresses(), ['2001:db8::1/64']);

  await admin.delete(`/v2.0/ports/${port.id}`);
  await reconciler?.run(AbortSignal.timeout(10_000));
  assert.deepEqual(addresses(), ['2001:db8::1/64', '203.0.113.1/24']);
});
