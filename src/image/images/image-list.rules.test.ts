/** What query strings ask of a list of images, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageList } from './image-list.rules.ts';

const understood: readonly { query: Record<string, string | string[]>; filter: unknown }[] = [
  { query: { name: 'a' }, filter: { kind: 'one-of', column: 'name', values: ['a'] } },
  { query: { name: 'eq:a:b' }, filter: { kind: 'one-of', column: 'name', values: ['a:b'] } },
  { query: { id: 'in:a,b' }, filter: { kind: 'one-of', column: 'id', values: ['a', 'b'] } },
  {
    query: { name: 'in:"a,b",c' },
    filter: { kind: 'one-of', column: 'name', values: ['a,b', 'c'] },
  },
  { query: { owner: 'p' }, filter: { kind: 'exact', column: 'owner', value: 'p' } },
  { query: { size: '5' }, filter: { kind: 'exact', column: 'size', value: '5' } },
  {
    query: { size_min: '5' },
    filter: { kind: 'size', column: 'size', bound: 'least', value: 5 },
  },
  {
    query: { min_ram_max: '5' },
    filter: { kind: 'size', column: 'min_ram', bound: 'most', value: 5 },
  },
  { query: { protected: 'true' }, filter: { kind: 'flag', column: 'protected', value: 1 } },
  { query: { visibility: 'all' }, filter: { kind: 'visibility', visibility: 'all' } },
  { query: { os_distro: 'x' }, filter: { kind: 'property', name: 'os_distro', value: 'x' } },
  { query: { a_min: '1' }, filter: { kind: 'property', name: 'a_min', value: '1' } },
  {
    query: { created_at: 'gt:2026-01-02T03:04:05Z' },
    filter: {
      kind: 'time',
      column: 'created_at',
      comparison: 'gt',
      value: '2026-01-02T03:04:05',
    },
  },
  {
    query: { updated_at: '2026-01-02T03:04:05+02:00' },
    filter: {
      kind: 'time',
      column: 'updated_at',
      comparison: 'eq',
      value: '2026-01-02T01:04:05',
    },
  },
];

for (const { query, filter } of understood) {
  test(`${JSON.stringify(query)} is understood`, () => {
    const [hidden, ...others] = parseImageList(query).filters;
    assert.deepEqual(hidden, { kind: 'flag', column: 'os_hidden', value: 0 });
    assert.deepEqual(others, [filter]);
  });
}

test('several tags are asked for one by one, and of other parameters the last counts', () => {
  const { filters } = parseImageList({ tag: ['a', 'b '], owner: ['p', 'q'], os_hidden: 'TRUE' });
  assert.deepEqual(filters, [
    { kind: 'flag', column: 'os_hidden', value: 1 },
    { kind: 'tag', tag: 'a' },
    { kind: 'tag', tag: 'b' },
    { kind: 'exact', column: 'owner', value: 'q' },
  ]);
});

const sorted = [
  { query: {}, sort: 'created_at:desc id:desc' },
  { query: { sort: 'name:asc,size' }, sort: 'name:asc size:desc created_at:desc id:desc' },
  { query: { sort: 'name:asc' }, sort: 'name:asc created_at:asc id:asc' },
  { query: { sort_key: 'name', sort_dir: 'asc' }, sort: 'name:asc created_at:asc id:asc' },
  {
    query: { sort_key: ['name', 'size'], sort_dir: 'asc' },
    sort: 'name:asc size:asc created_at:desc id:desc',
  },
  {
    query: { sort_key: ['name', 'id'], sort_dir: ['asc', 'desc'] },
    sort: 'name:asc id:desc created_at:desc',
  },
];

for (const { query, sort } of sorted) {
  test(`${JSON.stringify(query)} sorts by ${sort}`, () => {
    const { page } = parseImageList(query);
    assert.equal(page.sort.map(({ key, dir }) => `${key}:${dir}`).join(' '), sort);
  });
}

test('a page has 25 images unless it is said, and never more than 1000', () => {
  assert.equal(parseImageList({}).page.limit, 25);
  assert.equal(parseImageList({ limit: '0' }).page.limit, 0);
  assert.equal(parseImageList({ limit: '5000' }).page.limit, 1000);
});

const refused = [
  { query: { limit: 'x' }, says: 'limit param must be an integer' },
  { query: { limit: '-1' }, says: 'limit param must be positive' },
  { query: { sort_key: 'checksum' }, says: /^Invalid sort key: checksum. It must be one of/ },
  { query: { sort_dir: 'up' }, says: 'Invalid sort direction: up' },
  { query: { sort: 'name:up' }, says: 'Invalid sort direction: up' },
  {
    query: { sort: 'name', sort_key: 'name' },
    says: 'Old and new sorting syntax cannot be combined',
  },
  {
    query: { sort_key: ['name', 'id', 'size'], sort_dir: ['asc', 'desc'] },
    says: 'Number of sort dirs does not match the number of sort keys',
  },
  { query: { visibility: 'secret' }, says: 'Invalid visibility value: secret' },
  { query: { member_status: 'x' }, says: 'Invalid status: x' },
  { query: { protected: 'yes' }, says: /^Invalid value 'yes' for 'protected' filter/ },
  { query: { os_hidden: 'yes' }, says: /^Invalid value 'yes' for 'os_hidden' filter/ },
  { query: { size_min: 'x' }, says: 'Unable to filter on a range with a non-numeric value.' },
  { query: { name: 'gt:a' }, says: "Unable to filter by unknown operator 'gt'." },
  { query: { name: 'in:"a' }, says: /The quote is not closed/ },
  { query: { name: 'in:a"b"' }, says: /no comma before opening/ },
  { query: { name: 'in:"a"b' }, says: /no comma after closing/ },
  { query: { created_at: 'yesterday' }, says: /^Bad "created_at" query filter format/ },
  { query: { created_at: 'in:2026-01-02' }, says: 'Unable to filter on a unknown operator.' },
  { query: { 'changes-since': 'x' }, says: /no longer available/ },
];

for (const { query, says } of refused) {
  test(`${JSON.stringify(query)} is refused`, () => {
    assert.throws(() => parseImageList(query), { kind: 'invalid', message: says });
  });
}
