/** Proves what kind of disks are made, and that those that are there stay as they are. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ImageRef } from '#base/host/domain.ts';
import { run } from '../../run.ts';
import { Qcow2Disks } from './qcow2-disks.ts';

const { signal } = new AbortController();
const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const disks = new Qcow2Disks();

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'disks-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function imageOf(folder: string, format: 'raw' | 'qcow2', size: string): Promise<ImageRef> {
  const path = join(folder, `image.${format}`);
  await run('qemu-img', ['create', '-q', '-f', format, path, size], { signal });
  return { id: 'image', format, path, sizeBytes: 0 };
}

type ImageInfo = Record<string, unknown>;

async function infoOf(path: string): Promise<ImageInfo> {
  return JSON.parse(
    await run('qemu-img', ['info', '--output=json', path], { signal }),
  ) as ImageInfo;
}

const sizes = [
  { why: 'as large as a raw image', format: 'raw', image: '3M', sizeGib: 0, bytes: 3 * MiB },
  { why: 'as large as a qcow2 image', format: 'qcow2', image: '2G', sizeGib: 1, bytes: 2 * GiB },
  { why: 'grown to the size asked for', format: 'qcow2', image: '5M', sizeGib: 1, bytes: GiB },
] as const;

for (const { why, format, image, sizeGib, bytes } of sizes) {
  test(`an overlay is ${why}, and knows its image's format`, async (t) => {
    const folder = await folderOf(t);
    const path = join(folder, 'root.qcow2');
    await disks.ensureOverlay(path, await imageOf(folder, format, image), sizeGib, { signal });
    const info = await infoOf(path);
    assert.equal(info['virtual-size'], bytes);
    assert.equal(info['backing-filename-format'], format);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });
}

test('a disk that is there is left alone with all that is on it', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'root.qcow2');
  await writeFile(path, 'what a guest has written');
  await disks.ensureOverlay(path, await imageOf(folder, 'raw', '1M'), 1, { signal });
  await disks.ensureEmpty(path, 1, { signal });
  assert.equal(await readFile(path, 'utf8'), 'what a guest has written');
});

test('an empty disk takes hardly any space', async (t) => {
  const path = join(await folderOf(t), 'ephemeral.qcow2');
  await disks.ensureEmpty(path, 100, { signal });
  assert.equal((await infoOf(path))['virtual-size'], 100 * GiB);
  assert.ok((await stat(path)).blocks * 512 < MiB);
});

test('an image that would draw in another file becomes no disk', async (t) => {
  const folder = await folderOf(t);
  const image = await imageOf(folder, 'raw', '1M');
  const evil = join(folder, 'evil.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image.path, '-F', 'raw', evil], {
    signal,
  });
  await copyFile(evil, image.path);
  for (const format of ['raw', 'qcow2'] as const) {
    const asked = disks.ensureOverlay(join(folder, 'root'), { ...image, format }, 0, { signal });
    await assert.rejects(asked, { code: 'ImageUnacceptable', kind: 'invalid' });
  }
  assert.deepEqual((await readdir(folder)).toSorted(), ['evil.qcow2', 'image.raw']);
});
