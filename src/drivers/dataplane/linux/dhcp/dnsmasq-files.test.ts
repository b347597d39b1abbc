/** The files that dnsmasq is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DhcpHost, DhcpSpec, DhcpSubnet } from '#base/host/links.ts';
import { dhcpFiles, dnsmasqArguments } from './dnsmasq-files.ts';
import { hostsText, namesText } from './dnsmasq-hosts.ts';
import { optionsText, unfitOptions } from './dnsmasq-options.ts';
import { pickUser } from './dnsmasq-user.ts';
import { ownersOf, planLeases } from './leases.ts';

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
const stateful: DhcpSubnet = {
  ...subnet,
  id: 's6',
  ipVersion: 6,
  ipv6Mode: 'dhcpv6-stateful',
  cidr: 'fd00::/64',
  gateway: 'fd00::1',
};
const stateless: DhcpSubnet = { ...stateful, ipv6Mode: 'dhcpv6-stateless' };
const six: DhcpHost = {
  ...host,
  ip: 'fd00::11',
  subnetId: 's6',
  hostname: 'host-fd00--11',
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
  const short = { ...stateful, id: 'short', cidr: '2001:db8::/48' };
  const all = { ...two, subnets: [...two.subnets, stateful, short] };
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
    '--dhcp-range=set:subnet-s6,fd00::,static,64,600s',
    '--dhcp-ignore-names',
  ]) {
    assert.ok(args.includes(arg), arg);
  }
  assert.ok(!args.some((arg) => arg.includes('2001:db8')), 'dnsmasq would not start');
});

test('without another user to become, it stays who it is', () => {
  const args = dnsmasqArguments(dhcp, 1450, dhcpFiles('/d'), null);
  assert.ok(args.includes('--user=') && args.includes('--group='));
});

const option = { name: 'mtu', value: '1' };
const hostCases: readonly (readonly [
  string,
  readonly DhcpHost[],
  DhcpSubnet,
  readonly string[],
])[] = [
  ['a plain host', [host], stateful, ['fa:16:3e:00:00:01,id:*,10.7.0.11,host-10-7-0-11']],
  [
    'one with an unfit name',
    [{ ...host, hostname: 'a,b' }],
    stateful,
    ['fa:16:3e:00:00:01,id:*,10.7.0.11'],
  ],
  [
    'one with options of its own',
    [{ ...host, options: [option] }],
    stateful,
    ['fa:16:3e:00:00:01,id:*,set:port-p1,10.7.0.11,host-10-7-0-11'],
  ],
  [
    'one with addresses of both versions, IPv4 last since dnsmasq reads from the end',
    [host, { ...six, options: [option] }, { ...six, ip: 'fd00::12' }],
    stateful,
    [
      'fa:16:3e:00:00:01,set:port-p1,[fd00::11],[fd00::12]',
      'fa:16:3e:00:00:01,id:*,set:port-p1,10.7.0.11,host-10-7-0-11',
    ],
  ],
  [
    'one that makes its IPv6 address itself, and is only to be known',
    [six, host],
    stateless,
    ['fa:16:3e:00:00:01,id:*', 'fa:16:3e:00:00:01,id:*,10.7.0.11,host-10-7-0-11'],
  ],
  ['one on a subnet that nobody serves', [{ ...host, subnetId: 'other' }], stateful, []],
];

for (const [name, hosts, v6, expected] of hostCases) {
  test(`in the list of hosts: ${name}`, () => {
    const text = hostsText({ ...dhcp, subnets: [subnet, v6], hosts });
    assert.deepEqual(text.split('\n').slice(0, -1), expected);
  });
}

const METADATA = '169.254.169.254/32,10.7.0.2';
const routesBy = (tag: string, routes: string) => [
  `${tag},option:classless-static-route,${routes}`,
  `${tag},249,${routes}`,
];
const usual = [
  ...routesBy('tag:subnet-s1', `${METADATA},0.0.0.0/0,10.7.0.1`),
  'tag:subnet-s1,option:router,10.7.0.1',
];
const optionCases: readonly (readonly [string, DhcpSpec, readonly string[]])[] = [
  [
    'a subnet without name servers offers the DHCP server itself, and metadata by it',
    dhcp,
    ['tag:subnet-s1,option:dns-server,10.7.0.2', ...usual],
  ],
  [
    'name servers are offered in their order, IPv6 ones not',
    withSubnet({ dnsNameservers: ['10.7.0.53', '2001:db8::53', '10.7.0.54'] }),
    ['tag:subnet-s1,option:dns-server,10.7.0.53,10.7.0.54', ...usual],
  ],
  [
    'a name server 0.0.0.0 means none',
    withSubnet({ dnsNameservers: ['0.0.0.0'] }),
    ['tag:subnet-s1,option:dns-server', ...usual],
  ],
  [
    'without a gateway no router is offered, and no default route',
    withSubnet({ gateway: null }),
    [
      'tag:subnet-s1,option:dns-server,10.7.0.2',
      ...routesBy('tag:subnet-s1', METADATA),
      'tag:subnet-s1,option:router',
    ],
  ],
  [
    'routes come with the default route',
    withSubnet({ hostRoutes: [{ destination: '198.51.100.0/24', nexthop: '10.7.0.9' }] }),
    [
      'tag:subnet-s1,option:dns-server,10.7.0.2',
      ...routesBy('tag:subnet-s1', `198.51.100.0/24,10.7.0.9,${METADATA},0.0.0.0/0,10.7.0.1`),
      'tag:subnet-s1,option:router,10.7.0.1',
    ],
  ],
  [
    'a route to everywhere is a gateway where there is none, and nothing where there is one',
    {
      ...dhcp,
      subnets: ['10.7.0.1', null].map((gateway) => ({
        ...subnet,
        gateway,
        hostRoutes: [{ destination: '0.0.0.0/0', nexthop: '10.7.0.9' }],
      })),
    },
    [
      'tag:subnet-s1,option:dns-server,10.7.0.2',
      ...usual,
      'tag:subnet-s1,option:dns-server,10.7.0.2',
      ...routesBy('tag:subnet-s1', `${METADATA},0.0.0.0/0,10.7.0.9`),
      'tag:subnet-s1,option:router,10.7.0.9',
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
      ...routesBy('tag:subnet-s1', `${METADATA},10.8.0.0/24,0.0.0.0`),
      'tag:subnet-s1,option:router',
      'tag:subnet-s2,option:dns-server,10.8.0.2',
      ...routesBy('tag:subnet-s2', '169.254.169.254/32,10.8.0.2,10.7.0.0/24,0.0.0.0'),
      'tag:subnet-s2,option:router',
    ],
  ],
  [
    'an IPv6 subnet names name servers and the domain, and its own server when it has none',
    {
      ...dhcp,
      addresses: ['fd00::2/64', 'fd01::2/64'],
      subnets: [
        stateful,
        { ...stateless, id: 's7', dnsNameservers: ['fd00::53', '192.0.2.53'] },
        { ...stateless, id: 's8', dnsNameservers: ['::'] },
      ],
    },
    [
      'tag:subnet-s6,option6:dns-server,[fd00::2]',
      'tag:subnet-s6,option6:domain-search,openstacklocal',
      'tag:subnet-s7,option6:dns-server,[fd00::53]',
      'tag:subnet-s7,option6:domain-search,openstacklocal',
      'tag:subnet-s8,option6:dns-server',
      'tag:subnet-s8,option6:domain-search,openstacklocal',
    ],
  ],
  [
    'options of a port go by name or number, once for all addresses of a version, unfit ones not at all',
    {
      ...dhcp,
      addresses: [],
      subnets: [
        { ...subnet, gateway: null },
        { ...stateful, dnsNameservers: ['::'] },
      ],
      hosts: [host, { ...host, ip: '10.7.0.12' }, six].map((one) => ({
        ...one,
        options: [
          { name: 'bootfile-name', value: 'a,b' },
          { name: '67', value: 'pxe.0' },
          { name: 'x\ny', value: '1' },
          { name: 'mtu', value: '1\n2' },
        ],
      })),
    },
    [
      'tag:subnet-s1,option:dns-server',
      'tag:subnet-s1,option:router',
      'tag:subnet-s6,option6:dns-server',
      'tag:subnet-s6,option6:domain-search,openstacklocal',
      'tag:port-p1,option:bootfile-name,a,b',
      'tag:port-p1,67,pxe.0',
      'tag:port-p1,option6:bootfile-name,a,b',
      'tag:port-p1,option6:67,pxe.0',
    ],
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

test('names are known with and without the domain, also of hosts that nobody serves', () => {
  const text =
    '10.7.0.11\thost-10-7-0-11.openstacklocal host-10-7-0-11\n' +
    'fd00::11\thost-fd00--11.openstacklocal host-fd00--11\n';
  assert.equal(namesText({ ...dhcp, hosts: [host, six], domain: 'openstacklocal.' }), text);
});

const leases = [
  '1795318424 fa:16:3e:00:00:01 10.7.0.11 host-10-7-0-11 *',
  '1795318424 fa:16:3e:00:00:02 10.7.0.12 * *',
  '',
].join('\n');

test('a lease of a host that is gone, or has another address now, is stale', () => {
  const second = { ...host, mac: 'fa:16:3e:00:00:02', ip: '10.7.0.12' };
  const both = { ...dhcp, hosts: [host, second] };
  assert.deepEqual(planLeases(leases, both, {}), { stale: false, kept: leases });
  assert.deepEqual(planLeases(leases, dhcp, {}), {
    stale: true,
    kept: `${leases.split('\n')[0]}\n`,
  });
  const moved = { ...dhcp, hosts: [{ ...host, ip: '10.7.0.12' }] };
  assert.deepEqual(planLeases(leases, moved, {}), { stale: true, kept: '' });
  assert.deepEqual(planLeases('', dhcp, {}), { stale: false, kept: '' });
});

test('of IPv6 leases the server keeps only its own id, and one is stale when its address has another owner', () => {
  const id = 'duid 00:01:00:01:32:94:20:ad:66:df:99:d0:ec:a3\n';
  const text = `${id}1795318424 1052673 fd00::11 * 00:04:aa\n`;
  const spec = { ...dhcp, hosts: [six] };
  const other = { ...dhcp, hosts: [{ ...six, mac: 'fa:16:3e:00:00:02' }] };
  assert.deepEqual(planLeases(text, spec, ownersOf(spec)), { stale: false, kept: id });
  assert.deepEqual(planLeases(text, spec, ownersOf(other)), { stale: true, kept: id });
  assert.deepEqual(planLeases(text, dhcp, ownersOf(spec)), { stale: true, kept: id });
});

test('dnsmasq becomes its own user, else nobody, else it stays', () => {
  const groups = 'root:x:0:\nnogroup:x:65534:\n';
  const nobody = 'nobody:x:65534:65534::/:/bin/false\n';
  const own = `dnsmasq:x:999:65534::/:/bin/false\n${nobody}`;
  assert.deepEqual(pickUser(own, groups), { user: 'dnsmasq', group: 'nogroup' });
  assert.deepEqual(pickUser(nobody, groups), { user: 'nobody', group: 'nogroup' });
  assert.equal(pickUser(nobody, 'root:x:0:\n'), null);
});
