/** The actions of a server: which exist, what their bodies may hold, and what each does to the row. Pure. */
import { CONSOLE_ACTION_BODIES } from '../consoles/console.schema.ts';
import { FLOATING_IP_ACTION_BODIES } from '../floating-ips/floating-ip.schema.ts';
import type { SchemaRanges, Schema } from '../http/request-check.ts';
import { FIXED_IP_ACTION_BODIES } from '../fixed-ips/fixed-ip.schema.ts';
import { SERVER_REBUILD } from './server-rebuild.schema.ts';
import type { ServerChange } from './server-row.ts';
import type { VmState } from '#platform/db/tables/compute.ts';
import { ALLOWED, type Allowed } from './server-status.rules.ts';

const anything: Schema = {};
const named = (name: string, schema: Schema): Schema => ({
  type: 'object',
  properties: { [name]: schema },
  required: [name],
  additionalProperties: false,
});

/** What the guest shall do, and what the row says meanwhile. */
export type PowerAction = {
  readonly kind: 'power';
  readonly rule: string;
  /** The name in Nova's texts and in the list of actions. */
  readonly name: string;
  readonly event: string;
  readonly allowed: Allowed;
  readonly change: (row: { readonly reboot_count: number }) => ServerChange;
};

export const POWER_ACTIONS = {
  'os-start': {
    kind: 'power',
    rule: 'os_compute_api:servers:start',
    name: 'start',
    event: 'compute_start_instance',
    allowed: ALLOWED.start,
    // Counted as a restart is: a host that hears of stop and start at once would else take the guest for one that
    // has just ended by itself, and leave it off.
    change: (row) => ({
      task_state: 'powering-on',
      power: 'running',
      reboot_count: row.reboot_count + 1,
      reboot_type: 'hard',
    }),
  },
  'os-stop': {
    kind: 'power',
    rule: 'os_compute_api:servers:stop',
    name: 'stop',
    event: 'compute_stop_instance',
    allowed: ALLOWED.stop,
    change: () => ({ task_state: 'powering-off', power: 'stopped' }),
  },
  pause: {
    kind: 'power',
    rule: 'os_compute_api:os-pause-server:pause',
    name: 'pause',
    event: 'compute_pause_instance',
    allowed: ALLOWED.pause,
    change: () => ({ task_state: 'pausing', power: 'paused' }),
  },
  unpause: {
    kind: 'power',
    rule: 'os_compute_api:os-pause-server:unpause',
    name: 'unpause',
    event: 'compute_unpause_instance',
    allowed: ALLOWED.unpause,
    change: () => ({ task_state: 'unpausing', power: 'running' }),
  },
  'reboot soft': {
    kind: 'power',
    rule: 'os_compute_api:servers:reboot',
    name: 'reboot',
    event: 'compute_reboot_instance',
    allowed: ALLOWED['reboot soft'],
    change: (row) => ({
      task_state: 'rebooting',
      power: 'running',
      reboot_count: row.reboot_count + 1,
      reboot_type: 'soft',
    }),
  },
  'reboot hard': {
    kind: 'power',
    rule: 'os_compute_api:servers:reboot',
    name: 'reboot',
    event: 'compute_reboot_instance',
    allowed: ALLOWED['reboot hard'],
    change: (row) => ({
      task_state: 'rebooting_hard',
      power: 'running',
      reboot_count: row.reboot_count + 1,
      reboot_type: 'hard',
    }),
  },
} as const satisfies Readonly<Record<string, PowerAction>>;

/** Actions whose tasks end when the host has done them. */
export const POWER_ACTION_NAMES: readonly string[] = [
  ...new Set(Object.values(POWER_ACTIONS).map(({ name }) => name)),
];

/** Bodies by action and microversion. */
export const ACTION_BODIES: Readonly<Record<string, SchemaRanges>> = {
  rebuild: SERVER_REBUILD,
  ...FIXED_IP_ACTION_BODIES,
  'os-start': [[1, anything]],
  'os-stop': [[1, anything]],
  pause: [[1, anything]],
  unpause: [[1, anything]],
  reboot: [
    [
      1,
      named('reboot', {
        type: 'object',
        properties: {
          type: { type: 'string', enum: ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft'] },
        },
        required: ['type'],
        additionalProperties: false,
      }),
    ],
  ],
  lock: [
    [1, anything],
    [
      73,
      named('lock', {
        type: ['object', 'null'],
        properties: { locked_reason: { type: 'string', minLength: 1, maxLength: 255 } },
        additionalProperties: false,
      }),
    ],
  ],
  unlock: [[1, anything]],
  'os-resetState': [
    [
      1,
      named('os-resetState', {
        type: 'object',
        properties: { state: { type: 'string', enum: ['active', 'error'] } },
        required: ['state'],
        additionalProperties: false,
      }),
    ],
  ],
  'os-getConsoleOutput': [
    [
      1,
      named('os-getConsoleOutput', {
        type: 'object',
        properties: {
          length: { type: ['integer', 'string', 'null'], pattern: '^-?[0-9]+$', minimum: -1 },
        },
        additionalProperties: false,
      }),
    ],
  ],
  ...CONSOLE_ACTION_BODIES,
  ...FLOATING_IP_ACTION_BODIES,
  forceDelete: [[1, anything]],
  restore: [[1, anything]],
  changePassword: [
    [
      1,
      named('changePassword', {
        type: 'object',
        properties: { adminPass: { type: 'string' } },
        required: ['adminPass'],
        additionalProperties: false,
      }),
    ],
  ],
};

type LaterAction = {
  readonly rule: string;
  /** States in which Nova would do it; none for what needs a state that no server here can be in. */
  readonly vm: readonly VmState[];
};

const later = (rule: string, ...vm: readonly VmState[]): LaterAction => ({ rule, vm });

/** Actions that Nova has and that are not served here yet, each with the rule and the states that guard it. */
export const LATER_ACTIONS: Readonly<Record<string, LaterAction>> = {
  resize: later('servers:resize', 'active', 'stopped'),
  confirmResize: later('servers:confirm_resize'),
  revertResize: later('servers:revert_resize'),
  createImage: later('servers:create_image', 'active', 'stopped', 'paused'),
  createBackup: later('os-create-backup', 'active', 'stopped', 'paused'),
  suspend: later('os-suspend-server:suspend', 'active'),
  resume: later('os-suspend-server:resume'),
  shelve: later('os-shelve:shelve', 'active', 'stopped', 'paused'),
  shelveOffload: later('os-shelve:shelve_offload'),
  unshelve: later('os-shelve:unshelve'),
  rescue: later('os-rescue', 'active', 'stopped', 'error'),
  unrescue: later('os-unrescue'),
  restore: later('os-deferred-delete:restore'),
  migrate: later('os-migrate-server:migrate', 'active', 'stopped'),
  'os-migrateLive': later('os-migrate-server:migrate_live', 'active', 'paused'),
  evacuate: later('os-evacuate', 'active', 'stopped', 'error'),
  trigger_crash_dump: later('servers:trigger_crash_dump', 'active', 'paused', 'error'),
  injectNetworkInfo: later('os-admin-actions:inject_network_info', 'active'),
  resetNetwork: later('os-admin-actions:inject_network_info', 'active'),
};

/** Every rule that guards an action. */
export const ACTION_RULES: readonly string[] = [
  ...new Set([
    ...Object.values(POWER_ACTIONS).map(({ rule }) => rule),
    ...Object.values(LATER_ACTIONS).map(({ rule }) => `os_compute_api:${rule}`),
    'os_compute_api:servers:rebuild',
    'os_compute_api:os-multinic:add',
    'os_compute_api:os-multinic:remove',
    'os_compute_api:os-lock-server:lock',
    'os_compute_api:os-lock-server:unlock',
    'os_compute_api:os-admin-actions:reset_state',
    'os_compute_api:os-console-output',
    'os_compute_api:os-remote-consoles',
    'os_compute_api:os-deferred-delete:force',
    'os_compute_api:os-admin-password',
    'os_compute_api:os-security-groups:add',
    'os_compute_api:os-security-groups:remove',
    'os_compute_api:os-floating-ips:add',
    'os_compute_api:os-floating-ips:remove',
  ]),
];
