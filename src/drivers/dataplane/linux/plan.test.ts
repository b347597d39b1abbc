/** What is planned for a change, from what is there. */
import { DEFAULT_STORM_CONTROL, pinnedTo } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DhcpSpec, NetworkSpec, PortSpec } from '#base/host/links.ts';
import { NO_CHANGE, type DataplaneChange } from '../dataplane.ts';
import { settleFacts, type Facts } from './facts.ts';
import { planChange } from './plan.ts';

const NET = '11111111-1111-4111-8111-111111111111';
const PORT = '22222222-2222-4222-8222-222222222222';
const OTHER = '33333333-3333-4333-8333-333333333333';
const SERVER = '44444444-4444-4444-8444-444444444444';

const network: NetworkSpec = { id: NET, mtu: 1450, adminStateUp: true, dhcp: null, uplink: null };
const port: PortSpec = {
  id: PORT,
  networkId: NET,
  tap: 'tap22222222-22',
  mac: 'fa:16:3e:00:00:01',
  mtu: 1450,
  adminStateUp: true,
  firewall: pinnedTo(['fa:16:3e:00:00:01']),
  storm: DEFAULT_STORM_CONTROL,
};
const other: PortSpec = { ...port, id: OTHER, tap: 'tap33333333-33', firewall: null };
const dhcp: DhcpSpec = {
  portId: SERVER,
  mac: 'fa:16:3e:00:00:99',
  addresses: ['10.7.0.2/24'],
  subnets: [],
  hosts: [],
  domain: 'openstacklocal',
};

/** What a network's services have when they have no port. */
const OWN_MAC = '02:bd:76:62:a5:ee';
const linkServices = (mac: string) => [
  `link add dev dhcp11111111-11 type veth peer name ns-net address ${mac} netns qdhcp-${NET}`,
  `link set dev dhcp11111111-11 alias ${NET} mtu 1450 master br11111111-1111 up`,
  'link set dev dhcp11111111-11 type bridge_slave flood off',
];
const MAKE_NETWORK = [
  'link add name br11111111-1111 type bridge stp_state 0 forward_delay 0 mcast_snooping 0 group_fwd_mask 65528',
  `link set dev br11111111-1111 alias ${NET} mtu 1450 up`,
  `netns add qdhcp-${NET}`,
  ...linkServices(OWN_MAC),
];
const pinServices = (mac: string) => [
  `fdb replace ${mac} dev dhcp11111111-11 master static sticky`,
];
const unpinServices = (mac: string) => [`fdb del ${mac} dev dhcp11111111-11 master`];
const MAKE_PORT = [
  'tuntap add dev tap22222222-22 mode tap user 100 group 200',
  `link set dev tap22222222-22 alias ${PORT} mtu 1450 master br11111111-1111 up`,
  'link set dev tap22222222-22 type bridge_slave flood off group_fwd_mask 0',
];
const PIN_PORT = ['fdb replace fa:16:3e:00:00:01 dev tap22222222-22 master static sticky'];
type Case = {
  readonly name: string;
  /** What was applied before; nothing when absent. */
  readonly before?: Partial<DataplaneChange>;
  /** What else is different from what was applied. */
  readonly but?: (facts: Facts) => void;
  readonly change: Partial<DataplaneChange>;
  readonly ip: readonly string[];
  readonly fdb?: readonly string[];
  readonly stopped?: readonly string[];
};

const both = { networks: [network], ports: [port, other] };
const served = { ...network, dhcp };

const cases: readonly Case[] = [
  {
    name: 'a network and two ports are made from nothing',
    change: both,
    ip: [
      ...MAKE_NETWORK,
      ...MAKE_PORT,
      'tuntap add dev tap33333333-33 mode tap user 100 group 200',
      `link set dev tap33333333-33 alias ${OTHER} mtu 1450 master br11111111-1111 up`,
      'link set dev tap33333333-33 type bridge_slave flood on group_fwd_mask 0',
    ],
    fdb: [...pinServices(OWN_MAC), ...PIN_PORT],
  },
  { name: 'what is so needs nothing', before: both, change: both, ip: [] },
  {
    name: 'one port more touches nothing else',
    before: { networks: [network] },
    change: { ports: [port] },
    ip: MAKE_PORT,
    fdb: PIN_PORT,
  },
  {
    name: 'only what differs is set',
    before: both,
    change: {
      networks: [{ ...network, adminStateUp: false }],
      ports: [
        { ...port, mtu: 1400 },
        { ...other, adminStateUp: false },
      ],
    },
    ip: [
      'link set dev br11111111-1111 down',
      'link set dev tap22222222-22 mtu 1400',
      'link set dev tap33333333-33 down',
    ],
  },
  {
    name: 'a port with one address is known to the bridge, with several it is flooded too, and a free one is not known',
    before: both,
    change: {
      ports: [
        { ...port, firewall: pinnedTo([port.mac, 'fa:16:3e:00:00:02']) },
        { ...other, firewall: pinnedTo([other.mac], { mode: 'transparent' }) },
      ],
    },
    ip: [
      'link set dev tap22222222-22 type bridge_slave flood on',
      'link set dev tap33333333-33 type bridge_slave group_fwd_mask 65533',
    ],
  },
  {
    name: 'a port that is freed is known no more',
    before: both,
    change: { ports: [{ ...port, firewall: null }] },
    ip: ['link set dev tap22222222-22 type bridge_slave flood on'],
    fdb: ['fdb del fa:16:3e:00:00:01 dev tap22222222-22 master'],
  },
  {
    name: 'one link that goes, goes by itself',
    before: both,
    change: { absentPorts: [PORT] },
    ip: ['link del dev tap22222222-22'],
  },
  {
    name: 'many links go in one step',
    before: { networks: [served], ports: [port, other] },
    change: { absentNetworks: [NET], absentPorts: [PORT, OTHER] },
    ip: [
      'link set dev tap22222222-22 group 57005',
      'link set dev tap33333333-33 group 57005',
      'link set dev dhcp11111111-11 group 57005',
      'link set dev br11111111-1111 group 57005',
      'link del group 57005',
      `netns del qdhcp-${NET}`,
    ],
    stopped: [NET],
  },
  { name: 'what is not there is not removed', change: { absentPorts: [PORT] }, ip: [] },
  {
    name: 'DHCP that is switched on answers from the link that is there, by the MAC of its port',
    before: both,
    change: { networks: [served] },
    ip: [],
    fdb: [...unpinServices(OWN_MAC), ...pinServices(dhcp.mac)],
  },
  {
    name: 'a network that comes with DHCP has the MAC of its port from the start',
    change: { networks: [served] },
    ip: [...MAKE_NETWORK.slice(0, 3), ...linkServices(dhcp.mac)],
    fdb: pinServices(dhcp.mac),
  },
  {
    name: 'an address of services that the bridge has lost is told it again',
    before: { networks: [served] },
    but: (facts) => {
      const link = facts.serviceLinks.get(NET);
      if (link !== undefined) facts.serviceLinks.set(NET, { ...link, pinnedMac: null });
    },
    change: { networks: [served] },
    ip: [],
    fdb: pinServices(dhcp.mac),
  },
  {
    name: 'a link into a namespace without a name is made anew',
    before: { networks: [served] },
    but: (facts) => facts.serviceNamespaces.clear(),
    change: { networks: [served] },
    ip: ['link del dev dhcp11111111-11', `netns add qdhcp-${NET}`, ...linkServices(dhcp.mac)],
    fdb: pinServices(dhcp.mac),
    stopped: [NET],
  },
  {
    name: 'a link that an older version has named after its port is made anew',
    before: { networks: [served] },
    but: (facts) => {
      const link = facts.serviceLinks.get(NET);
      if (link !== undefined) facts.serviceLinks.set(NET, { ...link, name: 'dhcp44444444-44' });
    },
    change: { networks: [served] },
    ip: [
      'link del dev dhcp44444444-44',
      `netns del qdhcp-${NET}`,
      `netns add qdhcp-${NET}`,
      ...linkServices(dhcp.mac),
    ],
    fdb: pinServices(dhcp.mac),
    stopped: [NET],
  },
  {
    name: 'DHCP that is switched off leaves the link',
    before: { networks: [served] },
    change: { networks: [network] },
    ip: [],
    fdb: [...unpinServices(dhcp.mac), ...pinServices(OWN_MAC)],
  },
  {
    name: 'half-made links are taken up when they are wanted and away when they are not',
    before: { networks: [network] },
    but: (facts) => {
      facts.strays.add(port.tap).add('brffffffff-ffff');
    },
    change: { ports: [port] },
    ip: ['link del dev brffffffff-ffff', ...MAKE_PORT.slice(1)],
    fdb: PIN_PORT,
  },
];

for (const one of cases) {
  test(`plan: ${one.name}`, () => {
    const facts = noFacts();
    const before = changeOf(one.before ?? {});
    settle(before, facts);
    one.but?.(facts);
    const change = changeOf(one.change);
    const plan = planChange(change, facts, { uid: 100, gid: 200 });
    assert.deepEqual(
      plan.ip.map((step) => step.line),
      one.ip,
    );
    assert.deepEqual(
      plan.fdb.map((step) => step.line),
      one.fdb ?? [],
    );
    const stopped = plan.stopServices.filter((id) => before.networks.some((had) => had.id === id));
    assert.deepEqual(stopped, one.stopped ?? []);

    settle(change, facts);
    const again = planChange(change, facts, { uid: 100, gid: 200 });
    assert.deepEqual(again.ip, [], 'nothing is left to do');
    assert.deepEqual(again.fdb, []);
  });
}

test('plan: taps belong to root alone when no owner is given', () => {
  const facts = noFacts();
  settle(changeOf({ networks: [network] }), facts);
  const plan = planChange(changeOf({ ports: [port] }), facts, null);
  assert.equal(plan.ip[0]?.line, 'tuntap add dev tap22222222-22 mode tap');
});

test('facts: what failed is not taken for done', () => {
  const facts = noFacts();
  settleFacts(changeOf(both), new Set([PORT]), facts);
  assert.deepEqual([...facts.taps.keys()], [OTHER]);
  assert.deepEqual([...facts.portIds], [['tap33333333-33', OTHER]]);
  settleFacts(changeOf({ absentPorts: [OTHER], absentNetworks: [NET] }), new Set([NET]), facts);
  assert.deepEqual([...facts.taps.keys()], []);
  assert.deepEqual([...facts.bridges.keys()], [NET]);
});

function settle(change: DataplaneChange, facts: Facts): void {
  settleFacts(change, new Set(), facts);
}

function noFacts(): Facts {
  return {
    bridges: new Map(),
    taps: new Map(),
    portIds: new Map(),
    serviceLinks: new Map(),
    serviceNamespaces: new Set(),
    strays: new Set(),
  };
}

function changeOf(change: Partial<DataplaneChange>): DataplaneChange {
  return { ...NO_CHANGE, ...change };
}
