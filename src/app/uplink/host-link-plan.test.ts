/** What is done to the host for its link, from what is wanted and what is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isOwn,
  LINK_GROUP,
  linkAlias,
  planHostLink,
  planLinkInside,
  planOutside,
  type HostLinkFacts,
} from './host-link-plan.ts';

const LINK = { name: 'stackyard0', address: '169.254.241.1/30' };
const WANTED = {
  stateDir: '/var/lib/stackyard',
  namespace: '/proc/7/root/run/netns/uplink',
  subnets: ['172.24.4.0/24', '2001:db8::/64'],
  ipv6: true,
};
const NONE: HostLinkFacts = { alias: null, group: null, whole: false, routes: [], addresses: [] };
const WHOLE: HostLinkFacts = {
  alias: linkAlias(WANTED.stateDir),
  group: LINK_GROUP,
  whole: true,
  routes: ['172.24.4.0/24', '192.0.2.0/24'],
  addresses: ['169.254.241.1/30', '10.0.0.1/24'],
};

test('a link that is not there is made, marked, addressed and routed by', () => {
  assert.deepEqual(planHostLink(LINK, NONE, WANTED), [
    'link add dev stackyard0 group 57007 type veth peer name host netns /proc/7/root/run/netns/uplink',
    'link set dev stackyard0 alias "stackyard:/var/lib/stackyard" addrgenmode none up',
    'addr replace 169.254.241.1/30 dev stackyard0',
    'addr replace fd53:7461:636b::a9fe:f101/126 dev stackyard0 nodad',
    'addr replace fe80::1/64 dev stackyard0 nodad',
    'route replace 172.24.4.0/24 via 169.254.241.2 dev stackyard0',
    'route replace 2001:db8::/64 via fd53:7461:636b::a9fe:f102 dev stackyard0',
  ]);
});

test('what is there stays, and what is not wanted any more goes', () => {
  const lines = planHostLink(LINK, WHOLE, WANTED);
  assert.deepEqual(
    lines.filter((line) => /^(link|addr|route) (add|del)/.test(line)),
    ['addr del 10.0.0.1/24 dev stackyard0', 'route del 192.0.2.0/24 dev stackyard0'],
  );
});

test('a link whose other end leads to an uplink that is gone is made anew', () => {
  const lines = planHostLink(LINK, { ...WHOLE, whole: false }, WANTED);
  assert.equal(lines[0], 'link del dev stackyard0');
  assert.match(lines[1] ?? '', /^link add/);
  assert.ok(!lines.some((line) => line.startsWith('route del')));
});

test('a host without IPv6 is asked for none', () => {
  const lines = planHostLink(LINK, NONE, { ...WANTED, ipv6: false });
  assert.ok(!lines.some((line) => line.includes('::') && !line.startsWith('link')));
});

const owners: readonly [string | null, string | null, boolean][] = [
  [linkAlias('/var/lib/stackyard'), LINK_GROUP, true],
  ['', LINK_GROUP, true],
  ['', 'default', false],
  [linkAlias('/elsewhere'), LINK_GROUP, false],
  ['something', 'default', false],
];

for (const [alias, group, own] of owners) {
  test(`a link with alias '${alias}' in group '${group}' is ${own ? 'ours' : 'not ours'}`, () => {
    assert.equal(isOwn({ ...NONE, alias, group }, '/var/lib/stackyard'), own);
  });
}

test('the other end leads back to the host, and out only when asked', () => {
  assert.ok(planLinkInside(LINK).includes('route replace default via 169.254.241.1 dev host'));
  assert.equal(planOutside('host', true), 'add element inet uplink outsides { "host" }\n');
  assert.match(planOutside('host', false), /\ndelete element inet uplink outsides \{ "host" \}\n$/);
});
