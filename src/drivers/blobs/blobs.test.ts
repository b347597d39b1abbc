/** What every store of blobs promises, and what only files do. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { Blobs } from './blobs.ts';
import { FakeBlobs } from './fake/fake-blobs.ts';
import { FileBlobs } from './file/file-blobs.ts';

async function inFiles() {
  const dir = await mkdtemp(join(tmpdir(), 'blobs-'));
  const images = join(dir, 'images');
  return {
    blobs: new FileBlobs(images),
    images,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true });
    },
  };
}

async function inMemory() {
  return { blobs: new FakeBlobs(), async [Symbol.asyncDispose]() {} };
}

async function put(blobs: Blobs, key: string, ...parts: string[]): Promise<void> {
  await using writer = await blobs.create(key);
  for (const part of parts) await writer.write(Buffer.from(part));
  await writer.keep();
}

const text = async (blobs: Blobs, key: string, range?: { offset: number; length: number }) =>
  (await buffer(await blobs.read(key, range))).toString();

for (const { where, open } of [
  { where: 'in files', open: inFiles },
  { where: 'in memory', open: inMemory },
]) {
  test(`a blob ${where} is read as it was written, whole or in part, until it is removed`, async () => {
    await using store = await open();
    const blobs: Blobs = store.blobs;
    await put(blobs, 'a', 'hello ', 'world');
    assert.equal(await text(blobs, 'a'), 'hello world');
    assert.equal(await text(blobs, 'a', { offset: 4, length: 3 }), 'o w');
    assert.equal(blobs.pathOf('a'), 'images/a');
    await blobs.remove('a');
    await blobs.remove('a');
    await assert.rejects(blobs.read('a'), { code: 'BlobMissing' });
  });

  test(`a blob ${where} that is not kept was never there`, async () => {
    await using store = await open();
    const blobs: Blobs = store.blobs;
    {
      await using writer = await blobs.create('a');
      await writer.write(Buffer.from('half'));
      await assert.rejects(blobs.read('a'), { code: 'BlobMissing' });
      await assert.rejects(blobs.create('a'));
    }
    await put(blobs, 'a', 'whole');
    assert.equal(await text(blobs, 'a'), 'whole');
    await assert.rejects(blobs.create('a'));
  });

  test(`a sweep ${where} removes what nobody needs`, async () => {
    await using store = await open();
    const blobs: Blobs = store.blobs;
    await put(blobs, 'a', '1');
    await put(blobs, 'b', '2');
    assert.deepEqual(await blobs.sweep(new Set(['b'])), ['a']);
    assert.equal(await text(blobs, 'b'), '2');
    await assert.rejects(blobs.read('a'), { code: 'BlobMissing' });
  });

  for (const key of ['../a', 'a/b', '.a', '', 'a..b', 'a\0', 'a.part', '/etc/passwd']) {
    test(`${JSON.stringify(key)} is no key of a blob ${where}`, async () => {
      await using store = await open();
      const blobs: Blobs = store.blobs;
      await assert.rejects(blobs.create(key), /cannot be the key/);
      await assert.rejects(blobs.read(key), /cannot be the key/);
      await assert.rejects(blobs.remove(key), /cannot be the key/);
    });
  }
}

test('files of blobs can be read by the users that guests run as, whatever the umask', async () => {
  await using store = await inFiles();
  const before = process.umask(0o077);
  try {
    await put(store.blobs, 'a', '1');
  } finally {
    process.umask(before);
  }
  assert.equal((await stat(join(store.images, 'a'))).mode & 0o777, 0o644);
});

test('a sweep removes the file of a blob that a crash left unfinished', async () => {
  await using store = await inFiles();
  await put(store.blobs, 'a', '1');
  await writeFile(join(store.images, 'b.part'), 'half');
  assert.deepEqual(await store.blobs.sweep(new Set(['a', 'b'])), ['b.part']);
  assert.deepEqual(await readdir(store.images), ['a']);
});

test('a full store in memory says so', async () => {
  const blobs = new FakeBlobs();
  blobs.capacity = 3;
  await using writer = await blobs.create('a');
  await writer.write(Buffer.from('123'));
  await assert.rejects(writer.write(Buffer.from('4')), { code: 'StorageFull' });
});
