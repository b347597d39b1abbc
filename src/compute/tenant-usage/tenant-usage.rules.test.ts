/** Periods and usages, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePeriod, sumByProject, usageOfServer, type UsedServer } from './tenant-usage.rules.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const FLAVOR = JSON.stringify({ name: 'm1.small', vcpus: 2, ram: 2048, disk: 20, ephemeral: 5 });

const server = (launched: string, terminated: string | null): UsedServer => ({
  id: 'one',
  project_id: 'red',
  name: 'vm',
  vm_state: 'active',
  flavor: FLAVOR,
  launched_at: `2026-11-21T${launched}:00.000Z`,
  terminated_at: terminated === null ? null : `2026-11-21T${terminated}:00.000Z`,
});

const hours: readonly [launched: string, terminated: string | null, hours: number][] = [
  ['09:00', null, 2],
  ['10:30', null, 1.5],
  ['10:30', '11:00', 0.5],
  ['09:00', '11:00', 1],
  ['09:00', '10:00', 0],
];

for (const [launched, terminated, expected] of hours) {
  test(`from 10 to 12, a server from ${launched} to ${terminated ?? 'now'} ran for ${expected} hours`, () => {
    const period = parsePeriod('2026-11-21T10:00:00', '2026-11-22T00:00:00', NOW);
    assert.equal(usageOfServer(server(launched, terminated), period, NOW).hours, expected);
  });
}

test('usages are multiplied by hours and summed up by project', () => {
  const period = parsePeriod('2026-11-21T00:00:00', undefined, NOW);
  const [usage] = sumByProject([
    usageOfServer(server('10:00', null), period, NOW),
    usageOfServer(server('11:00', '12:00'), period, NOW),
  ]);
  assert.equal(usage?.total_hours, 3);
  assert.equal(usage?.total_vcpus_usage, 6);
  assert.equal(usage?.total_memory_mb_usage, 6144);
  assert.equal(usage?.total_local_gb_usage, 75);
  assert.deepEqual(
    usage?.servers.map(({ state, uptime }) => [state, uptime]),
    [
      ['active', 7200],
      ['terminated', 3600],
    ],
  );
});

const refused: readonly [start: string | undefined, end: string | undefined, message: RegExp][] = [
  ['2026-11-22T00:00:00', '2026-11-20T00:00:00', /^Invalid start time\. The start time cannot/],
  [undefined, undefined, /^Invalid start time/],
  ['yesterday', undefined, /^Invalid datetime string: Datetime is in invalid format$/],
  ['2026-13-40T00:00:00', undefined, /^Invalid datetime string/],
];

for (const [start, end, message] of refused) {
  test(`a period from ${start} to ${end} is refused`, () => {
    assert.throws(() => parsePeriod(start, end, NOW), { message });
  });
}

for (const text of ['2026-11-20T01:40:25.554138', '2026-11-20 01:40:25.5', '2026-11-20T01:40:25']) {
  test(`'${text}' is a time in UTC`, () => {
    const { start } = parsePeriod(text, undefined, NOW);
    assert.equal(start.toISOString().slice(0, 19), '2026-11-20T01:40:25');
  });
}
