/** What a group makes of hosts, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupAllows, groupPreference, type GroupWish } from './server-group.rules.ts';

type Policy = GroupWish['policy'];

const wish = (policy: Policy, members: readonly [string, number][], maxPerHost = 1): GroupWish => ({
  policy,
  maxPerHost,
  members: new Map(members),
});

const rows: readonly [Policy, readonly [string, number][], maxPerHost: number, allowed: boolean][] =
  [
    ['affinity', [], 1, true],
    ['affinity', [['a', 1]], 1, true],
    ['affinity', [['b', 1]], 1, false],
    ['anti-affinity', [], 1, true],
    ['anti-affinity', [['b', 1]], 1, true],
    ['anti-affinity', [['a', 1]], 1, false],
    ['anti-affinity', [['a', 1]], 2, true],
    ['anti-affinity', [['a', 2]], 2, false],
    ['soft-affinity', [['b', 1]], 1, true],
    ['soft-anti-affinity', [['a', 9]], 1, true],
  ];

for (const [policy, members, most, allowed] of rows) {
  const where = JSON.stringify(Object.fromEntries(members));
  test(`${policy} with ${where} and ${most} per host ${allowed ? 'allows' : 'refuses'} host a`, () => {
    assert.equal(groupAllows(wish(policy, members, most), 'a'), allowed);
  });
}

test('soft policies prefer hosts with more or with fewer of the group', () => {
  const members: readonly [string, number][] = [['a', 2]];
  const preferred = (policy: Policy) =>
    groupPreference(wish(policy, members), 'a') - groupPreference(wish(policy, members), 'b');
  assert.ok(preferred('soft-affinity') > 0);
  assert.ok(preferred('soft-anti-affinity') < 0);
  assert.equal(preferred('affinity'), 0);
});
