/** What a caller asks of a list, and how a list travels: the same way for all of identity. */
import { listOf, pageLink, type Query } from '#platform/http/list-query.ts';
import { invalid } from './identity.faults.ts';
import { apiUrl, ownUrl, type Reached } from './links.ts';

/** One condition. Keystone's comparators (`name__contains=x`) know no case, like the database that it mostly runs on. */
export type Filter = {
  readonly attribute: string;
  readonly how: 'equals' | 'contains' | 'startswith' | 'endswith';
  readonly value: string | boolean | null;
};

export type Listing = {
  readonly filters: readonly Filter[];
  /** Rows at most. */
  readonly limit: number;
  /** The id of the last row of the page before. */
  readonly marker: string | null;
};

export type Listed<T> = {
  readonly rows: readonly T[];
  /** True when there are more rows. */
  readonly truncated: boolean;
};

/** More than this is never sent at once; the answer says that it was cut, and where to go on. */
const MAX_ROWS = 10_000;

/** Reads the filters that a resource knows; others are ignored, as Keystone does. */
export function parseListing(
  query: Query,
  attributes: Readonly<Record<string, 'text' | 'flag'>>,
): Listing {
  const filters: Filter[] = [];
  for (const [name, given] of Object.entries(query)) {
    const [attribute = '', comparator] = name.split('__');
    const kind = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    const [value] = listOf(given);
    if (kind === undefined || value === undefined) continue;
    if (kind === 'flag') {
      filters.push({ attribute, how: 'equals', value: isTrue(value) });
      continue;
    }
    const how = comparator === undefined ? 'equals' : COMPARATORS.get(comparator);
    if (how) filters.push({ attribute, how, value });
  }
  const [limit] = listOf(query['limit']);
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) {
    throw invalid(`Invalid input for field 'limit': '${limit}' is not of type 'integer'`);
  }
  return {
    filters,
    limit: limit === undefined ? MAX_ROWS : Math.min(Number(limit) || MAX_ROWS, MAX_ROWS),
    marker: listOf(query['marker'])[0] ?? null,
  };
}

const COMPARATORS: ReadonlyMap<string, Filter['how']> = new Map([
  ['contains', 'contains'],
  ['icontains', 'contains'],
  ['startswith', 'startswith'],
  ['istartswith', 'startswith'],
  ['endswith', 'endswith'],
  ['iendswith', 'endswith'],
  ['iexact', 'equals'],
]);

/** The same listing with one more condition. */
export function where(listing: Listing, attribute: string, value: Filter['value']): Listing {
  return { ...listing, filters: [...listing.filters, { attribute, how: 'equals', value }] };
}

/** The value of a plain filter, if the caller gave it. */
export function filterValue(listing: Listing, attribute: string): Filter['value'] | undefined {
  return listing.filters.find((each) => each.attribute === attribute && each.how === 'equals')
    ?.value;
}

/** Whether a query parameter is switched on: `?effective` is, and so is anything that does not say no. */
export function isSet(query: Query, name: string): boolean {
  const [value] = listOf(query[name]);
  return value !== undefined && isTrue(value);
}

function isTrue(text: string): boolean {
  return !/^(0|false|f|no|n|off)$/i.test(text);
}

/** Each row of a list as it travels. */
export function viewAll<T, V>(listed: Listed<T>, view: (row: T) => V): Listed<V> {
  return { ...listed, rows: listed.rows.map(view) };
}

/** A list as it travels. */
export function viewCollection<T extends { readonly id: string }>(
  reached: Reached & { readonly query: unknown },
  name: string,
  listed: Listed<T>,
): Record<string, unknown> {
  const self = ownUrl(reached);
  const last = listed.rows.at(-1);
  const next =
    listed.truncated && last
      ? pageLink(self.split('?')[0] ?? self, reached.query as Query, last.id)
      : null;
  return {
    [name]: listed.rows,
    links: { next, self, previous: null },
    ...(listed.truncated && { truncated: true }),
  };
}

/** The link that each resource carries to itself. */
export function selfLink(reached: Reached, collection: string, id: string): { self: string } {
  return { self: `${apiUrl(reached)}/${collection}/${encodeURIComponent(id)}` };
}
