/** What has to be done to a router, from what is wanted and what is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouterGatewaySpec, RouterInterfaceSpec, RouterSpec } from '#base/host/routers.ts';
import { flowsToCut } from './flows-to-cut.ts';
import { natScripts } from './nat-table.ts';
import { planAbsent, planRouter } from './plan-router.ts';
import { radvdConf } from './radvd-conf.ts';
import { readInner, readRouterLinks } from './read-router.ts';
import { routerFault } from './router-fault.ts';
import { linksOf, NO_ROUTER, wantedRouter, type RouterFacts } from './router-facts.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const RED = '22222222-2222-4222-8222-222222222222';
const OUTER = '33333333-3333-4333-8333-333333333333';

const red: RouterInterfaceSpec = {
  portId: '44444444-4444-4444-8444-444444444444',
  networkId: RED,
  mac: 'fa:16:3e:00:00:01',
  mtu: 1450,
  adminStateUp: true,
  addresses: ['10.1.0.1/24'],
  advertised: [],
};

const gateway: RouterGatewaySpec = {
  portId: '55555555-5555-4555-8555-555555555555',
  networkId: OUTER,
  mac: 'fa:16:3e:00:00:02',
  mtu: 1500,
  adminStateUp: true,
  addresses: ['203.0.113.5/24'],
  nexthops: ['203.0.113.1'],
  snat: true,
};

const router: RouterSpec = {
  id: ID,
  adminStateUp: true,
  interfaces: [red],
  gateway: null,
  routes: [],
  floatingIps: [],
  forwardings: [],
};

const outward: RouterSpec = { ...router, gateway };
const A = { id: '6', floatingIp: '203.0.113.20', fixedIp: '10.1.0.5' };
const B = { id: '7', floatingIp: '203.0.113.21', fixedIp: '10.1.0.6' };

function textOf(steps: readonly { readonly line: string }[]): readonly string[] {
  return steps.map(({ line }) => line);
}

function linesOf(wanted: RouterSpec, has: RouterFacts) {
  const plan = planRouter(ID, linksOf(wanted), { wanted: wantedRouter(wanted), has });
  return { ...plan, outer: textOf(plan.outer), fdb: textOf(plan.fdb), inner: textOf(plan.inner) };
}

const RED_LINKS = [
  'link add dev rtr44444444-44 type veth peer name qr-44444444-44 mtu 1450 address fa:16:3e:00:00:01 netns qrouter-11111111-1111-4111-8111-111111111111',
  'link set dev rtr44444444-44 alias 11111111-1111-4111-8111-111111111111/44444444-4444-4444-8444-444444444444 mtu 1450 master br22222222-2222 up',
];

const changes: readonly {
  readonly what: string;
  readonly from: RouterSpec | null;
  readonly to: RouterSpec;
  readonly outer?: readonly string[];
  readonly fdb?: readonly string[];
  readonly inner?: readonly string[];
}[] = [
  {
    what: 'a new one is a namespace and a link for each interface, with a MAC that stays where it is',
    from: null,
    to: router,
    outer: [`netns add qrouter-${ID}`, ...RED_LINKS],
    fdb: ['fdb replace fa:16:3e:00:00:01 dev rtr44444444-44 master static sticky'],
    inner: [
      'link set dev lo up',
      'addr replace 10.1.0.1/24 dev qr-44444444-44',
      'link set dev qr-44444444-44 up',
    ],
  },
  { what: 'nothing is done for what is so', from: outward, to: outward },
  {
    what: 'a floating IP is one address, which neighbours are told of',
    from: { ...outward, floatingIps: [A] },
    to: { ...outward, floatingIps: [A, B] },
    inner: [
      'addr replace 203.0.113.21/32 dev qg-55555555-55',
      'link set dev qg-55555555-55 address fa:16:3e:00:00:02',
    ],
  },
  {
    what: 'a floating IP that goes takes its address with it, and the way out stays',
    from: { ...outward, floatingIps: [A, B] },
    to: { ...outward, floatingIps: [B] },
    inner: [
      'addr del 203.0.113.20/32 dev qg-55555555-55',
      'route replace 0.0.0.0/0 proto static metric 1024 via 203.0.113.1 dev qg-55555555-55 onlink',
    ],
  },
  {
    what: 'several next hops are one route',
    from: router,
    to: {
      ...router,
      routes: [
        { destination: '10.9.0.0/16', nexthop: '10.1.0.8' },
        { destination: '10.9.0.0/16', nexthop: '10.1.0.9' },
        { destination: '10.8.0.0/16', nexthop: '10.77.0.1' },
      ],
    },
    inner: [
      'route replace 10.9.0.0/16 proto static metric 1024 nexthop via 10.1.0.8 dev qr-44444444-44 nexthop via 10.1.0.9 dev qr-44444444-44',
    ],
  },
  {
    what: 'a router that is down has no links',
    from: outward,
    to: { ...outward, adminStateUp: false },
    outer: [
      'link set dev rtr44444444-44 group 57006',
      'link set dev rtr55555555-55 group 57006',
      'link del group 57006',
    ],
    inner: ['route del 0.0.0.0/0 proto static'],
  },
  {
    what: 'another MAC, another MTU',
    from: router,
    to: { ...router, interfaces: [{ ...red, mac: 'fa:16:3e:00:00:09', mtu: 1400 }] },
    outer: ['link set dev rtr44444444-44 mtu 1400'],
    fdb: [
      'fdb del fa:16:3e:00:00:01 dev rtr44444444-44 master',
      'fdb replace fa:16:3e:00:00:09 dev rtr44444444-44 master static sticky',
    ],
    inner: ['link set dev qr-44444444-44 address fa:16:3e:00:00:09 mtu 1400'],
  },
];

for (const { what, from, to, outer = [], fdb = [], inner = [] } of changes) {
  test(`a router's links: ${what}`, () => {
    assert.equal(routerFault(to), null);
    const plan = linesOf(to, from === null ? NO_ROUTER : wantedRouter(from));
    const { outer: seenOuter, fdb: seenFdb, inner: seenInner } = plan;
    assert.deepEqual({ outer: seenOuter, fdb: seenFdb, inner: seenInner }, { outer, fdb, inner });
  });
}

test('links that lead to a namespace without a name are made anew, and all goes together in the end', () => {
  const { outer } = wantedRouter(router);
  assert.deepEqual(linesOf(router, { ...NO_ROUTER, outer }).outer, [
    'link del dev rtr44444444-44',
    `netns add qrouter-${ID}`,
    ...RED_LINKS,
  ]);
  const lines = textOf(planAbsent(ID, { namespace: true, outer }));
  assert.deepEqual(lines, ['link del dev rtr44444444-44', `netns del qrouter-${ID}`]);
  assert.deepEqual(planAbsent(ID, NO_ROUTER), []);
});

test('routers’ links are known by their aliases; those without are strays', () => {
  const linkinfo = { info_kind: 'veth' };
  const link = { flags: ['UP'], mtu: 1450, linkinfo };
  const ifname = 'rtr44444444-44';
  const master = 'br22222222-2222';
  const ifalias = `${ID}/${red.portId}`;
  const fdb = [{ mac: red.mac, ifname, master, state: 'static', flags: ['sticky'] }];
  const found = readRouterLinks(
    [
      { ...link, ifname, ifalias, master },
      { ...link, ifname: 'rtr66666666-66' },
      { ...link, ifname: 'dhcp66666666-66' },
    ],
    fdb,
  );
  assert.deepEqual(found, { links: wantedRouter(router).outer, strays: ['rtr66666666-66'] });
});

test('addresses that the kernel or the metadata service has made are nobody’s to take away', () => {
  const inner = readInner([
    { ifname: 'lo', mtu: 65_536, flags: ['UP'] },
    {
      ifname: 'qr-44444444-44',
      address: red.mac,
      mtu: 1450,
      flags: ['UP'],
      addr_info: [
        { local: '10.1.0.1', prefixlen: 24 },
        { local: '169.254.169.254', prefixlen: 32 },
        { local: 'fe80::f816:3eff:fe00:1', prefixlen: 64 },
      ],
    },
  ]);
  assert.deepEqual(inner, wantedRouter(router).inner);
});

const NAT = 'ip stackyard-nat';

test('translation: what changes is what is said', () => {
  assert.deepEqual(natScripts(outward, outward), []);
  assert.deepEqual(natScripts({ ...outward, floatingIps: [A] }, { ...outward, floatingIps: [B] }), [
    `delete element ${NAT} fixed { 203.0.113.20 : 10.1.0.5 }
delete element ${NAT} floating { 10.1.0.5 : 203.0.113.20 }
add element ${NAT} fixed { 203.0.113.21 : 10.1.0.6 }
add element ${NAT} floating { 10.1.0.6 : 203.0.113.21 }
`,
  ]);
  const leaving = `flush chain ${NAT} leaving
add rule ${NAT} leaving oifname != "qg-*" ct status & dnat == 0 accept
add rule ${NAT} leaving snat to ip saddr map @floating
`;
  const hairpin = `add rule ${NAT} leaving iifname != "qg-*" ct status & dnat == dnat snat to 203.0.113.5 fully-random
`;
  const withoutSnat = { ...outward, gateway: { ...gateway, snat: false } };
  assert.deepEqual(natScripts(outward, withoutSnat), [leaving + hairpin]);
  assert.deepEqual(natScripts(withoutSnat, router), [leaving]);
});

test('translation: what the kernel does not take at once is said bit by bit, and never a part of it twice', () => {
  const forwarding = {
    id: '8',
    floatingIp: '203.0.113.20',
    protocol: 'tcp' as const,
    externalPorts: { first: 1, last: 4000 },
    internalIp: '10.1.0.5',
    internalPorts: { first: 2, last: 4001 },
  };
  const scripts = natScripts(router, { ...router, forwardings: [forwarding] });
  const elements = scripts.map((text) =>
    [...text.matchAll(/tcp \. (\d+) /g)].map(([, port]) => port),
  );
  assert.deepEqual(
    elements.map((some) => some.length),
    [1500, 1500, 1000],
  );
  assert.equal(new Set(elements.flat()).size, 4000);
});

const FLOWS = [
  'tcp 6 431999 ESTABLISHED src=198.51.100.1 dst=203.0.113.20 sport=1 dport=80 src=10.1.0.5 dst=198.51.100.1 sport=80 dport=1 [ASSURED] mark=0 use=1',
  'tcp 6 431999 ESTABLISHED src=10.1.0.5 dst=198.51.100.1 sport=2 dport=80 src=198.51.100.1 dst=203.0.113.20 sport=80 dport=2 [ASSURED] mark=0 use=1',
  'tcp 6 431999 ESTABLISHED src=10.1.0.6 dst=198.51.100.1 sport=3 dport=80 src=198.51.100.1 dst=203.0.113.5 sport=80 dport=9 [ASSURED] mark=0 use=1',
  'udp 17 29 src=10.1.0.7 dst=198.51.100.1 sport=4 dport=53 src=198.51.100.1 dst=10.1.0.7 sport=53 dport=4 mark=0 use=1',
  'udp 17 29 src=10.1.0.7 dst=10.1.0.8 sport=4 dport=53 src=10.1.0.8 dst=10.1.0.7 sport=53 dport=4 mark=0 use=1',
  'icmp 1 29 src=198.51.100.1 dst=203.0.113.30 type=8 code=0 id=5 src=203.0.113.30 dst=198.51.100.1 type=0 code=0 id=5 mark=0 use=1',
  'udp 17 29 src=198.51.100.1 dst=203.0.113.30 sport=5 dport=60 src=10.1.0.5 dst=198.51.100.1 sport=53 dport=5 mark=0 use=1',
].join('\n');

const port60 = {
  id: '9',
  floatingIp: '203.0.113.30',
  protocol: 'udp' as const,
  externalPorts: { first: 50, last: 70 },
  internalIp: '10.1.0.5',
  internalPorts: { first: 53, last: 53 },
};
const ping = { ...port60, protocol: 'icmp' as const, externalPorts: null, internalPorts: null };
const bare = { ...outward, gateway: { ...gateway, snat: false } };
const floats = { ...outward, floatingIps: [A] };

const cuts: readonly (readonly [string, RouterSpec, RouterSpec, readonly string[]])[] = [
  ['nothing that stays', floats, floats, []],
  ['a floating IP that goes', floats, outward, ['-d 203.0.113.20', '-q 203.0.113.20']],
  ['a floating IP that comes', outward, floats, ['-d 203.0.113.20']],
  ['the gateway’s address that goes', outward, router, ['-q 203.0.113.5']],
  ['SNAT that ends', outward, bare, ['-q 203.0.113.5']],
  ['SNAT that begins', bare, outward, ['-s 10.1.0.7 -q 10.1.0.7']],
  [
    'forwardings that go',
    { ...outward, forwardings: [port60, ping] },
    outward,
    ['-p icmp -d 203.0.113.30', '-p udp -d 203.0.113.30 --dport 60'],
  ],
  [
    'no forwarding beside one that comes',
    { ...outward, forwardings: [port60] },
    { ...outward, forwardings: [port60, ping] },
    ['-p icmp -d 203.0.113.30'],
  ],
];

for (const [what, was, wanted, lines] of cuts) {
  test(`flows are cut: ${what}`, () => {
    const { among, choose } = flowsToCut(was, wanted);
    // As `grep` does it with these words.
    const listed = FLOWS.split('\n').filter((flow) =>
      among.some((word) => flow.includes(`=${word} `) || flow.includes(`${word}=`)),
    );
    assert.deepEqual(
      [...choose(listed.join('\n'))],
      lines.map((line) => `-f ipv4 ${line}`),
    );
  });
}

test('radvd is told of what is advertised, by mode, and of nothing when nobody is to hear', () => {
  const servers = ['2001:db8::1', '2001:db8::2', '192.0.2.1', '2001:db8::3', '2001:db8::4'];
  const both: RouterSpec = {
    ...router,
    interfaces: [
      {
        ...red,
        advertised: [
          { cidr: '2001:db8:1::/64', mode: 'slaac', dnsNameservers: servers },
          { cidr: '2001:db8:2::/64', mode: 'dhcpv6-stateful', dnsNameservers: [] },
        ],
      },
    ],
  };
  assert.equal(
    radvdConf(both),
    `interface qr-44444444-44 {
  AdvSendAdvert on;
  MinRtrAdvInterval 30;
  MaxRtrAdvInterval 100;
  AdvLinkMTU 1450;
  AdvManagedFlag on;
  AdvOtherConfigFlag on;
  prefix 2001:db8:1::/64 { AdvOnLink on; AdvAutonomous on; };
  prefix 2001:db8:2::/64 { AdvOnLink on; AdvAutonomous off; };
  RDNSS 2001:db8::1 2001:db8::2 2001:db8::3 {};
  RDNSS 2001:db8::4 {};
};
`,
  );
  assert.equal(radvdConf({ ...both, adminStateUp: false }), '');
  assert.equal(radvdConf(router), '');
});

const refused: readonly (readonly [string, RouterSpec, RegExp])[] = [
  ['an id that is none', { ...router, id: 'x;reboot' }, /not a UUID/],
  [
    'an address that is none',
    { ...router, interfaces: [{ ...red, addresses: ['10.0.0.1'] }] },
    /prefix/,
  ],
  [
    'a next hop that is none',
    { ...outward, gateway: { ...gateway, nexthops: ['x'] } },
    /IP address/,
  ],
  [
    'a fixed address twice',
    { ...outward, floatingIps: [A, { ...A, floatingIp: B.floatingIp }] },
    /10\.1\.0\.5 is there twice/,
  ],
  [
    'a port twice',
    { ...outward, forwardings: [port60, { ...port60, id: '0' }] },
    /udp 50 is there twice/,
  ],
  [
    'a port in two ranges',
    {
      ...outward,
      forwardings: [port60, { ...port60, id: '0', externalPorts: { first: 40, last: 70 } }],
    },
    /udp 50 is there twice/,
  ],
  [
    'a floating IP of IPv6',
    { ...outward, floatingIps: [{ ...A, floatingIp: '2001:db8::1' }] },
    /not an IPv4/,
  ],
];

for (const [what, spec, message] of refused) {
  test(`a router with ${what} is refused`, () => {
    assert.match(routerFault(spec)?.message ?? '', message);
  });
}
