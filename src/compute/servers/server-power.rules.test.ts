/** What a server's row says after its host was looked at, state by state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainPower } from '#base/host/domain.ts';
import { planPower } from './server-power.rules.ts';
import type { ServerChange, ServerRow } from './server-row.ts';

type Row = Pick<ServerRow, 'vm_state' | 'task_state' | 'power_state' | 'power' | 'reboot_count'>;

const row = (change: Partial<Row> = {}): Row => ({
  vm_state: 'active',
  task_state: null,
  power_state: 1,
  power: 'running',
  reboot_count: 0,
  ...change,
});

type Line = readonly [
  why: string,
  server: Row,
  seen: readonly [power: DomainPower, rebootCount?: number, error?: string],
  change: ServerChange | undefined,
  failed?: string,
];

const lines: readonly Line[] = [
  ['a guest that runs as it should', row(), ['running'], undefined],
  ['a server that is built', row({ vm_state: 'building' }), ['running'], undefined],
  ['a server that is deleted', row({ task_state: 'deleting' }), ['stopped'], undefined],
  [
    'a start that is done',
    row({ vm_state: 'stopped', task_state: 'powering-on', power_state: 4 }),
    ['running'],
    { task_state: null, power_state: 1, vm_state: 'active' },
  ],
  [
    'a stop that is done',
    row({ task_state: 'powering-off', power: 'stopped' }),
    ['stopped'],
    { task_state: null, power_state: 4, vm_state: 'stopped', power: 'stopped' },
  ],
  [
    'a guest that still runs though it shall be off',
    row({ task_state: 'powering-off', power: 'stopped' }),
    ['running'],
    undefined,
  ],
  [
    'a pause that is done',
    row({ task_state: 'pausing', power: 'paused' }),
    ['paused'],
    { task_state: null, power_state: 3, vm_state: 'paused' },
  ],
  ['a guest that somebody else paused', row(), ['paused'], { power_state: 3 }],
  [
    'a reboot that is still to come',
    row({ task_state: 'rebooting', reboot_count: 3 }),
    ['running', 2],
    undefined,
  ],
  [
    'a reboot that is done',
    row({ task_state: 'rebooting', reboot_count: 3 }),
    ['running', 3],
    { task_state: null, power_state: 1, vm_state: 'active' },
  ],
  [
    'a guest that shut itself down',
    row(),
    ['stopped'],
    { task_state: null, power_state: 4, vm_state: 'stopped', power: 'stopped' },
  ],
  [
    'a guest that crashed',
    row(),
    ['crashed'],
    { task_state: null, power_state: 6, vm_state: 'stopped', power: 'stopped' },
  ],
  ['a guest of which nothing is there', row(), ['absent'], undefined],
  [
    'a guest that runs though its server is in ERROR',
    row({ vm_state: 'error' }),
    ['running'],
    undefined,
  ],
  [
    'a hard reboot out of ERROR',
    row({ vm_state: 'error', task_state: 'rebooting_hard' }),
    ['running'],
    { task_state: null, power_state: 1, vm_state: 'active' },
  ],
  [
    'a start that failed',
    row({ vm_state: 'stopped', task_state: 'powering-on', power_state: 4 }),
    ['stopped', 0, 'no memory'],
    { task_state: null, power_state: 4, power: 'stopped' },
    'no memory',
  ],
  [
    'a reboot that failed',
    row({ task_state: 'rebooting_hard', reboot_count: 1 }),
    ['stopped', 0, 'no memory'],
    { task_state: null, power_state: 4, power: 'stopped', vm_state: 'error' },
    'no memory',
  ],
  [
    'a pause that failed',
    row({ task_state: 'pausing', power: 'paused' }),
    ['running', 0, 'busy'],
    { task_state: null, power_state: 1, power: 'running' },
    'busy',
  ],
  [
    'a guest that could not be started again after its host was',
    row(),
    ['stopped', 0, 'no disk'],
    { vm_state: 'error', power_state: 4, power: 'stopped' },
    'no disk',
  ],
  [
    'a running guest with a card that could not be plugged',
    row(),
    ['running', 0, 'no slot'],
    undefined,
  ],
];

for (const [why, server, [power, rebootCount = 0, message], change, failed = null] of lines) {
  test(`${why} ${change === undefined ? 'changes nothing' : `gives ${JSON.stringify(change)}`}`, () => {
    const error = message === undefined ? null : { code: 'Failed', message };
    const plan = planPower({ server, seen: { power, rebootCount, error } });
    assert.deepEqual(plan, change === undefined ? undefined : { change, failed });
  });
}
