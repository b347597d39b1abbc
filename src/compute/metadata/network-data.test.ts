/** network_data.json: which cards, addresses, routes and resolvers a guest is told of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tapName } from '#base/host/links.ts';
import type { NetworkFacts, PortFacts, SubnetFacts } from '#network/network-api.ts';
import { netmask, networkData, showsUnaddressed, type NicFacts } from './network-data.ts';

const as = (nics: readonly NicFacts[], unaddressed = false) => networkData(nics, { unaddressed });

const subnet = (change: Partial<SubnetFacts> = {}): SubnetFacts => ({
  id: 's1',
  cidr: '10.0.0.0/24',
  ipVersion: 4,
  gatewayIp: '10.0.0.1',
  enableDhcp: true,
  dnsNameservers: ['9.9.9.9'],
  hostRoutes: [{ destination: '192.168.0.0/16', nexthop: '10.0.0.254' }],
  ipv6AddressMode: null,
  ...change,
});
const nic = (id: string, subnets: SubnetFacts[], ips: string[]) => ({
  port: {
    id,
    mac: 'fa:16:3e:00:00:01',
    fixedIps: ips.map((ip, index) => ({ subnetId: subnets[index]?.id ?? '', ip })),
  } as unknown as PortFacts,
  network: { id: 'n1', mtu: 1450, subnets } as unknown as NetworkFacts,
});

test('a card without an address is not told of; a server without cards has an empty file', () => {
  assert.deepEqual(as([]), {});
  assert.deepEqual(as([nic('p1', [subnet()], [])]), {
    links: [],
    networks: [],
    services: [],
  });
});

test('a card with DHCP is told to ask for its address', () => {
  assert.deepEqual(as([nic('11111111-1111', [subnet()], ['10.0.0.5'])]), {
    links: [
      {
        id: tapName('11111111-1111'),
        vif_id: '11111111-1111',
        type: 'tap',
        mtu: null,
        ethernet_mac_address: 'fa:16:3e:00:00:01',
      },
    ],
    networks: [
      { id: 'network0', type: 'ipv4_dhcp', link: tapName('11111111-1111'), network_id: 'n1' },
    ],
    services: [{ type: 'dns', address: '9.9.9.9' }],
  });
});

test('a card without DHCP is told its address, routes and MTU; only the first of each kind', () => {
  const v4 = subnet({ enableDhcp: false });
  const v6 = subnet({
    id: 's2',
    cidr: 'fd00::/64',
    ipVersion: 6,
    gatewayIp: 'fd00::1',
    enableDhcp: false,
    dnsNameservers: [],
    hostRoutes: [],
  });
  const third = subnet({ id: 's3', cidr: '10.9.0.0/16', enableDhcp: false });
  const data = as([nic('p1', [v4, v6, third], ['10.0.0.5', 'fd00::5', '10.9.0.5'])]);
  const networks = data['networks'] as Record<string, unknown>[];
  assert.deepEqual(
    networks.map(({ id, type, ip_address: ip, netmask: mask }) => [id, type, ip, mask]),
    [
      ['network0', 'ipv4', '10.0.0.5', '255.255.255.0'],
      ['network1', 'ipv6', 'fd00::5', 'ffff:ffff:ffff:ffff::'],
    ],
  );
  assert.deepEqual(networks[0]?.['routes'], [
    { network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' },
    { network: '192.168.0.0', netmask: '255.255.0.0', gateway: '10.0.0.254' },
  ]);
  assert.equal((data['links'] as Record<string, unknown>[])[0]?.['mtu'], 1450);
});

test('several cards on one network each have their own entry', () => {
  const data = as([nic('p1', [subnet()], ['10.0.0.5']), nic('p2', [subnet()], ['10.0.0.6'])]);
  const networks = data['networks'] as Record<string, unknown>[];
  assert.deepEqual(
    networks.map(({ id, network_id: network }) => [id, network]),
    [
      ['network0', 'n1'],
      ['network1', 'n1'],
    ],
  );
});

for (const [cidr, mask] of [
  ['10.0.0.0/8', '255.0.0.0'],
  ['10.0.0.0/0', '0.0.0.0'],
  ['10.0.0.1/32', '255.255.255.255'],
  ['fd00::/48', 'ffff:ffff:ffff::'],
  ['fd00::/0', '::'],
  ['fd00::1/128', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
] as const) {
  test(`the mask of ${cidr} is ${mask}`, () => {
    assert.equal(netmask(cidr), mask);
  });
}

test('a server that asks for it is told of cards without an address too, as links that no network goes over', () => {
  const bare = nic('22222222-2222', [], []);
  assert.deepEqual(as([bare], true), {
    links: [
      {
        id: tapName('22222222-2222'),
        vif_id: '22222222-2222',
        type: 'tap',
        mtu: 1450,
        ethernet_mac_address: 'fa:16:3e:00:00:01',
      },
    ],
    networks: [],
    services: [],
  });
  const both = as([nic('p1', [subnet()], ['10.0.0.5']), bare], true);
  assert.equal((both['links'] as unknown[]).length, 2);
  assert.equal((both['networks'] as unknown[]).length, 1);
});

for (const [value, shown] of [
  ['true', true],
  ['True', true],
  ['1', true],
  ['false', false],
  ['', false],
] as const) {
  test(`stackyard:unaddressed_nics=${value} ${shown ? 'asks' : 'does not ask'} for cards without an address`, () => {
    assert.equal(showsUnaddressed({ 'stackyard:unaddressed_nics': value }), shown);
  });
}

const MODES: readonly (readonly [
  mode: string | null,
  dhcp: boolean,
  type: string,
  address: boolean,
])[] = [
  [null, false, 'ipv6', true],
  [null, true, 'ipv6_dhcp', false],
  ['slaac', true, 'ipv6_slaac', true],
  ['dhcpv6-stateful', true, 'ipv6_dhcpv6-stateful', true],
  ['dhcpv6-stateless', true, 'ipv6_dhcpv6-stateless', true],
];
for (const [mode, dhcp, type, address] of MODES) {
  test(`an IPv6 subnet of mode ${mode} ${dhcp ? 'with' : 'without'} DHCP is of type ${type}`, () => {
    const v6 = subnet({
      cidr: 'fd00::/64',
      ipVersion: 6,
      gatewayIp: 'fe80::1',
      enableDhcp: dhcp,
      ipv6AddressMode: mode,
      dnsNameservers: ['fd00::53'],
      hostRoutes: [],
    });
    const link = tapName('p1');
    const data = as([nic('p1', [v6], ['fd00::5'])]);
    assert.deepEqual(data['networks'], [
      {
        id: 'network0',
        type,
        link,
        network_id: 'n1',
        ...(address && {
          ip_address: 'fd00::5',
          netmask: 'ffff:ffff:ffff:ffff::',
          routes: [{ network: '::', netmask: '::', gateway: 'fe80::1' }],
          services: [{ type: 'dns', address: 'fd00::53' }],
        }),
      },
    ]);
    assert.deepEqual(data['services'], [{ type: 'dns', address: 'fd00::53' }]);
  });
}
