/** Reads the firewall's tables from what `nft --json list ruleset` prints. */
import type { ChainItem, ElementItem, Part, SetItem, TableName } from './contents.ts';
import { tableOf, type Engine } from './engine.ts';
import { quoted } from './items.ts';
import { hex, portOfMark } from './marks.ts';
import { portOfPlace } from './port-part.ts';
import { generationOf } from './flow-chains.ts';
import { expectedRules, fixedSets } from './skeleton.ts';

/** What the kernel has of the firewall. */
export type FoundRuleset = {
  /** False when a table is missing or its skeleton is not as we make it. */
  readonly ready: boolean;
  readonly contents: Part;
  /** Taps of which the rules say something: from others nothing passes. */
  readonly taps: ReadonlySet<string>;
  /** Numbers in use: of ports by tap, of networks by bridge. */
  readonly ports: ReadonlyMap<string, number>;
  readonly networks: ReadonlyMap<string, number>;
  /** Generations of remembered flows. */
  readonly generations: readonly number[];
};

type Value = string | number | { readonly [kind: string]: unknown };

export type SetJson = {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type: string | readonly string[];
  readonly map?: string;
  readonly elem?: readonly unknown[];
};

export type RulesetJson = {
  readonly nftables: readonly {
    readonly set?: SetJson;
    readonly map?: SetJson;
    readonly chain?: { readonly family: string; readonly table: string; readonly name: string };
    readonly rule?: {
      readonly family: string;
      readonly table: string;
      readonly chain: string;
      readonly comment?: string;
    };
  }[];
};

const NOTHING: FoundRuleset = {
  ready: false,
  contents: { sets: [], chains: [], elements: [] },
  taps: new Set(),
  ports: new Map(),
  networks: new Map(),
  generations: [],
};

export function readRuleset(text: string, engine: Engine): FoundRuleset {
  const { nftables } = JSON.parse(text) as RulesetJson;
  const tables = new Map<string, TableName>([
    [tableOf('ports', engine), 'ports'],
    [tableOf('groups', engine), 'groups'],
  ]);
  const tableIn = (item: { readonly family: string; readonly table: string }) =>
    tables.get(`${item.family} ${item.table}`);

  const rules = new Map<string, number>();
  const digests = new Map<string, string>();
  const sets: SetItem[] = [];
  const elements: ElementItem[] = [];
  const generations: number[] = [];
  const found = new Set<string>();
  for (const { set, map, chain, rule } of nftables) {
    if (chain) {
      const table = tableIn(chain);
      if (table) rules.set(`${table} ${chain.name}`, 0);
    }
    if (rule) {
      const id = `${tableIn(rule) ?? ''} ${rule.chain}`;
      const before = rules.get(id);
      if (before === undefined) continue;
      if (before === 0) digests.set(id, rule.comment?.split(' ')[0] ?? '');
      rules.set(id, before + 1);
    }
    const one = set ?? map;
    const table = one && tableIn(one);
    if (!one || !table) continue;
    const fixed = fixedSets(table).find(({ name }) => name === one.name);
    const generation = table === 'groups' ? generationOf(one.name) : undefined;
    if (fixed) found.add(`${table} ${one.name}`);
    else if (generation !== undefined) generations.push(generation);
    else sets.push({ kind: set ? 'set' : 'map', table, name: one.name, text: '' });
    // What packets have put there is not ours.
    if (fixed?.dynamic === true || generation !== undefined || isRate(table, one.name)) continue;
    elements.push(...readElements(table, one));
  }

  const skeleton = expectedRules(engine);
  const whole =
    [...skeleton].every(([id, count]) => rules.get(id) === count) &&
    (['ports', 'groups'] as const).every((table) =>
      fixedSets(table).every(({ name }) => found.has(`${table} ${name}`)),
    ) &&
    generations.length > 0;
  if (!whole) return NOTHING;
  const chains = [...rules.keys()]
    .filter((id) => !skeleton.has(id))
    .map((id): ChainItem => {
      const [table = '', name = ''] = id.split(' ');
      return { table: table as TableName, name, rules: null, digest: digests.get(id) ?? '' };
    });
  return {
    ready: true,
    contents: { sets, chains, elements },
    taps: new Set(
      elements.filter(({ set }) => set === 'senders').map(({ key }) => key.slice(1, -1)),
    ),
    ports: portNumbers(elements),
    networks: networkNumbers(elements),
    generations,
  };
}

/** Sets that count packets against a limit. */
function isRate(table: TableName, name: string): boolean {
  return table === 'ports' && /^(broadcast|multicast|unknown)-/.test(name);
}

function readElements(table: TableName, set: SetJson): readonly ElementItem[] {
  const types = typeof set.type === 'string' ? [set.type] : set.type;
  return (set.elem ?? []).map((element): ElementItem => {
    const [key, data] = set.map === undefined ? [element, undefined] : (element as [Value, Value]);
    return {
      table,
      set: set.name,
      key: readKey(key as Value, types),
      data: data === undefined ? '' : readData(data, set.map ?? '', set.name),
    };
  });
}

function readKey(key: Value, types: readonly string[]): string {
  const parts = isObject(key) && 'concat' in key ? (key['concat'] as readonly Value[]) : [key];
  return parts.map((part, index) => readValue(part, types[index] ?? '')).join(' . ');
}

/** Names of EtherTypes that `nft` prints instead of their numbers. */
const ETHER_TYPES: Readonly<Record<string, number>> = {
  ip: 0x0800,
  arp: 0x0806,
  ip6: 0x86dd,
  '8021q': 0x8100,
  vlan: 0x8100,
  '8021ad': 0x88a8,
};

/** In the one form in which we write it too. */
function readValue(value: Value, type: string): string {
  if (isObject(value)) {
    const { prefix, range } = value as {
      prefix?: { addr: string; len: number };
      range?: readonly [Value, Value];
    };
    if (prefix) return `${prefix.addr}/${prefix.len}`;
    if (range) return `${readValue(range[0], type)}-${readValue(range[1], type)}`;
    return JSON.stringify(value);
  }
  switch (type) {
    case 'ifname':
      return quoted(String(value));
    case 'mark':
      return hex(Number(value));
    case 'integer':
      return `0x${BigInt(value).toString(16)}`;
    case 'ether_type': {
      const number = typeof value === 'number' ? value : ETHER_TYPES[value];
      return number === undefined ? String(value) : `0x${number.toString(16).padStart(4, '0')}`;
    }
    default:
      return String(value);
  }
}

function readData(data: Value, type: string, set: string): string {
  if (isObject(data)) {
    if ('accept' in data) return 'accept';
    const { target } = (data['goto'] ?? {}) as { target?: string };
    return target === undefined ? JSON.stringify(data) : `goto ${target}`;
  }
  // The zone of a network is a plain number to `nft`.
  return set === 'zones' ? String(data) : readValue(data, type);
}

function isObject(value: Value): value is { readonly [kind: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function portNumbers(elements: readonly ElementItem[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const { set, key, data } of elements) {
    const tap = key.slice(1, -1);
    if (set === 'entrances') numbers.set(tap, portOfMark(Number(data)));
    if (set === 'places') numbers.set(tap, portOfPlace(data));
  }
  return numbers;
}

function networkNumbers(elements: readonly ElementItem[]): ReadonlyMap<string, number> {
  const zones = elements.filter(({ set }) => set === 'zones');
  return new Map(zones.map(({ key, data }) => [key.slice(1, -1), Number(data)]));
}
