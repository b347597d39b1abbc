/** The one word that clients see of a server's states, and what may be done in which of them. Pure. */
import { serverInvalidState, serverLocked, serverUnfit } from '../compute.faults.ts';
import type { TaskState, VmState } from '#platform/db/tables/compute.ts';

type States = { readonly vm_state: VmState; readonly task_state: TaskState | null };

const PLAIN: Readonly<Record<VmState, string>> = {
  building: 'BUILD',
  active: 'ACTIVE',
  paused: 'PAUSED',
  stopped: 'SHUTOFF',
  error: 'ERROR',
  deleted: 'DELETED',
};

/** Between the asking for new disks and the guest that runs from them. */
export const isRebuilding = (task: TaskState | null): boolean =>
  task === 'rebuilding' || task === 'rebuild_spawning';

export function statusOf({ vm_state, task_state }: States): string {
  if (isRebuilding(task_state)) return 'REBUILD';
  if (vm_state === 'active' || vm_state === 'stopped' || vm_state === 'paused') {
    if (task_state === 'rebooting_hard') return 'HARD_REBOOT';
    if (task_state === 'rebooting' && vm_state === 'active') return 'REBOOT';
  }
  return PLAIN[vm_state];
}

/** The states that a status word can mean; undefined for a word that means none. */
export function statesOf(
  status: string,
): { readonly vm: VmState; readonly task: TaskState | null | undefined } | undefined {
  switch (status.toUpperCase()) {
    case 'REBOOT':
      return { vm: 'active', task: 'rebooting' };
    case 'REBUILD':
      return { vm: 'active', task: 'rebuild_spawning' };
    case 'HARD_REBOOT':
      return { vm: 'active', task: 'rebooting_hard' };
    default: {
      const found = Object.entries(PLAIN).find(([, word]) => word === status.toUpperCase());
      return found && { vm: found[0] as VmState, task: undefined };
    }
  }
}

/** Nova's words that no server here can have yet: filters by them find nothing. */
export const OTHER_STATUSES: ReadonlySet<string> = new Set([
  'MIGRATING',
  'PASSWORD',
  'RESCUE',
  'RESIZE',
  'REVERT_RESIZE',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'SOFT_DELETED',
  'SUSPENDED',
  'UNKNOWN',
  'VERIFY_RESIZE',
]);

const WITH_PROGRESS: ReadonlySet<string> = new Set([
  'ACTIVE',
  'BUILD',
  'REBUILD',
  'RESIZE',
  'VERIFY_RESIZE',
  'MIGRATING',
]);
export const showsProgress = (status: string): boolean => WITH_PROGRESS.has(status);
export const showsFault = (status: string): boolean => status === 'ERROR' || status === 'DELETED';

/** In which states something may be asked of a server. */
export type Allowed = {
  readonly vm: readonly VmState[] | 'any';
  /** Tasks during which it may be asked; `any` for all. */
  readonly task: readonly (TaskState | null)[] | 'any';
  /** False for what may be asked of a server that never ran. */
  readonly launched: boolean;
};

export const ALLOWED = {
  start: { vm: ['stopped'], task: [null], launched: true },
  stop: { vm: ['active', 'error'], task: [null], launched: true },
  'reboot soft': { vm: ['active'], task: [null], launched: true },
  'reboot hard': {
    vm: ['active', 'stopped', 'paused', 'error'],
    task: [
      null,
      'rebooting',
      'rebooting_hard',
      'powering-off',
      'powering-on',
      'pausing',
      'unpausing',
    ],
    launched: true,
  },
  pause: { vm: ['active'], task: [null], launched: true },
  unpause: { vm: ['paused'], task: [null], launched: true },
  attach_interface: { vm: ['active', 'paused', 'stopped'], task: [null], launched: true },
  detach_interface: { vm: ['active', 'paused', 'stopped'], task: [null], launched: true },
  update_metadata: {
    vm: ['active', 'paused', 'stopped'],
    task: 'any',
    launched: false,
  },
  rebuild: { vm: ['active', 'stopped', 'error'], task: [null], launched: true },
  delete: { vm: 'any', task: 'any', launched: false },
  tags: { vm: ['active', 'paused', 'stopped'], task: 'any', launched: false },
} as const satisfies Readonly<Record<string, Allowed>>;

/** What of a server decides whether something may be done to it. */
export type StateFacts = States & {
  readonly id: string;
  readonly launched_at: string | null;
  readonly locked_by: 'owner' | 'admin' | null;
};

/** Throws Nova's 409 when this cannot be done now. `name` is the action as Nova calls it in its text. */
export function checkState(name: string, allowed: Allowed, server: StateFacts): void {
  const { id, vm_state, task_state, launched_at } = server;
  if (allowed.vm !== 'any' && !allowed.vm.includes(vm_state)) {
    throw serverInvalidState(name, id, 'vm_state', vm_state);
  }
  if (allowed.task !== 'any' && !allowed.task.includes(task_state)) {
    throw serverInvalidState(name, id, 'task_state', task_state ?? 'None');
  }
  if (allowed.launched && launched_at === null) throw serverUnfit(name, id);
}

/** A locked server is left alone by everybody but admins. */
export function checkLock(server: Pick<StateFacts, 'id' | 'locked_by'>, admin: boolean): void {
  if (server.locked_by !== null && !admin) throw serverLocked(server.id);
}
