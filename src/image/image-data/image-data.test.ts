/** The bytes of images: uploaded, refused, broken off, downloaded. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { FakeBlobs } from '#drivers/blobs/fake/fake-blobs.ts';
import { OCTETS, qcow2Bytes, startImage } from '../testing.ts';

const ADMIN = 'ops:admin,member,reader';
const MIB = 1 << 20;

test('an upload makes the image active, and a download gives the same bytes', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  assert.equal((await red.get(`/v2/images/${id}/file`)).status, 204);
  const bytes = Buffer.from('x'.repeat(100_000));
  const put = await red.upload(id, bytes);
  assert.equal(put.status, 204, put.text);

  const { body } = await red.get(`/v2/images/${id}`);
  const { status, size, virtual_size, checksum, os_hash_algo, os_hash_value, stores } = body;
  const md5 = createHash('md5').update(bytes).digest('hex');
  assert.deepEqual(
    { status, size, virtual_size, checksum, os_hash_algo, os_hash_value, stores },
    {
      status: 'active',
      size: 100_000,
      virtual_size: 100_000,
      checksum: md5,
      os_hash_algo: 'sha512',
      os_hash_value: createHash('sha512').update(bytes).digest('hex'),
      stores: 'file',
    },
  );
  const got = await red.get(`/v2/images/${id}/file`);
  assert.equal(got.status, 200);
  assert.equal(got.text, bytes.toString());
  assert.equal(got.headers['content-md5'], md5);
  assert.equal(got.headers['content-length'], '100000');
  assert.equal(got.headers['content-type'], 'application/octet-stream');
  const [file = ''] = await cloud.files();
  assert.equal((await stat(join(cloud.stateDir, 'images', file))).mode & 0o777, 0o644);
});

test('a part of an image is downloaded with its place in the whole', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  await red.upload(id, Buffer.from('0123456789'));
  const path = `/v2/images/${id}/file`;
  const part = await red.send('GET', path, { headers: { range: 'bytes=2-4' } });
  assert.equal(part.status, 206);
  assert.equal(part.text, '234');
  assert.equal(part.headers['content-range'], 'bytes 2-4/10');
  const beyond = await red.send('GET', path, { headers: { range: 'bytes=10-' } });
  assert.equal(beyond.status, 416);
  assert.match(beyond.body.message, /Start position MUST be in the inclusive range \[0, 9\]/);
  assert.equal((await red.send('HEAD', path)).status, 405);
});

test('an empty image is an image', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  assert.equal((await cloud.as('red').upload(id, Buffer.alloc(0))).status, 204);
  const { body } = await cloud.as('red').get(`/v2/images/${id}`);
  assert.equal(body.status, 'active');
  assert.equal(body.size, 0);
  const got = await cloud.as('red').get(`/v2/images/${id}/file`);
  assert.equal(got.status, 200);
  assert.equal(got.text, '');
});

test('the size of the disk in a qcow2 image is known', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make({ disk_format: 'qcow2' });
  await cloud.as('red').upload(id, qcow2Bytes({ size: 1n << 40n }));
  const { body } = await cloud.as('red').get(`/v2/images/${id}`);
  assert.equal(body.virtual_size, 2 ** 40);
});

type Refused = {
  readonly what: string;
  readonly image?: Record<string, unknown>;
  readonly bytes?: Buffer;
  readonly headers?: Record<string, string>;
  readonly options?: Parameters<typeof startImage>[0];
  readonly status: number;
  readonly says: RegExp;
};

const refused: readonly Refused[] = [
  {
    what: 'qcow2 data as raw',
    bytes: qcow2Bytes(),
    status: 415,
    says: /Image disk_format raw does not match stream data qcow2$/,
  },
  {
    what: 'raw data as qcow2',
    image: { disk_format: 'qcow2' },
    status: 415,
    says: /Image disk_format qcow2 does not match stream data raw$/,
  },
  {
    what: 'a backing file',
    image: { disk_format: 'qcow2' },
    bytes: qcow2Bytes({ backing: true }),
    status: 415,
    says: /Image failed safety checks: .*backing file/,
  },
  {
    what: 'another content type',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    says: /^The request media type text\/plain is not supported .*Invalid content type text\/plain/s,
  },
  {
    what: 'a size that is no number',
    headers: { ...OCTETS, 'x-openstack-image-size': 'big' },
    status: 400,
    says: /^Invalid or missing image size in request headers/,
  },
  {
    what: 'a store that there is not',
    headers: { ...OCTETS, 'x-image-meta-store': 'tape' },
    status: 400,
    says: /^Unknown scheme 'tape' found in URI/,
  },
  {
    what: 'an image without formats',
    image: { disk_format: null, container_format: null },
    status: 400,
    says: /^Properties disk_format, container_format must be set prior to saving data/,
  },
  {
    what: 'more than an image may have',
    options: { mostBytes: 3 },
    status: 413,
    says: /^The incoming image is too large: The provided image is too large/,
  },
  {
    what: 'more than is announced and more than the quota',
    bytes: Buffer.alloc(3 * MIB),
    headers: { ...OCTETS, 'x-openstack-image-size': '1' },
    options: { limits: { image_size_total: 2 } },
    status: 413,
    says: /^Image exceeds the storage quota: The size of the data \d+ will exceed the limit. 2097152 bytes remaining/,
  },
  {
    what: 'more than the quota, as announced',
    bytes: Buffer.alloc(3 * MIB),
    options: { limits: { image_size_total: 2 } },
    status: 413,
    says: /Project red is over a limit for \[Resource image_size_total is over limit of 2 due to current usage 0 and delta 3\]/,
  },
];

for (const { what, image = {}, bytes, headers = OCTETS, options = {}, status, says } of refused) {
  test(`an upload of ${what} is refused, and leaves a queued image and no bytes`, async () => {
    await using cloud = await startImage(options);
    const { id } = await cloud.as('red').make(image);
    const body = bytes ?? Buffer.from('abcd');
    const answer = await cloud.as('red').send('PUT', `/v2/images/${id}/file`, { body, headers });
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.message, says);
    const { body: after } = await cloud.as('red').get(`/v2/images/${id}`);
    assert.equal(after.status, 'queued');
    assert.equal(after.size, null);
    assert.deepEqual(await cloud.files(), []);
  });
}

test('a refused upload may be tried again', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make({ disk_format: 'qcow2' });
  assert.equal((await cloud.as('red').upload(id, Buffer.alloc(9))).status, 415);
  assert.equal((await cloud.as('red').upload(id, qcow2Bytes())).status, 204);
});

test('a second upload is refused, during the first and after it', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  const source = new Readable({ read() {} });
  const first = red.upload(id, source);
  source.push('abc');
  while ((await red.get(`/v2/images/${id}`)).body.status !== 'saving');
  const second = await red.upload(id, Buffer.from('def'));
  assert.equal(second.status, 409);
  assert.match(
    second.body.message,
    /^Image status transition from saving to saving is not allowed/,
  );
  source.push(null);
  assert.equal((await first).status, 204);
  const third = await red.upload(id, Buffer.from('def'));
  assert.equal(third.status, 409);
  assert.match(third.body.message, /from active to saving/);
  assert.equal((await red.get(`/v2/images/${id}/file`)).text, 'abc');
});

test('an image that is deleted during its upload is gone, and leaves no bytes', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  const source = new Readable({ read() {} });
  const upload = red.upload(id, source);
  source.push('abc');
  while ((await red.get(`/v2/images/${id}`)).body.status !== 'saving');
  assert.equal((await red.delete(`/v2/images/${id}`)).status, 204);
  source.push(null);
  const answer = await upload;
  assert.equal(answer.status, 410);
  assert.match(answer.body.message, /could not be found after upload/);
  assert.deepEqual(await cloud.files(), []);
});

test('two uploads together cannot go over the quota that each alone keeps', async () => {
  await using cloud = await startImage({ limits: { image_size_total: 3 } });
  const red = cloud.as('red');
  const [a, b] = [await red.make(), await red.make()];
  const source = new Readable({ read() {} });
  const first = red.upload(a.id, source);
  source.push(Buffer.alloc(2 * MIB));
  while ((await red.get(`/v2/images/${a.id}`)).body.status !== 'saving');
  assert.equal((await red.upload(b.id, Buffer.alloc(2 * MIB))).status, 204);
  source.push(null);
  assert.equal((await first).status, 413);
  assert.equal((await red.get(`/v2/images/${a.id}`)).body.status, 'queued');
  assert.equal((await cloud.files()).length, 1);
});

test('who sees an image may download it, and only its project may upload it', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as(ADMIN).make({ visibility: 'public' });
  const upload = await cloud.as('blue').upload(id, Buffer.from('abc'));
  assert.equal(upload.status, 403);
  assert.match(upload.body.message, /complete upload_image action/);
  await cloud.as(ADMIN).upload(id, Buffer.from('abc'));
  assert.equal((await cloud.as('blue').get(`/v2/images/${id}/file`)).text, 'abc');
  assert.equal((await cloud.as('blue:reader').get(`/v2/images/${id}/file`)).status, 403);
});

test('an upload that the disk has no room for is refused, and leaves nothing', async () => {
  const blobs = new FakeBlobs();
  blobs.capacity = MIB;
  await using cloud = await startImage({ blobs });
  const { id } = await cloud.as('red').make();
  const answer = await cloud.as('red').upload(id, Buffer.alloc(2 * MIB));
  assert.equal(answer.status, 413);
  assert.match(answer.body.message, /^Image storage media is full: There is not enough space/);
  assert.equal((await cloud.as('red').get(`/v2/images/${id}`)).body.status, 'queued');
  assert.deepEqual([blobs.kept.size, blobs.unfinished.size], [0, 0]);
  assert.equal((await cloud.as('red').upload(id, Buffer.alloc(MIB))).status, 204);
});

test('a deleted image leaves no bytes', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  await cloud.as('red').upload(id, Buffer.from('abc'));
  await cloud.as('red').delete(`/v2/images/${id}`);
  assert.deepEqual(await cloud.files(), []);
});
