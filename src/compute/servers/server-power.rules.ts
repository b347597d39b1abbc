/** What a server's row says after its host was looked at. Pure. */
import type { ServerObservation } from '#base/host/document.ts';
import type { DomainPower } from '#base/host/domain.ts';
import type { ServerChange, ServerRow } from './server-row.ts';
import { isRebuilding } from './server-status.rules.ts';

/** Nova's numbers. */
const POWER_STATES: Readonly<Record<DomainPower, number>> = {
  running: 1,
  paused: 3,
  stopped: 4,
  crashed: 6,
  absent: 0,
};

export type PowerFacts = {
  readonly server: Pick<
    ServerRow,
    'vm_state' | 'task_state' | 'power_state' | 'power' | 'reboot_count'
  >;
  readonly seen: Pick<ServerObservation, 'power' | 'rebootCount' | 'error'>;
};

/** `failed`: why the host could not do what was asked last. */
export type PowerPlan = { readonly change: ServerChange; readonly failed: string | null };

/**
 * What to write, once the host has dealt with everything that is wanted of the server; undefined when
 * the row is right already. Servers that are being built, rebuilt or deleted belong to their sagas.
 */
export function planPower({ server, seen }: PowerFacts): PowerPlan | undefined {
  const { vm_state: vm, task_state: task } = server;
  if (vm === 'building' || vm === 'deleted' || task === 'deleting') return undefined;
  if (isRebuilding(task)) return undefined;
  if (seen.error !== null) return afterError(server, seen.power, seen.error.message);
  const plan = stateFor(server, seen);
  return plan && !isSame(server, plan) ? { change: plan, failed: null } : undefined;
}

function stateFor(
  server: PowerFacts['server'],
  seen: PowerFacts['seen'],
): ServerChange | undefined {
  const power_state = POWER_STATES[seen.power];
  const done = { task_state: null, power_state };
  switch (seen.power) {
    case 'running':
      // Its restart is still to come.
      if (seen.rebootCount < server.reboot_count) return undefined;
      if (server.power !== 'running') return undefined;
      return { ...done, vm_state: kept(server, 'active') };
    case 'paused':
      // compat: a guest that was paused behind our back is ACTIVE all the same.
      if (server.power !== 'paused') return { power_state };
      return { ...done, vm_state: kept(server, 'paused') };
    case 'stopped':
    case 'crashed':
      // A guest that ended by itself is not started again: from now on it shall be off.
      return { ...done, vm_state: kept(server, 'stopped'), power: 'stopped' };
    case 'absent':
      // Nothing of it is there, though it is wanted: the host has not come to it yet.
      return undefined;
  }
}

/** ERROR stays until somebody asks for something: only a task that was begun leads out of it. */
function kept(
  { vm_state: vm, task_state: task }: PowerFacts['server'],
  next: 'active' | 'paused' | 'stopped',
): ServerRow['vm_state'] {
  return vm === 'error' && task === null ? 'error' : next;
}

function afterError(
  server: PowerFacts['server'],
  power: DomainPower,
  why: string,
): PowerPlan | undefined {
  const { vm_state: vm, task_state: task } = server;
  const power_state = POWER_STATES[power];
  if (task === null) {
    // Nobody asked for anything: the guest could not be kept running, or was not found any more.
    if (vm === 'error' || power === 'running' || power === 'paused') return undefined;
    return {
      change: { vm_state: 'error', power_state, power: 'stopped' },
      failed: why,
    };
  }
  // What cannot be reached is not wanted any more, or the host would try again behind the user's back.
  const wanted = power === 'running' || power === 'paused' ? power : 'stopped';
  const failedReboot = task === 'rebooting' || task === 'rebooting_hard';
  return {
    change: {
      task_state: null,
      power_state,
      power: wanted,
      ...(failedReboot && wanted === 'stopped' && { vm_state: 'error' as const }),
    },
    failed: why,
  };
}

function isSame(server: PowerFacts['server'], change: ServerChange): boolean {
  return Object.entries(change).every(
    ([name, value]) => server[name as keyof PowerFacts['server']] === value,
  );
}
