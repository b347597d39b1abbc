/** What a caller may filter servers by, and what each filter means. Pure. */
import { listOf, type Query } from '#platform/http/list-query.ts';
import { badRequest } from '../compute.faults.ts';
import type { TaskState, VmState } from '#platform/db/tables/compute.ts';
import { booleanInQuery } from '../http/schema-parts.ts';
import { storedTime } from '../http/times.ts';
import { textPattern, type TextPattern } from '../http/text-pattern.ts';
import { OTHER_STATUSES, statesOf } from './server-status.rules.ts';
import { Fault } from '#platform/fault.ts';

export type StatePair = { readonly vm: VmState; readonly task: TaskState | null | undefined };

/** Conditions, all of which a server has to meet. Undefined ones ask for nothing. */
export type ServerFilter = {
  /** Undefined: servers of every project. */
  readonly projectId: string | undefined;
  readonly deleted: boolean | 'any';
  readonly changesSince: string | undefined;
  readonly changesBefore: string | undefined;
  /** Any of these; none matches when it is empty. */
  readonly states: readonly StatePair[] | undefined;
  /** Equal, by column. */
  readonly exact: Readonly<Record<string, string | number>>;
  /** Matching, by column. */
  readonly patterns: Readonly<Record<string, TextPattern>>;
  readonly addresses: { readonly version: 4 | 6; readonly pattern: TextPattern } | undefined;
  readonly metadata: readonly (readonly [string, string])[];
  readonly locked: boolean | undefined;
  readonly tags: readonly string[];
  readonly tagsAny: readonly string[];
  readonly notTags: readonly string[];
  readonly notTagsAny: readonly string[];
};

export type ListCaller = {
  readonly projectId: string;
  readonly minor: number;
  readonly admin: boolean;
  /** May use every filter there is. */
  readonly allFilters: boolean;
};

const EVERYBODY = [
  'reservation_id',
  'name',
  'status',
  'image',
  'flavor',
  'ip',
  'changes-since',
  'all_tenants',
];
const LATER: readonly (readonly [minor: number, names: readonly string[]])[] = [
  [5, ['ip6']],
  [26, ['tags', 'tags-any', 'not-tags', 'not-tags-any']],
  [66, ['changes-before']],
  [73, ['locked']],
  [
    83,
    [
      'availability_zone',
      'config_drive',
      'key_name',
      'created_at',
      'launched_at',
      'terminated_at',
      'power_state',
      'task_state',
      'vm_state',
      'progress',
      'user_id',
    ],
  ],
];

/** Filters that compare as they are, with their columns. */
const EXACT: Readonly<Record<string, string>> = {
  image: 'image_id',
  image_ref: 'image_id',
  flavor: 'flavor_id',
  user_id: 'user_id',
  host: 'host',
  node: 'host',
  key_name: 'key_name',
  uuid: 'id',
  vm_state: 'vm_state',
  task_state: 'task_state',
  reservation_id: 'reservation_id',
  kernel_id: 'kernel_id',
  ramdisk_id: 'ramdisk_id',
  availability_zone: 'availability_zone',
  locked_by: 'locked_by',
};
const NUMBERS: Readonly<Record<string, string>> = {
  launch_index: 'launch_index',
  power_state: 'power_state',
};
/** Filters that match anywhere, with their columns. */
const PATTERNS: Readonly<Record<string, string>> = {
  name: 'name',
  display_name: 'name',
  description: 'description',
  display_description: 'description',
  hostname: 'hostname',
  access_ip_v4: 'access_ip_v4',
  access_ip_v6: 'access_ip_v6',
  created_at: 'created_at',
  launched_at: 'launched_at',
  terminated_at: 'terminated_at',
};

/** compat: filters that the caller may not use are passed over in silence. */
export function planFilter(query: Query, caller: ListCaller): ServerFilter {
  const allowed = new Set([
    ...EVERYBODY,
    ...LATER.flatMap(([minor, names]) => (caller.minor >= minor ? names : [])),
  ]);
  const value = (name: string): string | undefined =>
    caller.allFilters || allowed.has(name) ? listOf(query[name]).at(-1) : undefined;
  const tags = (name: string) => (value(name) ?? '').split(',').filter((tag) => tag !== '');
  const everyProject = wantsEveryProject(query);
  const states = statusFilter(query, caller);
  const changesSince = timeOf(value('changes-since'));
  const changesBefore = timeOf(value('changes-before'));
  if (changesSince !== undefined && changesBefore !== undefined && changesSince > changesBefore) {
    throw badRequest('The value of changes-since must be less than or equal to changes-before.');
  }
  const named = value('project_id') ?? value('tenant_id');
  return {
    projectId: everyProject ? named : caller.projectId,
    deleted: deletedFilter(query, caller, changesSince ?? changesBefore, states),
    changesSince,
    changesBefore,
    states,
    exact: exactFilters(value),
    patterns: patternFilters(value),
    addresses: addressFilter(value),
    metadata: metadataFilter(value('metadata')),
    locked: lockedFilter(value('locked')),
    tags: tags('tags'),
    tagsAny: tags('tags-any'),
    notTags: tags('not-tags'),
    notTagsAny: tags('not-tags-any'),
  };
}

/** compat: `all_tenants` without a value means yes. */
export function wantsEveryProject(query: Query): boolean {
  const text = listOf(query['all_tenants']).at(-1);
  if (text === undefined) return false;
  if (text === '') return true;
  const told = booleanInQuery(text);
  if (told === undefined) {
    throw badRequest(
      `Invalid value '${text}' for query parameter 'all_tenants': it is not a boolean.`,
    );
  }
  return told;
}

function statusFilter(query: Query, { minor, admin }: ListCaller): StatePair[] | undefined {
  const words = listOf(query['status']);
  if (words.length === 0) return undefined;
  const states = words.map((word) => statesOf(word));
  const known = words.some(
    (word, index) => states[index] || OTHER_STATUSES.has(word.toUpperCase()),
  );
  if (!known && minor >= 38) throw badRequest('Invalid status value');
  const found = states.filter((state) => state !== undefined);
  if (!admin && found.some(({ vm }) => vm === 'deleted')) {
    throw new Fault('forbidden', 'HTTPForbidden', 'Only administrators may list deleted instances');
  }
  return found;
}

function deletedFilter(
  query: Query,
  { admin }: ListCaller,
  changes: string | undefined,
  states: readonly StatePair[] | undefined,
): boolean | 'any' {
  if (states?.some(({ vm }) => vm === 'deleted') === true)
    return states.length === 1 ? true : 'any';
  const asked = admin ? listOf(query['deleted']).at(-1) : undefined;
  if (asked !== undefined) return booleanInQuery(asked) ?? false;
  // compat: who asks for changes is told of deletions too.
  return changes === undefined ? false : 'any';
}

function exactFilters(value: (name: string) => string | undefined) {
  const found: Record<string, string | number> = {};
  for (const [name, column] of Object.entries(EXACT)) {
    const wanted = value(name);
    if (wanted !== undefined) found[column] = wanted;
  }
  for (const [name, column] of Object.entries(NUMBERS)) {
    const wanted = value(name);
    if (wanted === undefined) continue;
    if (!/^\d{1,9}$/.test(wanted)) throw badRequest(`Invalid filter ${name}: '${wanted}'`);
    found[column] = Number(wanted);
  }
  const drive = value('config_drive');
  if (drive !== undefined) found['config_drive'] = (booleanInQuery(drive) ?? drive !== '') ? 1 : 0;
  return found;
}

function patternFilters(value: (name: string) => string | undefined) {
  const found: Record<string, TextPattern> = {};
  for (const [name, column] of Object.entries(PATTERNS)) {
    const wanted = value(name);
    if (wanted !== undefined) found[column] = textPattern(wanted);
  }
  return found;
}

function addressFilter(value: (name: string) => string | undefined) {
  const v4 = value('ip');
  if (v4 !== undefined) return { version: 4 as const, pattern: textPattern(v4) };
  const v6 = value('ip6');
  return v6 === undefined ? undefined : { version: 6 as const, pattern: textPattern(v6) };
}

function metadataFilter(text: string | undefined): [string, string][] {
  if (text === undefined) return [];
  try {
    const wanted = JSON.parse(text) as Record<string, unknown>;
    return Object.entries(wanted).map(([key, item]) => [key, String(item)]);
  } catch {
    throw badRequest(`Invalid filter metadata: '${text}' is not a JSON object.`);
  }
}

function lockedFilter(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const told = booleanInQuery(text);
  if (told === undefined) throw badRequest(`Invalid value '${text}' for 'locked'.`);
  return told;
}

function timeOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : storedTime(text);
}
