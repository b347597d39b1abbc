/** Migrations: once each, in order, and never onto what a newer program wrote. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { openSqlite } from './sqlite.ts';

test('migrations are numbered from 1 without a gap', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ number }) => number),
    MIGRATIONS.map((_, index) => index + 1),
  );
});

test('a database is brought up to date once', async () => {
  const db = openSqlite(':memory:');
  try {
    assert.equal(await migrate(db, MIGRATIONS), MIGRATIONS.length);
    assert.equal(await migrate(db, MIGRATIONS), 0);
  } finally {
    await db.destroy();
  }
});

test('a migration that fails changes nothing and is tried again', async () => {
  const db = openSqlite(':memory:');
  const broken = { number: 1, name: 'one', up: ['create table a (x text)', 'create nonsense'] };
  try {
    await assert.rejects(migrate(db, [broken]));
    assert.equal(await migrate(db, [{ ...broken, up: ['create table a (x text)'] }]), 1);
  } finally {
    await db.destroy();
  }
});

test('a database of a newer program is refused, and says what to do', async () => {
  const db = openSqlite(':memory:');
  const newer = [...MIGRATIONS, { number: 999, name: 'future', up: [] }];
  try {
    await migrate(db, newer);
    await assert.rejects(migrate(db, MIGRATIONS), { code: 'DatabaseTooNew', message: /future/ });
  } finally {
    await db.destroy();
  }
});

test('a database that another process holds is refused, and says so', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stackyard-'));
  const path = join(dir, 'db');
  const first = await openDatabase(path);
  try {
    await assert.rejects(openDatabase(path), { code: 'DatabaseInUse' });
  } finally {
    await first.destroy();
    rmSync(dir, { recursive: true });
  }
});
