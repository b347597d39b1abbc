/** How many addresses networks have, over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../testing.ts';

const PATH = '/v2.0/network-ip-availabilities';

test('addresses are counted by network and by subnet, however many there are', async () => {
  await using cloud = await startNetwork();
  const red = cloud.as('red');
  const admin = cloud.as('ops:admin,member,reader');
  const network = await red.make('network', { name: 'one' });
  const four = await red.make('subnet', {
    network_id: network.id,
    name: 'four',
    ip_version: 4,
    cidr: '10.0.0.0/28',
    enable_dhcp: false,
  });
  const six = await red.make('subnet', {
    network_id: network.id,
    ip_version: 6,
    cidr: '2001:db8::/64',
    enable_dhcp: false,
  });
  await red.make('port', { network_id: network.id });
  await red.make('port', { network_id: network.id, fixed_ips: [{ subnet_id: four.id }] });
  const answer = await cloud.app.inject({
    url: `/networking${PATH}/${network.id}`,
    headers: { 'x-auth-token': 'ops:admin,member,reader' },
  });
  // Read by hand: there are more addresses than a double can count.
  assert.match(answer.body, /"total_ips":18446744073709551615\}/);
  assert.match(answer.body, /"total_ips":18446744073709551628\}/);
  const one = (await admin.get(`${PATH}/${network.id}`)).body.network_ip_availability;
  assert.equal(one.network_name, 'one');
  assert.equal(one.project_id, 'red');
  assert.equal(one.used_ips, 3);
  assert.deepEqual(
    one.subnet_ip_availability.map((subnet: { subnet_id: string; used_ips: number }) => [
      subnet.subnet_id,
      subnet.used_ips,
    ]),
    [
      [four.id, 2],
      [six.id, 1],
    ],
  );
  const [only] = (await admin.get(`${PATH}?ip_version=4&network_name=one`)).body
    .network_ip_availabilities;
  assert.deepEqual(only.subnet_ip_availability, [
    {
      subnet_id: four.id,
      subnet_name: 'four',
      ip_version: 4,
      cidr: '10.0.0.0/28',
      used_ips: 2,
      total_ips: 13,
    },
  ]);
  assert.deepEqual([only.used_ips, only.total_ips], [2, 13]);
});

test('it is for administrators, network by network, page by page', async () => {
  await using cloud = await startNetwork();
  const red = cloud.as('red');
  const admin = cloud.as('ops:admin,member,reader');
  const made = [await red.make('network', {}), await red.make('network', {})];
  const ids: readonly string[] = made.map(({ id }: { id: string }) => id).toSorted();
  const page = await admin.get(`${PATH}?limit=1&sort_key=network_id&fields=network_id`);
  assert.deepEqual(page.body.network_ip_availabilities, [{ network_id: ids[0] }]);
  const next = new URL(page.body.network_ip_availabilities_links[0].href);
  const second = await admin.get(`${PATH}${next.search}`);
  assert.deepEqual(second.body.network_ip_availabilities, [{ network_id: ids[1] }]);
  const empty = (await admin.get(`${PATH}/${ids[0]}`)).body.network_ip_availability;
  assert.deepEqual([empty.used_ips, empty.total_ips, empty.subnet_ip_availability], [0, 0, []]);
  assert.equal(
    (await admin.get(`${PATH}?tenant_id=blue`)).body.network_ip_availabilities.length,
    0,
  );
  assert.deepEqual((await red.get(PATH)).body.network_ip_availabilities, []);
  assert.equal((await red.get(`${PATH}/${ids[0]}`)).status, 404);
  const nobody = crypto.randomUUID();
  assert.equal(
    (await admin.get(`${PATH}/${nobody}`)).error,
    `NetworkNotFound: Network ${nobody} could not be found.`,
  );
});
