/** What is done to the uplink, from what is wanted and what is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkSpec } from '#base/host/links.ts';
import { readUplink, type AddressedLinkJson, type UplinkFacts } from './uplink-facts.ts';
import { legLinkLocal, legMac, subnetsOf, wantedLeg, type UplinkLeg } from './uplink-leg.ts';
import { planNoUplink, planUplink, WHOLE_UPLINK } from './uplink-plan.ts';
import { uplinkRules } from './uplink-rules.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const OUTER = 'upl11111111-22';
const INNER = 'ext-11111111-22';
const LEG: UplinkLeg = { networkId: ID, mtu: 1500, addresses: ['172.24.4.1/24'] };
const NOTHING: UplinkFacts = { outer: new Map(), inner: new Map(), routes: [] };

const network = (uplink: NetworkSpec['uplink']): NetworkSpec => ({
  id: ID,
  mtu: 1500,
  adminStateUp: true,
  dhcp: null,
  uplink,
});

const link = (ifname: string, fields: Partial<AddressedLinkJson> = {}): AddressedLinkJson => ({
  ifname,
  mtu: 1500,
  flags: ['UP'],
  addr_info: [],
  ...fields,
});

const lines = (steps: readonly { readonly line: string }[]) => steps.map(({ line }) => line);

test('only a network with a gateway to answer for has a leg', () => {
  assert.equal(wantedLeg(network(null)), null);
  assert.equal(wantedLeg(network({ addresses: [] })), null);
  assert.deepEqual(wantedLeg(network({ addresses: ['172.24.4.1/24'] })), LEG);
});

test("a leg's MAC is always the same, its own, and nobody's of the range of ports", () => {
  assert.equal(legMac(ID), legMac(ID));
  assert.notEqual(legMac(ID), legMac(ID.replace('1', '2')));
  assert.match(legMac(ID), /^fe(:[0-9a-f]{2}){5}$/);
});

test('subnets are those of the addresses, each once', () => {
  const addresses = ['172.24.4.1/24', '172.24.4.9/24', '2001:db8::1/64'];
  assert.deepEqual(subnetsOf([{ addresses }]), ['172.24.4.0/24', '2001:db8::/64']);
});

test('where nothing is, the way to the yard and the leg are made, with routes and a pinned MAC', () => {
  const plan = planUplink([LEG], NOTHING);
  assert.deepEqual(lines(plan.links), [
    'link add dev uplink0 type veth peer name yard netns uplink',
    'link set dev uplink0 addrgenmode none up',
    `link add dev ${OUTER} mtu 1500 type veth peer name ${INNER} address ${legMac(ID)} mtu 1500 netns uplink`,
    `link set dev ${OUTER} alias ${ID} mtu 1500 master br11111111-2222 up`,
  ]);
  assert.ok(lines(plan.inside).includes(`addr replace 172.24.4.1/24 dev ${INNER}`));
  assert.ok(
    lines(plan.routes).includes(
      'route replace 172.24.4.0/24 via 169.254.240.2 dev uplink0 src 169.254.240.1',
    ),
  );
  assert.deepEqual(lines(plan.fdb), [
    `fdb replace ${legMac(ID)} dev ${OUTER} master static sticky`,
  ]);
});

test('what is there is kept; what is there and not wanted goes', () => {
  const facts = readUplink(
    [link('uplink0'), link(OUTER), link('uplaaaaaaaa-bb'), link('upload'), link('tap1')],
    [
      link('yard'),
      link(INNER, {
        addr_info: [
          { local: '172.24.4.1', prefixlen: 24 },
          { local: '172.24.9.1', prefixlen: 24 },
        ],
      }),
    ],
    [
      { dst: '172.24.4.0/24', dev: 'uplink0' },
      { dst: '172.24.9.0/24', dev: 'uplink0' },
      { dst: '169.254.240.0/30', dev: 'uplink0' },
      { dst: 'default', dev: 'eth0' },
    ],
  );
  const plan = planUplink([LEG], facts);
  const all = [...lines(plan.links), ...lines(plan.inside), ...lines(plan.routes)];
  assert.deepEqual(
    all.filter((line) => /\b(add|del)\b/.test(line)),
    [
      'link del dev uplaaaaaaaa-bb',
      `addr del 172.24.9.1/24 dev ${INNER}`,
      'route del 172.24.9.0/24 dev uplink0',
    ],
  );
  assert.ok(all.includes(`addr replace ${legLinkLocal(ID)} dev ${INNER} nodad`));
});

test('a link whose other end went with its namespace is made anew', () => {
  const facts = readUplink([link('uplink0'), link(OUTER)], [link('lo')], []);
  const made = lines(planUplink([LEG], facts).links);
  assert.ok(
    made.indexOf(`link del dev ${OUTER}`) <
      made.findIndex((l) => l.startsWith(`link add dev ${OUTER}`)),
  );
  assert.ok(made.includes('link del dev uplink0'));
});

test('without external networks links go first, and then the namespace', () => {
  const facts = readUplink([link('uplink0'), link(OUTER)], [], []);
  const steps = planNoUplink(facts);
  assert.deepEqual(lines(steps), [
    'link del dev uplink0',
    `link del dev ${OUTER}`,
    'netns del uplink',
  ]);
  assert.ok(steps.every(({ id }) => id === WHOLE_UPLINK));
});

test('the rules know the subnets of each IP version, and leave opened ways open', () => {
  const rules = uplinkRules(['172.24.4.0/24', '2001:db8::/64']);
  assert.match(rules, /add element inet uplink external4 \{ 172\.24\.4\.0\/24 \}/);
  assert.match(rules, /add element inet uplink external6 \{ 2001:db8::\/64 \}/);
  assert.doesNotMatch(rules, /flush set inet uplink outsides|delete table/);
  assert.doesNotMatch(uplinkRules(['172.24.4.0/24']), /add element inet uplink external6/);
});
