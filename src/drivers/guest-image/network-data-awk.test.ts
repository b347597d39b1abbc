/** What the guest makes of network_data.json, read by the shell tool that reads it there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt } from '../run.ts';
import { TINY_SOURCES } from './guest-tree.ts';

const MAC = 'fa:16:3e:00:00:01';

/** The lines for the card, or how it failed: 1 when the file gives it no address, 2 when it has no network for it at all. */
async function plan(data: object): Promise<readonly string[] | number> {
  const signal = AbortSignal.timeout(10_000);
  const programs = ['json.awk', 'network-data.awk'].flatMap((name) => [
    '-f',
    join(TINY_SOURCES, 'lib/tiny', name),
  ]);
  const words = ['awk', '-v', 'want=^$', '-v', `mac=${MAC}`, ...programs];
  const options = { signal, input: JSON.stringify(data) };
  const { code, stdout, stderr } = await attempt('busybox', words, options);
  assert.equal(stderr, '');
  if (code !== 0) assert.equal(stdout, '');
  return code === 0 ? stdout.trimEnd().split('\n') : code;
}

const other = { id: 'tap0', ethernet_mac_address: 'fa:16:3e:00:00:99', mtu: 9000 };
const link = { id: 'tap1', ethernet_mac_address: MAC, mtu: 1450 };
const v4 = {
  type: 'ipv4',
  link: 'tap1',
  ip_address: '10.0.0.5',
  netmask: '255.255.252.0',
  routes: [
    { network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' },
    { network: '192.168.0.0', netmask: '255.255.0.0', gateway: '10.0.0.254' },
    { network: '172.16.0.0', netmask: '255.240.0.0', gateway: '0.0.0.0' },
  ],
  services: [
    { type: 'dns', address: '9.9.9.9' },
    { type: 'ntp', address: '9.9.9.1' },
  ],
};
const v6 = {
  type: 'ipv6',
  link: 'tap1',
  ip_address: 'fd00::5',
  netmask: 'ffff:ffff:ffff:ff00::',
  routes: [{ network: '::', netmask: '::', gateway: 'fd00::1' }],
};
const asV4 = (change: object) => ({ ...v4, routes: [], services: [], ...change });
const identify = (networks: readonly object[]) =>
  networks.map((network, index) => ({ id: `network${index}`, ...network }));

const cases = [
  { why: 'nothing of an empty file', links: [], networks: [], lines: 2 },
  {
    why: 'nothing of other cards',
    links: [other],
    networks: [{ ...v4, link: 'tap0' }],
    lines: 2,
  },
  { why: 'nothing of a card without networks', links: [link], networks: [], lines: 2 },
  {
    why: 'nothing of a card that DHCP serves',
    links: [link],
    networks: [{ type: 'ipv4_dhcp', link: 'tap1' }],
    lines: 1,
  },
  {
    why: 'address, routes, MTU and DNS of its own card',
    links: [other, link],
    networks: [{ ...v4, link: 'tap0', ip_address: '10.0.0.4' }, v4],
    lines: [
      'mtu 1450',
      'address 10.0.0.5/22',
      'route 0.0.0.0/0 10.0.0.1',
      'route 192.168.0.0/16 10.0.0.254',
      'route 172.16.0.0/12 ',
      'nameserver 9.9.9.9',
    ],
  },
  {
    why: 'both versions at once, addresses before routes',
    links: [link],
    networks: [asV4({ routes: v4.routes.slice(0, 1) }), v6],
    lines: [
      'mtu 1450',
      'address 10.0.0.5/22',
      'address fd00::5/56',
      'route 0.0.0.0/0 10.0.0.1',
      'route ::/0 fd00::1',
    ],
  },
  {
    why: 'that DHCP has still to be asked',
    links: [{ ...link, mtu: null }],
    networks: [
      { type: 'ipv4_dhcp', link: 'tap1' },
      { ...v6, routes: [] },
    ],
    lines: ['address fd00::5/56', 'dhcp'],
  },
  {
    why: 'a MAC address in capitals',
    links: [{ ...link, mtu: null, ethernet_mac_address: MAC.toUpperCase() }],
    networks: [asV4({})],
    lines: ['address 10.0.0.5/22'],
  },
  {
    why: 'masks of every form',
    links: [{ ...link, mtu: null }],
    networks: [
      asV4({ netmask: '255.255.255.255' }),
      asV4({ netmask: '24' }),
      asV4({ ip_address: '10.0.0.5/25', netmask: '' }),
      { ...v6, routes: [], netmask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
      { ...v6, routes: [], netmask: 'FFFE::' },
    ],
    lines: ['10.0.0.5/32', '10.0.0.5/24', '10.0.0.5/25', 'fd00::5/128', 'fd00::5/15'].map(
      (address) => `address ${address}`,
    ),
  },
];
for (const { why, links, networks, lines } of cases) {
  test(`the guest reads from network_data.json ${why}`, async () => {
    assert.deepEqual(await plan({ links, networks: identify(networks), services: [] }), lines);
  });
}

test('the guest takes the DNS servers of all networks where its own names none', async () => {
  const services = [{ type: 'dns', address: '9.9.9.9' }];
  const networks = identify([asV4({})]);
  const lines = await plan({ links: [{ ...link, mtu: null }], networks, services });
  assert.deepEqual(lines, ['address 10.0.0.5/22', 'nameserver 9.9.9.9']);
});
