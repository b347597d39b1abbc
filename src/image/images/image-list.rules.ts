/** What a query string asks of a list of images. Pure. */
import type { MemberStatus } from '#platform/db/tables/image.ts';
import { listOf, type Page, type Query, type SortKey } from '#platform/http/list-query.ts';
import * as faults from '../image.faults.ts';
import type {
  Comparison,
  ExactColumn,
  ImageFilter,
  SizeColumn,
  TextColumn,
} from './image-filter.ts';
import { VISIBILITIES } from './image.schema.ts';

export type ImageListQuery = {
  readonly filters: readonly ImageFilter[];
  readonly page: Page;
  readonly memberStatus: MemberStatus | 'all';
};

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;

const SORT_KEYS = [
  'name',
  'status',
  'container_format',
  'disk_format',
  'size',
  'id',
  'created_at',
  'updated_at',
];
const MEMBER_STATUSES: readonly string[] = ['pending', 'accepted', 'rejected', 'all'];
const TEXT: readonly string[] = ['id', 'name', 'status', 'container_format', 'disk_format'];
const SIZES: readonly string[] = ['size', 'virtual_size', 'min_disk', 'min_ram'];
const EXACT: readonly string[] = ['owner', 'checksum', 'os_hash_algo', 'os_hash_value', ...SIZES];
const COMPARISONS: readonly string[] = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'];
/** Parameters that are no filters. `deleted` is one that Glance sets itself. */
const NO_FILTERS = new Set(
  'limit marker member_status sort sort_key sort_dir tag os_hidden deleted'.split(' '),
);

export function parseImageList(query: Query): ImageListQuery {
  const filters: ImageFilter[] = [hiddenFilter(last(query, 'os_hidden'))];
  for (const tag of listOf(query['tag'])) filters.push({ kind: 'tag', tag: tag.trim() });
  for (const name of Object.keys(query)) {
    const value = last(query, name);
    if (!NO_FILTERS.has(name) && value !== undefined) filters.push(filterOf(name, value));
  }
  const memberStatus = last(query, 'member_status') ?? 'accepted';
  if (!MEMBER_STATUSES.includes(memberStatus)) throw faults.badMemberStatus(memberStatus);
  return {
    filters,
    memberStatus: memberStatus as MemberStatus | 'all',
    page: {
      limit: parseLimit(last(query, 'limit')),
      marker: last(query, 'marker') ?? null,
      sort: withTieBreakers(parseSort(query)),
      reverse: false,
    },
  };
}

/** compat: of a parameter that is given more than once, Glance takes the last, except for tags and sort keys. */
function last(query: Query, name: string): string | undefined {
  return listOf(query[name]).at(-1);
}

function hiddenFilter(text: string | undefined): ImageFilter {
  const value = (text ?? 'false').toLowerCase();
  if (value !== 'true' && value !== 'false') throw faults.badFlag('os_hidden', value);
  return { kind: 'flag', column: 'os_hidden', value: value === 'true' ? 1 : 0 };
}

function filterOf(name: string, value: string): ImageFilter {
  if (name === 'visibility') {
    if (![...VISIBILITIES, 'all'].includes(value)) throw faults.badVisibility(value);
    return { kind: 'visibility', visibility: value };
  }
  if (name === 'changes-since') throw faults.changesSince();
  if (name === 'protected') {
    if (value !== 'true' && value !== 'false') throw faults.badFlag(name, value);
    return { kind: 'flag', column: name, value: value === 'true' ? 1 : 0 };
  }
  if (name === 'created_at' || name === 'updated_at') return timeFilter(name, value);
  if (TEXT.includes(name)) return textFilter(name as TextColumn, value);
  if (EXACT.includes(name)) return { kind: 'exact', column: name as ExactColumn, value };
  const [, column = '', end = ''] = /^(.+)_(min|max)$/.exec(name) ?? [];
  if (SIZES.includes(column)) {
    if (!/^\s*-?\d{1,15}\s*$/.test(value)) throw faults.badFilterRange();
    const bound = end === 'min' ? ('least' as const) : ('most' as const);
    return { kind: 'size', column: column as SizeColumn, bound, value: Number(value) };
  }
  return { kind: 'property', name, value };
}

function textFilter(column: TextColumn, expression: string): ImageFilter {
  // compat: a name with a colon in it can only be asked for as `eq:a:b`.
  const colon = expression.indexOf(':');
  const operator = colon < 0 ? 'eq' : expression.slice(0, colon);
  const rest = expression.slice(colon + 1);
  if (operator === 'eq') return { kind: 'one-of', column, values: [rest] };
  if (operator === 'in') return { kind: 'one-of', column, values: splitList(rest) };
  throw faults.unknownOperator(operator);
}

/** `a,"b,c"` is two values. */
function splitList(text: string): string[] {
  let open = true;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== '"' || text[index - 1] === '\\') continue;
    if (open && index > 0 && text[index - 1] !== ',') {
      throw faults.badQuotes(text, 'There is no comma before opening quotation mark.');
    }
    if (!open && index + 1 !== text.length && text[index + 1] !== ',') {
      throw faults.badQuotes(text, 'There is no comma after closing quotation mark.');
    }
    open = !open;
  }
  if (!open) throw faults.badQuotes(text, 'The quote is not closed.');
  const items = text.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)",?|([^,]+),?|,/g);
  return [...items].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function timeFilter(column: 'created_at' | 'updated_at', expression: string): ImageFilter {
  const whole = parseTime(expression);
  const colon = expression.indexOf(':');
  const operator = whole || colon < 0 ? 'eq' : expression.slice(0, colon);
  const time = whole ?? parseTime(expression.slice(colon + 1));
  if (!time) throw faults.badTime(column);
  if (!COMPARISONS.includes(operator)) throw faults.unknownTimeOperator();
  return { kind: 'time', column, comparison: operator as Comparison, value: time };
}

/** An ISO 8601 time in UTC, to the second; undefined when it is none. */
function parseTime(text: string): string | undefined {
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;
  const [match, day = '', minutes = '00:00', seconds = '00', zone = 'Z'] = form.exec(text) ?? [];
  if (match === undefined) return undefined;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const time = new Date(`${day}T${minutes}:${seconds}${offset}`);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().slice(0, 19);
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(text)) throw faults.limitNotInteger();
  const limit = Number(text);
  if (limit < 0) throw faults.limitNegative();
  return Math.min(limit, MAX_LIMIT);
}

/** Both ways to say it: `sort=name:asc,size`, or `sort_key` and `sort_dir`, repeated. */
function parseSort(query: Query): readonly SortKey[] {
  const keys = listOf(query['sort_key']).map((key) => checkSortKey(key.trim()));
  const dirs = listOf(query['sort_dir']).map((dir) => checkSortDir(dir.trim()));
  const sort = last(query, 'sort');
  if (sort !== undefined) {
    if (keys.length > 0 || dirs.length > 0) throw faults.twoSortSyntaxes();
    return sort
      .trim()
      .split(',')
      .map((part) => {
        const [key = '', dir = ''] = part.split(':');
        return { key: checkSortKey(key.trim()), dir: checkSortDir(dir.trim() || 'desc') };
      });
  }
  if (dirs.length > 1 && dirs.length !== keys.length) throw faults.sortDirCount();
  const wanted = keys.length > 0 ? keys : ['created_at'];
  return wanted.map((key, index) => ({ key, dir: dirs[index] ?? dirs[0] ?? 'desc' }));
}

function checkSortKey(key: string): string {
  if (!SORT_KEYS.includes(key)) throw faults.badSortKey(key, SORT_KEYS);
  return key;
}

function checkSortDir(dir: string): 'asc' | 'desc' {
  if (dir !== 'asc' && dir !== 'desc') throw faults.badSortDir(dir);
  return dir;
}

/** Images that are equal by the keys asked for follow one another by age, in the direction of a single key. */
function withTieBreakers(sort: readonly SortKey[]): readonly SortKey[] {
  const dir = sort.length === 1 ? (sort[0]?.dir ?? 'desc') : 'desc';
  const missing = ['created_at', 'id'].filter((key) => !sort.some((by) => by.key === key));
  return [...sort, ...missing.map((key) => ({ key, dir }))];
}
