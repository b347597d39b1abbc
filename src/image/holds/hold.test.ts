/** Bytes that are held stay as long as they are, and no longer; a start leaves nothing that nobody needs. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startImage } from '../testing.ts';

async function startWithImage(image: Record<string, unknown> = {}) {
  const cloud = await startImage();
  const { id } = await cloud.as('red').make(image);
  await cloud.as('red').upload(id, Buffer.from('abc'));
  return { ...cloud, id, [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose]() };
}

test('a held image can be deleted, and its bytes stay until the last holder lets go', async () => {
  await using cloud = await startWithImage();
  const { api, ctx, id } = cloud;
  const ref = await api.holdBlob(ctx, id, 's1');
  assert.deepEqual(await api.holdBlob(ctx, id, 's1'), ref);
  assert.deepEqual(await api.holdBlob(ctx, id, 's2'), ref);
  assert.deepEqual({ ...ref, path: '' }, { id, format: 'raw', path: '', sizeBytes: 3 });

  assert.equal((await cloud.as('red').delete(`/v2/images/${id}`)).status, 204);
  assert.deepEqual(await api.holdBlob(ctx, id, 's1'), ref);
  assert.deepEqual(await api.findHeldBlob(id, 's2'), ref);
  await assert.rejects(api.holdBlob(ctx, id, 's3'), { code: 'ImageNotFound' });
  assert.equal(await readFile(join(cloud.stateDir, ref.path), 'utf8'), 'abc');

  await api.releaseBlob(id, 's1');
  await api.releaseBlob(id, 's1');
  assert.equal((await cloud.files()).length, 1);
  await api.releaseBlob(id, 's2');
  assert.deepEqual(await cloud.files(), []);
  assert.equal(await api.findHeldBlob(id, 's2'), undefined);
});

test('letting go of an image that is still there leaves its bytes', async () => {
  await using cloud = await startWithImage();
  await cloud.api.holdBlob(cloud.ctx, cloud.id, 's1');
  await cloud.api.releaseBlob(cloud.id, 's1');
  assert.equal((await cloud.as('red').get(`/v2/images/${cloud.id}/file`)).text, 'abc');
});

test('an image of the same id, made after a held one was deleted, has bytes of its own', async () => {
  await using cloud = await startWithImage();
  const { id } = cloud;
  const old = await cloud.api.holdBlob(cloud.ctx, id, 's1');
  await cloud.as('red').delete(`/v2/images/${id}`);
  await cloud.as('red').make({ id });
  await cloud.as('red').upload(id, Buffer.from('new'));
  assert.equal(await readFile(join(cloud.stateDir, old.path), 'utf8'), 'abc');
  await cloud.api.releaseBlob(id, 's1');
  assert.equal((await cloud.files()).length, 1);
  assert.equal((await cloud.as('red').get(`/v2/images/${id}/file`)).text, 'new');
});

test('only what can be booted can be held', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const hold = async (id: string) => await cloud.api.holdBlob(cloud.ctx, id, 's1');
  const queued = await red.make();
  await assert.rejects(hold(queued.id), { message: /its status is queued/ });
  const wrapped = await red.make({ container_format: 'ova' });
  await red.upload(wrapped.id, Buffer.from('abc'));
  await assert.rejects(hold(wrapped.id), { message: /its container_format is ova/ });
  const ploop = await red.make({ disk_format: 'ploop' });
  await red.upload(ploop.id, Buffer.from('abc'));
  await assert.rejects(hold(ploop.id), { message: /its disk_format is ploop/ });
});

test('a start queues uploads again that were cut off, and removes bytes that nobody needs', async () => {
  await using cloud = await startWithImage();
  const red = cloud.as('red');
  const { id: held } = await red.make();
  await red.upload(held, Buffer.from('held'));
  await cloud.api.holdBlob(cloud.ctx, held, 's1');
  await red.delete(`/v2/images/${held}`);
  const { id: staged } = await red.make();
  await red.upload(staged, Buffer.from('staged'), 'stage');
  const needed = await cloud.files();

  // As a crash leaves them: one whose bytes were arriving, one whose bytes were whole but not yet its own.
  const [saving, staging] = [await red.make(), await red.make()];
  const cut = { size: null, updated_at: '' };
  const images = cloud.db.updateTable('images');
  await images
    .set({ ...cut, status: 'saving', blob: `${saving.id}.0` })
    .where('id', '=', saving.id)
    .execute();
  await images
    .set({ ...cut, status: 'uploading', blob: `${staging.id}.0` })
    .where('id', '=', staging.id)
    .execute();
  await writeFile(join(cloud.stateDir, 'images', `${saving.id}.0.part`), 'half');
  await writeFile(join(cloud.stateDir, 'images', `${staging.id}.0`), 'whole');

  const found = await cloud.recover();
  assert.deepEqual(found.requeued.toSorted(), [saving.id, staging.id].toSorted());
  assert.deepEqual(found.removed.toSorted(), [`${saving.id}.0.part`, `${staging.id}.0`].toSorted());
  assert.deepEqual((await cloud.files()).toSorted(), needed.toSorted());
  assert.equal((await red.upload(saving.id, Buffer.from('x'))).status, 204);
  const DIRECT = { method: { name: 'glance-direct' } };
  assert.equal((await red.post(`/v2/images/${staged}/import`, DIRECT)).status, 202);
  assert.deepEqual(await cloud.recover(), { requeued: [], removed: [] });
});
