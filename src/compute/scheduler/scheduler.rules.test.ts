/** Which host takes a server, filter by filter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rankHosts, type HostCandidate, type Wanted } from './scheduler.rules.ts';

const host = (
  name: string,
  change: Partial<HostCandidate> = {},
  usedMemory = 0,
): HostCandidate => ({
  provider: {
    id: `id-${name}`,
    name,
    generation: 1,
    inventories: {
      MEMORY_MB: {
        total: 4096,
        reserved: 512,
        minUnit: 1,
        maxUnit: 4096,
        stepSize: 1,
        allocationRatio: 1,
      },
    },
    used: { MEMORY_MB: usedMemory },
  },
  up: true,
  disabled: false,
  zone: 'nova',
  ...change,
});

const wanted = (change: Partial<Wanted> = {}): Wanted => ({
  zone: null,
  host: null,
  forced: false,
  differentFrom: new Set(),
  sameAs: new Set(),
  group: null,
  ...change,
});

const groupOn = (names: readonly string[], policy: 'affinity' | 'anti-affinity') => ({
  policy,
  maxPerHost: 1,
  members: new Map(names.map((name) => [name, 1])),
});

const lines: readonly (readonly [
  why: string,
  hosts: readonly HostCandidate[],
  wanted: Wanted,
  ranked: readonly string[],
  lastFilter?: string,
])[] = [
  [
    'the host with most free memory first',
    [host('a', {}, 100), host('b', {}, 50)],
    wanted(),
    ['b', 'a'],
  ],
  ['of equal hosts the first by name', [host('b'), host('a')], wanted(), ['a', 'b']],
  ['no host at all', [], wanted(), []],
  ['hosts that are up', [host('a', { up: false }), host('b')], wanted(), ['b']],
  ['no host that is down', [host('a', { up: false })], wanted(), [], 'ComputeFilter'],
  ['no disabled host', [host('a', { disabled: true })], wanted(), [], 'ComputeFilter'],
  [
    'a disabled host that an admin forces',
    [host('a', { disabled: true })],
    wanted({ host: 'a', forced: true }),
    ['a'],
  ],
  [
    'no forced host that is down',
    [host('a', { up: false })],
    wanted({ host: 'a', forced: true }),
    [],
    'ComputeFilter',
  ],
  ['the named host alone', [host('a'), host('b')], wanted({ host: 'b' }), ['b']],
  ['no host of another name', [host('a')], wanted({ host: 'b' }), [], 'NamedHost'],
  ['hosts of the zone', [host('a', { zone: 'z' }), host('b')], wanted({ zone: 'z' }), ['a']],
  ['no host of another zone', [host('a')], wanted({ zone: 'z' }), [], 'AvailabilityZoneFilter'],
  [
    'a forced host in whatever zone',
    [host('a')],
    wanted({ zone: 'z', host: 'a', forced: true }),
    ['a'],
  ],
  [
    'other hosts than those of some servers',
    [host('a'), host('b')],
    wanted({ differentFrom: new Set(['a']) }),
    ['b'],
  ],
  ['the hosts of some servers', [host('a'), host('b')], wanted({ sameAs: new Set(['a']) }), ['a']],
  [
    'no host with another of the group',
    [host('a'), host('b')],
    wanted({ group: groupOn(['a'], 'anti-affinity') }),
    ['b'],
  ],
  [
    'the host of the group',
    [host('a'), host('b')],
    wanted({ group: groupOn(['b'], 'affinity') }),
    ['b'],
  ],
];

for (const [why, hosts, wish, ranked, lastFilter = null] of lines) {
  test(`it takes ${why}`, () => {
    const result = rankHosts(hosts, wish);
    assert.deepEqual(
      result.hosts.map(({ provider }) => provider.name),
      ranked,
    );
    assert.equal(result.lastFilter, lastFilter);
  });
}
