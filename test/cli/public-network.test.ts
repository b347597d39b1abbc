/** `stackyard up --public`: the network, its subnets and the demo project's router, made once and then left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealCloud, stackyard } from '../support/real-cloud.ts';

const SUBNETS = '/networking/v2.0/subnets';

test('--public makes an external network, and a router between it and the demo project', async () => {
  await using cloud = await RealCloud.start({ args: ['--public', '172.24.4.0/24,2001:db8::/64'] });
  const demo = await cloud.as('demo');
  const { networks } = await demo.get('/networking/v2.0/networks?router:external=true');
  assert.equal(networks.length, 1);
  const [network] = networks;
  assert.deepEqual([network.name, network.shared, network.is_default], ['public', false, true]);
  const admin = await cloud.as('admin');
  const seen = await admin.get(`/networking/v2.0/networks/${network.id}`);
  assert.equal(seen.network['provider:network_type'], 'flat');
  assert.equal(seen.network['provider:physical_network'], 'public');

  const { subnets } = await admin.get(`${SUBNETS}?network_id=${network.id}&sort_key=ip_version`);
  type Subnet = { name: string; cidr: string; gateway_ip: string; enable_dhcp: boolean };
  assert.deepEqual(
    subnets.map((one: Subnet) => [one.name, one.cidr, one.gateway_ip, one.enable_dhcp]),
    [
      ['public-subnet', '172.24.4.0/24', '172.24.4.1', false],
      ['ipv6-public-subnet', '2001:db8::/64', '2001:db8::1', false],
    ],
  );
  assert.deepEqual(subnets[0].allocation_pools, [{ start: '172.24.4.2', end: '172.24.4.254' }]);

  const { routers } = await demo.get('/networking/v2.0/routers');
  assert.equal(routers.length, 1);
  assert.equal(routers[0].external_gateway_info.network_id, network.id);
  const { ports } = await demo.get(`/networking/v2.0/ports?device_id=${routers[0].id}`);
  assert.equal(ports.length, 1, 'it has an interface on the private network');

  // A cloud that has one keeps it, whatever has become of it.
  const rename = { router: { name: 'mine' } };
  await demo.send('PUT', `/networking/v2.0/routers/${routers[0].id}`, rename);
  await cloud.down();
  await cloud.up();
  const again = await demo.get('/networking/v2.0/routers');
  assert.deepEqual(
    again.routers.map(({ id, name }: { id: string; name: string }) => [id, name]),
    [[routers[0].id, 'mine']],
  );
  assert.equal((await admin.get(SUBNETS)).subnets.length, 3);
  const status = await cloud.run('status');
  assert.match(status.stdout, /External networks: public \(172\.24\.4\.0\/24, 2001:db8::\/64\)/);
});

test('a cloud that was started without one gets its public network later', async () => {
  await using cloud = await RealCloud.start();
  await cloud.down();
  const words = [...cloud.upWords, '--public', '--detach'];
  const { code, stderr } = await stackyard(words);
  assert.equal(code, 0, stderr);
  const demo = await cloud.as('demo');
  const { networks } = await demo.get('/networking/v2.0/networks?name=public');
  assert.equal(networks.length, 1);
  const wanted = { floatingip: { floating_network_id: networks[0].id } };
  const floating = await demo.make('/networking/v2.0/floatingips', wanted);
  assert.match(floating.floating_ip_address, /^172\.24\.4\.\d+$/, '--public alone has a default');
});

const refused: readonly [readonly string[], RegExp][] = [
  [['--public', '10.0.0.0/33'], /'10\.0\.0\.0\/33' is no range for a public network/],
  [['--outbound'], /A pretended network has no way to the host or out/],
  [['--outbound', '--no-outbound'], /--outbound and --no-outbound exclude each other/],
  [['--public=', '--detach'], /is no range for a public network/],
];

for (const [words, message] of refused) {
  test(`up ${words.join(' ')} is refused, and nothing is made`, async () => {
    await using cloud = await RealCloud.make();
    const { code, stderr } = await stackyard([...cloud.upWords, ...words]);
    assert.equal(code, 1);
    assert.match(stderr, message);
    assert.equal((await cloud.status()).state, 'down');
  });
}
