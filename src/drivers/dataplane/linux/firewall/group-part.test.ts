/** Security group rules as they are put to the kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRuleSpec } from '#base/host/firewall.ts';
import { groupPart } from './group-part.ts';

const GROUP = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';

const any: SecurityRuleSpec = {
  id: '33333333-3333-4333-8333-333333333333',
  direction: 'ingress',
  version: 4,
  protocol: null,
  ports: null,
  remote: { kind: 'any' },
};

const cases: readonly (readonly [string, Partial<SecurityRuleSpec>, string, string])[] = [
  ['everything', {}, 'meta protocol ip goto pass', 'meta protocol ip goto passed'],
  [
    'one port',
    { protocol: 6, ports: { min: 22, max: 22 } },
    'meta protocol ip ct l3proto ipv4 ct protocol 6 ct original proto-dst 22 goto pass',
    'meta protocol ip meta l4proto 6 th dport 22 goto passed',
  ],
  [
    'a range from a network',
    {
      version: 6,
      protocol: 17,
      ports: { min: 1000, max: 2000 },
      remote: { kind: 'cidr', cidr: '2001:db8::/32' },
    },
    'meta protocol ip6 ct l3proto ipv6 ct protocol 17 ct original proto-dst 1000-2000 ct original ip6 saddr 2001:db8::/32 goto pass',
    'meta protocol ip6 meta l4proto 17 th dport 1000-2000 ip6 saddr 2001:db8::/32 goto passed',
  ],
  [
    'an ICMP type with any code',
    { protocol: 1, ports: { min: 8, max: null } },
    'meta protocol ip ct l3proto ipv4 ct protocol 1 ct original proto-dst 2048-2303 goto pass',
    'meta protocol ip meta l4proto 1 icmp type 8 goto passed',
  ],
  [
    'an ICMPv6 type and code',
    { version: 6, protocol: 58, ports: { min: 128, max: 0 } },
    'meta protocol ip6 ct l3proto ipv6 ct protocol 58 ct original proto-dst 32768 goto pass',
    'meta protocol ip6 meta l4proto 58 icmpv6 type 128 icmpv6 code 0 goto passed',
  ],
  [
    'another protocol to one address',
    { direction: 'egress', protocol: 112, remote: { kind: 'cidr', cidr: '10.0.0.1/32' } },
    'meta protocol ip ct protocol 112 ct original ip daddr 10.0.0.1 goto pass',
    'meta protocol ip meta l4proto 112 ip daddr 10.0.0.1 goto passed',
  ],
  [
    'members of a group',
    { remote: { kind: 'group', id: OTHER } },
    `meta protocol ip jump members-${OTHER}-4-flow-saddr`,
    `meta protocol ip jump members-${OTHER}-4-packet-saddr`,
  ],
  [
    'an address group, on the way out',
    { direction: 'egress', remote: { kind: 'address-group', id: OTHER } },
    `meta protocol ip jump addresses-${OTHER}-4-flow-daddr`,
    `meta protocol ip jump addresses-${OTHER}-4-packet-daddr`,
  ],
];

for (const [name, fields, flow, packet] of cases) {
  test(`rule: ${name}`, () => {
    for (const [stateful, text] of [
      [true, flow],
      [false, packet],
    ] as const) {
      const rule = { ...any, ...fields };
      const { chains } = groupPart({ id: GROUP, stateful, rules: [rule] }, 'inet');
      const end = rule.direction === 'ingress' ? 'in' : 'out';
      const chain = chains.find((one) => one.name === `group-${GROUP}-${end}`);
      assert.deepEqual(chain?.rules, [{ text, note: rule.id }]);
    }
  });
}

test('rule: a protocol whose ports not every kernel tracks is judged by its header, each way', () => {
  const rule = { ...any, protocol: 33, ports: { min: 5000, max: 5001 } };
  const { chains } = groupPart({ id: GROUP, stateful: true, rules: [rule] }, 'inet');
  const chain = chains.find((one) => one.name === `group-${GROUP}-in`);
  assert.deepEqual(
    chain?.rules?.map(({ text }) => text),
    [
      'meta protocol ip meta l4proto 33 ct direction original th dport 5000-5001 goto pass',
      'meta protocol ip meta l4proto 33 ct direction reply th sport 5000-5001 goto pass',
      'meta protocol ip meta l4proto != 33 ct l3proto ipv4 ct protocol 33 ct original proto-dst 5000-5001 goto pass',
    ],
  );
});

test('rule: many rules with one remote look in the same sets', () => {
  const rules = [22, 80].map((port): SecurityRuleSpec => ({
    ...any,
    protocol: 6,
    ports: { min: port, max: port },
    remote: { kind: 'group', id: OTHER },
  }));
  const { chains, sets } = groupPart({ id: GROUP, stateful: true, rules }, 'inet');
  assert.equal(chains.length, 3);
  assert.deepEqual(
    sets.map(({ name }) => name),
    [`members-${OTHER}-4`, `members-${OTHER}-4-nets`, `members-${OTHER}-macs`],
  );
});

test('rule: the engine of the bridge family knows the bridge by another field', () => {
  const rules = [{ ...any, remote: { kind: 'group', id: OTHER } as const }];
  const text = (engine: 'inet' | 'bridge') =>
    JSON.stringify(groupPart({ id: GROUP, stateful: true, rules }, engine).chains);
  assert.match(text('inet'), /original iifname \. ether saddr/);
  assert.match(text('bridge'), /original meta ibrname \. ether saddr/);
});
