/** What a caller asks of a list: how many, from where, in which order, which members. The same way for every service. */
import type { Fault } from '../fault.ts';

export type SortKey = { readonly key: string; readonly dir: 'asc' | 'desc' };

/** One page of a list. */
export type Page = {
  /** Rows at most; null for all. */
  readonly limit: number | null;
  /** The id of the last row of the page before; null for the first page. */
  readonly marker: string | null;
  readonly sort: readonly SortKey[];
  /** True when the page before the marker is asked for (Neutron's `page_reverse`). */
  readonly reverse: boolean;
};

/** A parsed query string: a name given twice is a list. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export type PageRules = {
  /** Names that may be sorted by. */
  readonly sortKeys: ReadonlySet<string>;
  readonly defaultSort: readonly SortKey[];
  /** A larger limit is cut to this; null for no bound. */
  readonly maxLimit: number | null;
  /** How the service refuses a bad `limit`, `sort_key` or `sort_dir`. */
  readonly refuse: (what: 'limit' | 'sort_key' | 'sort_dir', value: string) => Fault;
};

/** Reads `limit`, `marker`, `sort_key`, `sort_dir` and `page_reverse`. */
export function parsePage(query: Query, rules: PageRules): Page {
  const keys = listOf(query['sort_key']);
  const dirs = listOf(query['sort_dir']);
  const sort = keys.map((key, index): SortKey => {
    if (!rules.sortKeys.has(key)) throw rules.refuse('sort_key', key);
    const dir = dirs[index] ?? dirs.at(-1) ?? 'asc';
    if (dir !== 'asc' && dir !== 'desc') throw rules.refuse('sort_dir', dir);
    return { key, dir };
  });
  return {
    limit: parseLimit(query['limit'], rules),
    marker: listOf(query['marker'])[0] ?? null,
    sort: sort.length > 0 ? sort : rules.defaultSort,
    reverse: listOf(query['page_reverse'])[0]?.toLowerCase() === 'true',
  };
}

function parseLimit(value: Query[string], rules: PageRules): number | null {
  const text = listOf(value)[0];
  if (text === undefined) return rules.maxLimit;
  if (!/^\d{1,9}$/.test(text)) throw rules.refuse('limit', text);
  const limit = Number(text);
  return rules.maxLimit === null ? limit : Math.min(limit, rules.maxLimit);
}

/** A query parameter as a list, however often it was given. */
export function listOf(value: Query[string]): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** Only the members that were asked for (`fields=id&fields=name`); all when none were. */
export function selectFields<T extends object>(view: T, fields: readonly string[]): Partial<T> {
  if (fields.length === 0) return view;
  const wanted = new Set(fields);
  return Object.fromEntries(
    Object.entries(view).filter(([name]) => wanted.has(name)),
  ) as Partial<T>;
}

/** The address of another page of the same list: `base` with the request's own query and another marker. */
export function pageLink(
  base: string,
  query: Query,
  marker: string,
  change: Readonly<Record<string, string>> = {},
): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (name === 'marker' || name === 'page_reverse') continue;
    for (const item of listOf(value)) params.append(name, item);
  }
  for (const [name, value] of Object.entries(change)) params.set(name, value);
  params.set('marker', marker);
  return `${base}?${params.toString()}`;
}
