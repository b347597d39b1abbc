/** Images for the rest of the program: imported and found without HTTP. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageToImport } from './index.ts';
import { startImage } from './testing.ts';

const id = '7b1e5a00-0000-4000-8000-000000000009';

async function imported() {
  const cloud = await startImage();
  const path = join(cloud.stateDir, 'disk');
  await writeFile(path, 'abc');
  const wanted: ImageToImport = {
    id,
    name: 'tiny',
    diskFormat: 'raw',
    containerFormat: 'bare',
    visibility: 'public',
    properties: { kernel_id: id, os_command_line: 'quiet' },
    minRamMib: 64,
    from: { path },
  };
  return { ...cloud, wanted, [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose]() };
}

test('an image is imported from a file, and everybody sees it', async () => {
  await using cloud = await imported();
  const made = await cloud.api.importImage(cloud.ctx, cloud.wanted);
  assert.equal(made.status, 'active');
  assert.equal(made.sizeBytes, 3);
  assert.equal(made.kernelId, id);
  assert.equal(made.minRamMib, 64);
  assert.equal((await cloud.as('blue').get(`/v2/images/${id}/file`)).text, 'abc');
  assert.deepEqual(await cloud.api.findImage(cloud.ctx, id), made);
  assert.deepEqual(await cloud.api.listImages(cloud.ctx, { name: 'tiny' }), [made]);
  assert.deepEqual(await cloud.api.listImages(cloud.ctx, { name: 'other' }), []);
});

test('an import with an id can be repeated, also after it was cut off half way', async () => {
  await using cloud = await imported();
  const broken = (async function* () {
    yield Buffer.from('a');
    throw new Error('no more');
  })();
  const first = cloud.api.importImage(cloud.ctx, { ...cloud.wanted, from: { bytes: broken } });
  await assert.rejects(first, { code: 'UploadBroken' });
  assert.equal((await cloud.api.findImage(cloud.ctx, id))?.status, 'queued');
  const second = await cloud.api.importImage(cloud.ctx, cloud.wanted);
  assert.equal(second.status, 'active');
  assert.deepEqual(await cloud.api.importImage(cloud.ctx, cloud.wanted), second);
  assert.equal((await cloud.files()).length, 1);
});

test('an import is judged as an upload is', async () => {
  await using cloud = await imported();
  const wrong = cloud.api.importImage(cloud.ctx, { ...cloud.wanted, diskFormat: 'qcow2' });
  await assert.rejects(wrong, { code: 'InvalidImageData' });
  assert.deepEqual(await cloud.files(), []);
});

test('others find only what they may see', async () => {
  await using cloud = await imported();
  await cloud.api.importImage(cloud.ctx, { ...cloud.wanted, visibility: 'private' });
  const blue = { ...cloud.ctx, internal: false, projectId: 'blue', roles: new Set(['member']) };
  assert.equal(await cloud.api.findImage(blue, id), undefined);
  assert.deepEqual(await cloud.api.listImages(blue), []);
  await assert.rejects(cloud.api.holdBlob(blue, id, 's1'), { code: 'ImageNotFound' });
});
