/** The files that dnsmasq is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DhcpHost, DhcpSpec, DhcpSubnet } from '#base/host/links.ts';
import {
  dhcpFiles,
  dnsmasqArguments,
  hostsText,
  namesText,
  optionsText,
  unfitOptions,
} from './dnsmasq-files.ts';
import { pickUser } from './dnsmasq-user.ts';
import { planLeases } from './leases.ts';

const subnet: DhcpSubnet = {
  id: 's1',
  cidr: '10.7.0.0/24',
  ipVersion: 4 as const,
  ipv6Mode: null,
  gateway: '10.7.0.1',
  dnsNameservers: [],
  hostRoutes: [],
};
const host: DhcpHost = {
  portId: 'p1',
  mac: 'fa:16:3e:00:00:01',
  ip: '10.7.0.11',
  subnetId: 's1',
  hostname: 'host-10-7-0-11',
  options: [],
};
const dhcp: DhcpSpec = {
  portId: '44444444-4444-4444-8444-444444444444',
  mac: 'fa:16:3e:00:00:99',
  addresses: ['10.7.0.2/24'],
  subnets: [subnet],
  hosts: [host],
  domain: 'openstacklocal',
};
const withSubnet = (fields: Partial<DhcpSubnet>): DhcpSpec => ({
  ...dhcp,
  subnets: [{ ...subnet, ...fields }],
});

test('the server listens on its own link, reads nothing of the host, and serves only who is known', () => {
  const two = { ...dhcp, subnets: [subnet, { ...subnet, id: 's2', cidr: '172.16.0.0/12' }] };
  const six = { ...subnet, id: 's6', cidr: '2001:db8::/64' };
  const all = { ...two, subnets: [...two.subnets, six] };
  const args = dnsmasqArguments(all, 1450, dhcpFiles('/d'), { user: 'dnsmasq', group: 'nogroup' });
  for (const arg of [
    '--conf-file=',
    '--no-hosts',
    '--no-resolv',
    '--user=dnsmasq',
    '--group=nogroup',
    '--interface=ns-net',
    '--pid-file=/d/pid',
    '--dhcp-ignore=tag:!known',
    '--dhcp-authoritative',
    '--dhcp-option-force=option:mtu,1450',
    '--dhcp-range=set:subnet-s1,10.7.0.0,static,255.255.255.0,86400s',
    '--dhcp-range=set:subnet-s2,172.16.0.0,static,255.240.0.0,86400s',
  ]) {
    assert.ok(args.includes(arg), arg);
  }
  assert.ok(!args.some((arg) => arg.includes('2001:db8')));
});

test('without another user to become, it stays who it is', () => {
  const args = dnsmasqArguments(dhcp, 1450, dhcpFiles('/d'), null);
  assert.ok(args.includes('--user=') && args.includes('--group='));
});

const hostCases: readonly (readonly [string, Partial<DhcpHost>, string])[] = [
  ['plain', {}, 'fa:16:3e:00:00:01,id:*,10.7.0.11,host-10-7-0-11\n'],
  ['with an unfit name', { hostname: 'a,b' }, 'fa:16:3e:00:00:01,id:*,10.7.0.11\n'],
  ['on IPv6', { ip: '2001:db8::9' }, ''],
  [
    'with options of its own',
    { options: [{ name: 'mtu', value: '1' }] },
    'fa:16:3e:00:00:01,id:*,set:port-p1,10.7.0.11,host-10-7-0-11\n',
  ],
];

for (const [name, fields, text] of hostCases) {
  test(`a host ${name} is '${text.trim()}' in the list of hosts`, () => {
    assert.equal(hostsText({ ...dhcp, hosts: [{ ...host, ...fields }] }), text);
  });
}

const optionCases: readonly (readonly [string, DhcpSpec, readonly string[]])[] = [
  [
    'a subnet without name servers offers the DHCP server itself',
    dhcp,
    ['tag:subnet-s1,option:dns-server,10.7.0.2', 'tag:subnet-s1,option:router,10.7.0.1'],
  ],
  [
    'name servers are offered in their order, IPv6 ones not',
    withSubnet({ dnsNameservers: ['10.7.0.53', '2001:db8::53', '10.7.0.54'] }),
    ['tag:subnet-s1,option:dns-server,10.7.0.53,10.7.0.54', 'tag:subnet-s1,option:router,10.7.0.1'],
  ],
  [
    'a name server 0.0.0.0 means none',
    withSubnet({ dnsNameservers: ['0.0.0.0'] }),
    ['tag:subnet-s1,option:dns-server', 'tag:subnet-s1,option:router,10.7.0.1'],
  ],
  [
    'without a gateway no router is offered',
    withSubnet({ gateway: null }),
    ['tag:subnet-s1,option:dns-server,10.7.0.2', 'tag:subnet-s1,option:router'],
  ],
  [
    'routes come with the default route',
    withSubnet({ hostRoutes: [{ destination: '198.51.100.0/24', nexthop: '10.7.0.9' }] }),
    [
      'tag:subnet-s1,option:dns-server,10.7.0.2',
      'tag:subnet-s1,option:classless-static-route,198.51.100.0/24,10.7.0.9,0.0.0.0/0,10.7.0.1',
      'tag:subnet-s1,249,198.51.100.0/24,10.7.0.9,0.0.0.0/0,10.7.0.1',
      'tag:subnet-s1,option:router,10.7.0.1',
    ],
  ],
  [
    'another subnet of the network is reached directly, and has the server at its address there',
    {
      ...dhcp,
      addresses: ['10.7.0.2/24', '10.8.0.2/24'],
      subnets: [
        { ...subnet, gateway: null },
        { ...subnet, id: 's2', cidr: '10.8.0.0/24', gateway: null },
      ],
    },
    [
      'tag:subnet-s1,option:dns-server,10.7.0.2',
      'tag:subnet-s1,option:classless-static-route,10.8.0.0/24,0.0.0.0',
      'tag:subnet-s1,249,10.8.0.0/24,0.0.0.0',
      'tag:subnet-s1,option:router',
      'tag:subnet-s2,option:dns-server,10.8.0.2',
      'tag:subnet-s2,option:classless-static-route,10.7.0.0/24,0.0.0.0',
      'tag:subnet-s2,249,10.7.0.0/24,0.0.0.0',
      'tag:subnet-s2,option:router',
    ],
  ],
  [
    'options of a port go by name or number, unfit ones not at all',
    {
      ...dhcp,
      subnets: [],
      hosts: [
        {
          ...host,
          options: [
            { name: 'bootfile-name', value: 'a,b' },
            { name: '67', value: 'pxe.0' },
            { name: 'x\ny', value: '1' },
            { name: 'mtu', value: '1\n2' },
          ],
        },
      ],
    },
    ['tag:port-p1,option:bootfile-name,a,b', 'tag:port-p1,67,pxe.0'],
  ],
];

for (const [name, spec, expected] of optionCases) {
  test(`options: ${name}`, () => {
    assert.deepEqual(optionsText(spec).split('\n').slice(0, -1), expected);
  });
}

test('options that do not fit in a line are named', () => {
  const options = [{ name: 'mtu', value: '1\n2' }];
  assert.deepEqual(unfitOptions({ ...dhcp, hosts: [{ ...host, options }] }), [
    { portId: 'p1', name: 'mtu' },
  ]);
});

test('names are known with and without the domain', () => {
  const text = '10.7.0.11\thost-10-7-0-11.openstacklocal host-10-7-0-11\n';
  assert.equal(namesText({ ...dhcp, domain: 'openstacklocal.' }), text);
});

const leases = [
  '1795318424 fa:16:3e:00:00:01 10.7.0.11 host-10-7-0-11 *',
  '1795318424 fa:16:3e:00:00:02 10.7.0.12 * *',
  '',
].join('\n');

test('a lease of a host that is gone, or has another address now, is stale', () => {
  const second = { ...host, mac: 'fa:16:3e:00:00:02', ip: '10.7.0.12' };
  const both = { ...dhcp, hosts: [host, second] };
  assert.deepEqual(planLeases(leases, both), { stale: false, kept: leases });
  assert.deepEqual(planLeases(leases, dhcp), { stale: true, kept: `${leases.split('\n')[0]}\n` });
  const moved = { ...dhcp, hosts: [{ ...host, ip: '10.7.0.12' }] };
  assert.deepEqual(planLeases(leases, moved), { stale: true, kept: '' });
  assert.deepEqual(planLeases('', dhcp), { stale: false, kept: '' });
});

test('dnsmasq becomes its own user, else nobody, else it stays', () => {
  const groups = 'root:x:0:\nnogroup:x:65534:\n';
  const nobody = 'nobody:x:65534:65534::/:/bin/false\n';
  const own = `dnsmasq:x:999:65534::/:/bin/false\n${nobody}`;
  assert.deepEqual(pickUser(own, groups), { user: 'dnsmasq', group: 'nogroup' });
  assert.deepEqual(pickUser(nobody, groups), { user: 'nobody', group: 'nogroup' });
  assert.equal(pickUser(nobody, 'root:x:0:\n'), null);
});
