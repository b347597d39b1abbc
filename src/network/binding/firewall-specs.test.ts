/** How rows become what a host's firewall should hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRuleSpec } from '#base/host/firewall.ts';
import type { RuleMatch } from '../security-groups/security-group-rule.rules.ts';
import { firewallOf, groupSpec, memberOf, type FirewallPort } from './firewall-specs.ts';

const MAC = 'fa:16:3e:00:00:01';
const all = () => true;
const OTHER = 'fa:16:3e:00:00:02';

const PORT: FirewallPort = {
  id: 'p',
  networkId: 'n',
  mac: MAC,
  deviceOwner: 'compute:nova',
  portSecurity: true,
  mode: 'strict',
  ethertypes: [0x88cc, 0x8100, 0x88cc],
  pairs: [
    { mac_address: OTHER, ip_address: '10.0.0.77/24' },
    { mac_address: MAC, ip_address: '10.0.0.5' },
    { mac_address: OTHER, ip_address: '2001:DB8::7/64' },
  ],
  addresses: ['2001:db8::1', '10.0.0.5'],
  groups: ['g2', 'g1'],
};

test('a strict port is held to the pairs of its own and its allowed addresses, each once', () => {
  assert.deepEqual(firewallOf(PORT), {
    mode: 'strict',
    macs: [MAC, OTHER],
    pairs: [
      { mac: MAC, cidr: '10.0.0.5/32' },
      { mac: MAC, cidr: '2001:db8::1/128' },
      { mac: OTHER, cidr: '10.0.0.0/24' },
      { mac: OTHER, cidr: '2001:db8::/64' },
    ],
    ethertypes: [],
    groups: ['g1', 'g2'],
  });
});

test('of an l2 port only MACs, EtherTypes and groups count, of a transparent one nothing', () => {
  assert.deepEqual(firewallOf({ ...PORT, mode: 'l2' }), {
    mode: 'l2',
    macs: [MAC, OTHER],
    pairs: [],
    ethertypes: [0x8100, 0x88cc],
    groups: ['g1', 'g2'],
  });
  const transparent = firewallOf({ ...PORT, mode: 'transparent' });
  assert.deepEqual(
    [transparent?.pairs, transparent?.groups, transparent?.ethertypes],
    [[], [], []],
  );
  assert.equal(firewallOf({ ...PORT, portSecurity: false }), null);
});

test('a port is a member of those of its groups that are named, with all its addresses', () => {
  assert.deepEqual(
    memberOf(PORT, (id) => id === 'g2'),
    {
      id: 'p',
      networkId: 'n',
      groups: ['g2'],
      macs: [MAC, OTHER],
      cidrs: ['10.0.0.0/24', '10.0.0.5/32', '2001:db8::/64', '2001:db8::1/128'],
    },
  );
  assert.deepEqual(memberOf({ ...PORT, addresses: [], pairs: [] }, all)?.cidrs, []);
  assert.equal(
    memberOf(PORT, () => false),
    undefined,
  );
  assert.equal(memberOf({ ...PORT, deviceOwner: 'network:dhcp' }, all), undefined);
});

const ANY: RuleMatch & { id: string } = {
  id: 'r',
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: null,
};
const SPEC: SecurityRuleSpec = {
  id: 'r',
  direction: 'ingress',
  version: 4,
  protocol: null,
  ports: null,
  remote: { kind: 'any' },
};
const ports = (min: number, max: number | null) => ({ port_range_min: min, port_range_max: max });

const rules: readonly [string, Partial<RuleMatch>, Partial<SecurityRuleSpec>][] = [
  ['lets everything in', {}, {}],
  [
    'lets everything out, IPv6',
    { direction: 'egress', ethertype: 'IPv6' },
    { direction: 'egress', version: 6 },
  ],
  ['names a protocol', { protocol: 'esp' }, { protocol: 50 }],
  ['numbers a protocol', { protocol: '50' }, { protocol: 50 }],
  ['names every protocol', { protocol: 'ip' }, { protocol: null }],
  [
    'has ports',
    { protocol: 'tcp', ...ports(80, 443) },
    { protocol: 6, ports: { min: 80, max: 443 } },
  ],
  [
    'has ports of UDP-Lite',
    { protocol: '136', ...ports(5, 5) },
    { protocol: 136, ports: { min: 5, max: 5 } },
  ],
  [
    'has an ICMP type',
    { protocol: 'icmp', ...ports(8, null) },
    { protocol: 1, ports: { min: 8, max: null } },
  ],
  [
    'has an ICMP code',
    { protocol: 'icmp', ...ports(3, 0) },
    { protocol: 1, ports: { min: 3, max: 0 } },
  ],
  ['says ICMP of IPv6', { ethertype: 'IPv6', protocol: 'icmp' }, { version: 6, protocol: 58 }],
  [
    'says ICMPv6 by name',
    { ethertype: 'IPv6', protocol: 'ipv6-icmp' },
    { version: 6, protocol: 58 },
  ],
  [
    'has host bits in its prefix',
    { remote_ip_prefix: '10.0.0.9/8' },
    { remote: { kind: 'cidr', cidr: '10.0.0.0/8' } },
  ],
  ['has all of IPv4 for a prefix', { remote_ip_prefix: '0.0.0.0/0' }, {}],
  ['has all of IPv6 for a prefix', { ethertype: 'IPv6', remote_ip_prefix: '::/0' }, { version: 6 }],
  ['has a remote group', { remote_group_id: 'g' }, { remote: { kind: 'group', id: 'g' } }],
  [
    'has a remote address group',
    { remote_address_group_id: 'a' },
    { remote: { kind: 'address-group', id: 'a' } },
  ],
];

for (const [what, fields, expected] of rules) {
  test(`a rule that ${what} is told in numbers`, () => {
    const spec = groupSpec({ id: 'g', stateful: 1 }, [{ ...ANY, ...fields }]);
    assert.deepEqual(spec.rules, [{ ...SPEC, ...expected }]);
  });
}

test('a group has its rules in the order of their ids', () => {
  const spec = groupSpec({ id: 'g', stateful: 0 }, [
    { ...ANY, id: 'b' },
    { ...ANY, id: 'a' },
  ]);
  assert.equal(spec.stateful, false);
  assert.deepEqual(
    spec.rules.map((rule) => rule.id),
    ['a', 'b'],
  );
});
