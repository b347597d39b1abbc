/** Commits on disk: who waits for them, and how many syncs that takes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from './database.ts';
import { Durability } from './durability.ts';

/** A database on disk, and a `Durability` that counts what it is told. */
async function openCounted() {
  const dir = mkdtempSync(join(tmpdir(), 'stackyard-'));
  const durability = new Durability(join(dir, 'db-wal'));
  let commits = 0;
  const db = await openDatabase(join(dir, 'db'), {
    committed: () => {
      commits += 1;
      durability.committed();
    },
  });
  const migrations = commits;
  return {
    db,
    durability,
    commits: () => commits - migrations,
    [Symbol.asyncDispose]: async () => {
      await durability.close();
      await db.destroy();
      rmSync(dir, { recursive: true });
    },
  };
}

const limit = (resource: string) => ({
  service: 'compute',
  project_id: 'p',
  resource,
  hard_limit: 1,
});

test('a statement by itself is a commit, and so is a transaction that writes; reading is none', async () => {
  await using disk = await openCounted();
  const { db, commits } = disk;
  await db.insertInto('quotas').values(limit('a')).execute();
  assert.equal(commits(), 1);
  await db.transaction().execute(async (tx) => {
    await tx.insertInto('quotas').values(limit('b')).execute();
    await tx.updateTable('quotas').set({ hard_limit: 2 }).returningAll().execute();
  });
  assert.equal(commits(), 2);
  await db.selectFrom('quotas').selectAll().execute();
  await db.transaction().execute(async (tx) => await tx.selectFrom('quotas').selectAll().execute());
  assert.equal(commits(), 2);
});

test('a transaction that is taken back is no commit', async () => {
  await using disk = await openCounted();
  const { db, commits } = disk;
  const failed = db.transaction().execute(async (tx) => {
    await tx.insertInto('quotas').values(limit('a')).execute();
    throw new Error('no');
  });
  await assert.rejects(failed);
  assert.equal(commits(), 0);
  await db.insertInto('quotas').values(limit('b')).execute();
  assert.equal(commits(), 1);
});

test('what is written resolves as settled, and many who wait share a sync', async () => {
  await using disk = await openCounted();
  const { db, durability } = disk;
  await durability.settled();
  await db.insertInto('quotas').values(limit('a')).execute();
  await Promise.all(Array.from({ length: 50 }, async () => await durability.settled()));
  await db.insertInto('quotas').values(limit('b')).execute();
  await durability.settled();
});

test('a disk that fails is never trusted again', async () => {
  const durability = new Durability('/nonexistent/log');
  await durability.settled(); // nothing is written
  durability.committed();
  await assert.rejects(durability.settled(), { code: 'ENOENT' });
  durability.committed();
  await assert.rejects(durability.settled(), { code: 'ENOENT' });
  await durability.close();
});

test('who comes while a sync is under way waits for the next one', async () => {
  await using disk = await openCounted();
  const { db, durability } = disk;
  await db.insertInto('quotas').values(limit('a')).execute();
  const order: string[] = [];
  const first = durability.settled().then(() => order.push('first'));
  await db.insertInto('quotas').values(limit('b')).execute();
  const second = durability.settled().then(() => order.push('second'));
  await Promise.all([first, second]);
  assert.deepEqual(order, ['first', 'second']);
});
