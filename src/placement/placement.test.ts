/** Claims on a real database: room is never given twice. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openDatabase } from '#platform/db/database.ts';
import { createPlacement } from './index.ts';
import type { Inventory } from './placement-api.ts';

const unit: Inventory = {
  total: 4,
  reserved: 0,
  minUnit: 1,
  maxUnit: 4,
  stepSize: 1,
  allocationRatio: 1,
};
const server = (id: string) => ({ id, projectId: 'p', userId: 'u' });

async function start() {
  const db = await openDatabase(':memory:');
  const { api } = createPlacement({ db, newId: randomUUID });
  const claim = async (id: string, provider: string, VCPU: number) =>
    await db
      .transaction()
      .execute(async (tx) => await api.claim(tx, server(id), provider, { VCPU, DISK_GB: 0 }));
  return { db, api, claim, [Symbol.asyncDispose]: async () => await db.destroy() };
}

test('a host is made once, and its inventories follow what it reports', async () => {
  await using p = await start();
  const first = await p.api.ensureProvider('host', { VCPU: unit });
  const again = await p.api.ensureProvider('host', { VCPU: unit });
  assert.deepEqual(again, first);
  const grown = await p.api.ensureProvider('host', { VCPU: { ...unit, total: 8 } });
  assert.equal(grown.id, first.id);
  assert.equal(grown.generation, first.generation + 1);
});

test('what is claimed is not offered again until it is released', async () => {
  await using p = await start();
  const host = await p.api.ensureProvider('host', { VCPU: unit });
  await p.claim('a', host.id, 3);
  assert.deepEqual(await p.api.candidates(p.db, { VCPU: 2 }), []);
  await assert.rejects(p.claim('b', host.id, 2), { kind: 'no-capacity' });
  await p.db.transaction().execute(async (tx) => await p.api.release(tx, 'a'));
  await p.claim('b', host.id, 2);
  const [usage] = await p.api.listUsages(p.db);
  assert.deepEqual(usage?.used, { VCPU: 2 });
});

test('claiming the same again changes nothing, even when nothing is left', async () => {
  await using p = await start();
  const host = await p.api.ensureProvider('host', { VCPU: unit });
  await p.claim('a', host.id, 4);
  await p.claim('a', host.id, 4);
  const held = await p.api.allocationsOf(p.db, ['a', 'nobody']);
  assert.deepEqual([...held], [['a', { providerId: host.id, resources: { VCPU: 4 } }]]);
});

test('a claim that does not fit leaves the earlier claim of the same server in force', async () => {
  await using p = await start();
  const host = await p.api.ensureProvider('host', { VCPU: unit });
  await p.claim('a', host.id, 2);
  await p.claim('b', host.id, 2);
  await assert.rejects(p.claim('a', host.id, 4), { kind: 'no-capacity' });
  const held = await p.api.allocationsOf(p.db, ['a']);
  assert.deepEqual(held.get('a')?.resources, { VCPU: 2 });
});
