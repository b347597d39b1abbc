/** What a guest is told: meta_data.json, network_data.json, and the files of the config drive. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tapName } from '#base/host/links.ts';
import type { NetworkFacts, PortFacts, SubnetFacts } from '#network/network-api.ts';
import { configDriveFiles } from './config-drive.ts';
import { pciAddressOf } from './devices.ts';
import { metaData, metaDataOf, type MetaDataFacts } from './meta-data.ts';
import { netmask, networkData } from './network-data.ts';

const facts: MetaDataFacts = {
  id: 'id-1',
  name: 'vm',
  hostname: 'vm',
  projectId: 'red',
  availabilityZone: 'nova',
  launchIndex: 0,
  metadata: { a: 'b' },
  keypair: { name: 'key', type: 'ssh', publicKey: 'ssh-ed25519 AAAA' },
  randomSeed: 'c2VlZA==',
  devices: [{ slot: 1, mac: 'fa:16:3e:00:00:02', tag: 'data' }],
  files: [],
};

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

test('a tagged card is told with its place on the bus', () => {
  assert.deepEqual(metaData(facts, pciAddressOf)['devices'], [
    {
      vf_trusted: false,
      type: 'nic',
      mac: 'fa:16:3e:00:00:02',
      bus: 'pci',
      address: '0000:02:00.0',
      tags: ['data'],
    },
  ]);
});

test('older formats leave out what came later', () => {
  const latest = metaData(facts, pciAddressOf);
  assert.equal(metaDataOf('2012-08-10', latest)['random_seed'], undefined);
  assert.equal(metaDataOf('2013-04-04', latest)['random_seed'], 'c2VlZA==');
  assert.equal(metaDataOf('2013-10-17', latest)['project_id'], undefined);
  assert.equal(metaDataOf('2015-10-15', latest)['devices'], undefined);
  const [old] = metaDataOf('2016-06-30', latest)['devices'] as Record<string, unknown>[];
  assert.equal('vf_trusted' in (old ?? {}), false);
});

test('a card without an address is not told of; a server without cards has an empty file', () => {
  assert.deepEqual(networkData([]), {});
  assert.deepEqual(networkData([nic('p1', [subnet()], [])]), {
    links: [],
    networks: [],
    services: [],
  });
});

test('a card with DHCP is told to ask for its address', () => {
  assert.deepEqual(networkData([nic('11111111-1111', [subnet()], ['10.0.0.5'])]), {
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
  const data = networkData([nic('p1', [v4, v6, third], ['10.0.0.5', 'fd00::5', '10.9.0.5'])]);
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
  const data = networkData([
    nic('p1', [subnet()], ['10.0.0.5']),
    nic('p2', [subnet()], ['10.0.0.6']),
  ]);
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

test('the config drive holds every format, user data and files', () => {
  const files = configDriveFiles({
    metaData: metaData(
      { ...facts, files: [{ path: '/etc/motd', contents: 'aGk=' }] },
      pciAddressOf,
    ),
    networkData: {},
    userData: Buffer.from('#!/bin/sh\n').toString('base64'),
    files: [{ path: '/etc/motd', contents: 'aGk=' }],
  });
  assert.equal(files['openstack/latest/user_data'], '#!/bin/sh\n');
  assert.equal(files['openstack/content/0000'], 'hi');
  assert.equal(files['openstack/2013-10-17/network_data.json'], undefined);
  assert.equal(files['openstack/2015-10-15/network_data.json'], '{}');
  const told = JSON.parse(textOf(files['openstack/latest/meta_data.json'])) as Record<
    string,
    unknown
  >;
  assert.deepEqual(told['public_keys'], { key: 'ssh-ed25519 AAAA' });
  assert.deepEqual(told['files'], [{ path: '/etc/motd', content_path: '/content/0000' }]);
  const ec2 = JSON.parse(textOf(files['ec2/latest/meta-data.json'])) as Record<string, unknown>;
  assert.equal(ec2['instance-id'], 'id-1');
});

test('user data that is no text comes through byte for byte', () => {
  const base64 = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff]).toString('base64');
  const files = configDriveFiles({ metaData: {}, networkData: {}, userData: base64, files: [] });
  assert.deepEqual(files['openstack/latest/user_data'], { base64 });
});

function textOf(content: string | { readonly base64: string } | undefined): string {
  assert.equal(typeof content, 'string');
  return content as string;
}
