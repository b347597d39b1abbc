/** Paging on a real database: every row once, whatever it is sorted by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from '../http/list-query.ts';
import { openDatabase } from './database.ts';
import { applyPage } from './page.ts';
import type { Db } from './tables.ts';

/** Sagas serve as rows: they have a column that may be null, and equal values in another. */
const ROWS = [
  { id: 'a', name: 'x', error: null },
  { id: 'b', name: 'y', error: 'late' },
  { id: 'c', name: 'x', error: 'early' },
  { id: 'd', name: 'y', error: null },
  { id: 'e', name: 'x', error: 'late' },
];
const COLUMNS = { id: 'id', name: 'name', error: 'error' } as const;

async function withRows() {
  const db = await openDatabase(':memory:');
  await db
    .insertInto('sagas')
    .values(
      ROWS.map((row) => ({
        ...row,
        version: 1,
        resource_id: '',
        project_id: '',
        request_id: '',
        params: '{}',
        state: 'done' as const,
        lease_owner: null,
        lease_until: null,
        created_at: '',
        updated_at: '',
      })),
    )
    .execute();
  return { db, [Symbol.asyncDispose]: async () => await db.destroy() };
}

async function read(db: Db, page: Page): Promise<string[]> {
  const marker = ROWS.find(({ id }) => id === page.marker);
  const query = applyPage(db.selectFrom('sagas').select(['id']), page, COLUMNS, marker);
  return (await query.execute()).map(({ id }) => id);
}

const orders: readonly [Page['sort'], string][] = [
  [[{ key: 'id', dir: 'asc' }], 'abcde'],
  [[{ key: 'id', dir: 'desc' }], 'edcba'],
  [[{ key: 'name', dir: 'asc' }], 'acebd'],
  [[{ key: 'name', dir: 'desc' }], 'bdace'],
  [
    [
      { key: 'name', dir: 'asc' },
      { key: 'id', dir: 'desc' },
    ],
    'ecadb',
  ],
  [[{ key: 'error', dir: 'asc' }], 'adcbe'],
  [[{ key: 'error', dir: 'desc' }], 'becad'],
];

for (const [sort, order] of orders) {
  const said = sort.map(({ key, dir }) => `${key} ${dir}`).join(', ');
  for (const limit of [1, 2, 5]) {
    test(`pages of ${limit} by ${said} give every row once`, async () => {
      await using r = await withRows();
      const seen: string[] = [];
      let marker: string | null = null;
      for (;;) {
        const rows: string[] = await read(r.db, { limit, marker, sort, reverse: false });
        seen.push(...rows);
        marker = rows.at(-1) ?? null;
        if (rows.length < limit) break;
      }
      assert.equal(seen.join(''), order);
    });
  }

  test(`the page before a row by ${said} is the one that came before it`, async () => {
    await using r = await withRows();
    const marker = order[3] ?? '';
    const before = await read(r.db, { limit: 2, marker, sort, reverse: true });
    assert.equal(before.toReversed().join(''), order.slice(1, 3));
  });
}
