/** Addresses: never one twice, never one outside the pools, and what is asked for when it can be had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, planAutomatic, planWanted, type Need } from './ipam.rules.ts';
import { startNetwork } from '../testing.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';

/** The same numbers in every run, far apart. */
function scattered(): (below: bigint) => bigint {
  let state = 12345n;
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % (1n << 64n);
    return (state >> 16n) % below;
  };
}

function subnet(id: string, values: Partial<SubnetRow> = {}): SubnetRow {
  return {
    id,
    project_id: 'red',
    network_id: 'n',
    name: '',
    description: '',
    ip_version: 4,
    cidr: '10.0.0.0/24',
    gateway_ip: null,
    enable_dhcp: 1,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    allocation_pools: '[]',
    dns_nameservers: '[]',
    host_routes: '[]',
    service_types: '[]',
    dns_publish_fixed_ip: 0,
    revision_number: 0,
    created_at: '',
    updated_at: '',
    ...values,
  };
}

const port = { networkId: 'n', mac: 'fa:16:3e:00:00:01', deviceOwner: 'compute:nova' };
const v4 = subnet('v4');
const more = subnet('more', { cidr: '10.0.1.0/24' });
const v6 = subnet('v6', { ip_version: 6, cidr: '2001:db8::/64' });
const slaac = subnet('slaac', {
  ip_version: 6,
  cidr: '2001:db8:1::/64',
  ipv6_address_mode: 'slaac',
});
const servers = subnet('servers', { service_types: '["compute:"]' });
const routers = subnet('routers', { service_types: '["network:router_gateway"]' });

const told = (needs: readonly Need[]) =>
  needs.map((need) =>
    need.kind === 'exact'
      ? `${need.subnet.id}!`
      : need.subnets.map((candidate) => candidate.id).join('|'),
  );

const automatic: readonly [readonly SubnetRow[], readonly string[]][] = [
  [[], []],
  [[v4], ['v4']],
  [
    [v4, more, v6],
    ['v4|more', 'v6'],
  ],
  [
    [v4, slaac],
    ['v4', 'slaac!'],
  ],
  [[v4, servers], ['servers']],
  [[v4, routers], ['v4']],
];

for (const [subnets, expected] of automatic) {
  test(`of [${subnets.map(({ id }) => id).join()}] a port gets [${expected.join()}]`, () => {
    assert.deepEqual(told(planAutomatic(port, subnets)), expected);
  });
}

test('a network that has only subnets for others has none for this port', () => {
  assert.throws(() => planAutomatic(port, [routers]), {
    code: 'IpAddressGenerationFailureNoMatchingSubnet',
  });
});

test('what is asked for is planned; automatic addresses come along, but not to a port without any', () => {
  assert.deepEqual(told(planWanted(port, [v4, slaac], [{ subnet_id: 'v4' }])), ['v4', 'slaac!']);
  assert.deepEqual(told(planWanted(port, [v4, slaac], [{ subnet_id: 'slaac' }])), ['slaac!']);
  assert.deepEqual(told(planWanted(port, [v4, more], [{ ip_address: '10.0.1.9' }])), ['more!']);
  assert.deepEqual(told(planWanted(port, [v4, slaac], [])), []);
});

const refused: readonly [readonly SubnetRow[], object, string][] = [
  [[], {}, 'Invalid input for operation: IP allocation requires subnets for network.'],
  [[v4], {}, 'Invalid input for operation: IP allocation requires subnet_id or ip_address.'],
  [
    [v4],
    { ip_address: '10.9.0.1' },
    'IP address 10.9.0.1 is not a valid IP for any of the subnets on the specified network.',
  ],
  [
    [v4],
    { subnet_id: 'v4', ip_address: '10.0.0.255' },
    'IP address 10.0.0.255 is not a valid IP for the specified subnet.',
  ],
  [
    [v4],
    { subnet_id: 'elsewhere' },
    'Invalid input for operation: Failed to create port on network n, because fixed_ips included invalid subnet elsewhere.',
  ],
  [
    [slaac],
    { ip_address: '2001:db8:1::5' },
    'IPv6 address 2001:db8:1::5 cannot be directly assigned to a port on subnet slaac as the subnet is configured for automatic addresses',
  ],
];

for (const [subnets, wanted, message] of refused) {
  test(`${JSON.stringify(wanted)} is refused: ${message}`, () => {
    assert.throws(() => planWanted(port, subnets, [wanted]), { message });
  });
}

test('candidates are in the pools, however many pools there are', () => {
  const ranges = [
    { first: 10n, last: 12n },
    { first: 20n, last: 20n },
    { first: 30n, last: 1n << 100n },
  ];
  const picked = candidates(ranges, scattered(), 5000);
  for (const value of picked) {
    assert.ok(ranges.some(({ first, last }) => first <= value && value <= last));
    assert.ok(value < 30n + (1n << 16n), 'far from the beginning of the pools');
  }
  assert.deepEqual(candidates([], scattered(), 3), []);
});

test('a subnet gives each of its addresses once, and then no more', async () => {
  await using net = await startNetwork({ random: scattered() });
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  await red.make('subnet', {
    network_id,
    ip_version: 4,
    cidr: '10.0.0.0/26',
    enable_dhcp: false,
    allocation_pools: [
      { start: '10.0.0.5', end: '10.0.0.20' },
      { start: '10.0.0.30', end: '10.0.0.50' },
    ],
  });
  const given = new Set<string>();
  for (let count = 0; count < 37; count += 1) {
    const { fixed_ips } = await red.make('port', { network_id });
    given.add(fixed_ips[0].ip_address);
  }
  assert.equal(given.size, 37);
  for (const ip of given) {
    const last = Number(ip.split('.')[3]);
    assert.ok((last >= 5 && last <= 20) || (last >= 30 && last <= 50), ip);
  }
  const full = await red.post('/v2.0/ports', { port: { network_id } });
  assert.equal(full.status, 409);
  assert.equal(
    full.error,
    `IpAddressGenerationFailure: No more IP addresses available on network ${network_id}.`,
  );
  const ports = (await red.get('/v2.0/ports')).body.ports;
  assert.equal(ports.length, 37, 'the refused port was written');
  await red.delete(`/v2.0/ports/${ports[17].id}`);
  const again = await red.make('port', { network_id });
  assert.deepEqual(again.fixed_ips, ports[17].fixed_ips);
});

test('in any order of making, changing and deleting ports no address is there twice', async () => {
  const random = scattered();
  await using net = await startNetwork({ random });
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const subnets: { id: string }[] = [];
  for (const cidr of ['10.0.0.0/28', '10.0.1.0/28']) {
    subnets.push(await red.make('subnet', { network_id, ip_version: 4, cidr }));
  }
  const live: string[] = [];
  const any = <T>(items: readonly T[]): T => items[Number(random(BigInt(items.length)))] as T;
  for (let turn = 0; turn < 150; turn += 1) {
    const what = Number(random(4n));
    if (what < 2 || live.length === 0) {
      const { status, body } = await red.post('/v2.0/ports', { port: { network_id } });
      if (status === 201) live.push(body.port.id);
      else assert.equal(status, 409);
    } else if (what === 2) {
      const fixed_ips = Array.from({ length: Number(random(3n)) }, () => ({
        subnet_id: any(subnets).id,
      }));
      const { status } = await red.put(`/v2.0/ports/${any(live)}`, { port: { fixed_ips } });
      assert.ok(status === 200 || status === 409);
    } else {
      const id = any(live);
      assert.equal((await red.delete(`/v2.0/ports/${id}`)).status, 204);
      live.splice(live.indexOf(id), 1);
    }
  }
  const { ports } = (await red.get('/v2.0/ports')).body;
  const ips = ports.flatMap((made: { fixed_ips: { ip_address: string }[] }) =>
    made.fixed_ips.map((fixedIp) => fixedIp.ip_address),
  );
  assert.equal(new Set(ips).size, ips.length);
  assert.ok(ips.length > 4);
  const rows = await net.db.selectFrom('fixed_ips').select('port_id').execute();
  assert.equal(rows.length, ips.length);
});
