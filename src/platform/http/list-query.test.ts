/** What a query string asks of a list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../fault.ts';
import { pageLink, parsePage, selectFields, type PageRules } from './list-query.ts';

const rules: PageRules = {
  sortKeys: new Set(['id', 'name']),
  defaultSort: [{ key: 'id', dir: 'asc' }],
  maxLimit: 100,
  refuse: (what, value) => new Fault('invalid', what, value),
};

test('a list that is asked for nothing is a first page in the default order', () => {
  assert.deepEqual(parsePage({}, rules), {
    limit: 100,
    marker: null,
    sort: [{ key: 'id', dir: 'asc' }],
    reverse: false,
  });
});

test('keys and directions go together; a direction too few is the last one', () => {
  const { sort } = parsePage({ sort_key: ['name', 'id'], sort_dir: 'desc' }, rules);
  assert.deepEqual(sort, [
    { key: 'name', dir: 'desc' },
    { key: 'id', dir: 'desc' },
  ]);
});

test('a limit above the highest is the highest', () => {
  assert.equal(parsePage({ limit: '5000' }, rules).limit, 100);
});

for (const [query, code] of [
  [{ limit: '-1' }, 'limit'],
  [{ limit: 'many' }, 'limit'],
  [{ limit: '99999999999999999999' }, 'limit'],
  [{ sort_key: 'secret' }, 'sort_key'],
  [{ sort_key: 'id', sort_dir: 'up' }, 'sort_dir'],
] as const) {
  test(`${JSON.stringify(query)} is refused`, () => {
    assert.throws(() => parsePage(query, rules), { code });
  });
}

test('fields select members, and unknown ones select nothing', () => {
  assert.deepEqual(selectFields({ a: 1, b: 2 }, ['a', 'nope']), { a: 1 });
  assert.deepEqual(selectFields({ a: 1, b: 2 }, []), { a: 1, b: 2 });
});

test('the link to another page keeps the query and replaces the marker', () => {
  const link = pageLink('http://h/things', { limit: '2', marker: 'old', tag: ['a', 'b'] }, 'new');
  assert.equal(link, 'http://h/things?limit=2&tag=a&tag=b&marker=new');
});
