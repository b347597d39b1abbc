/** Interoperable import: staged first, imported then, over HTTP. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { OCTETS, qcow2Bytes, startImage } from '../testing.ts';

const DIRECT = { method: { name: 'glance-direct' } };

test('staged bytes become the image when it is imported', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  assert.equal((await red.upload(id, Buffer.from('abc'), 'stage')).status, 204);
  const staged = (await red.get(`/v2/images/${id}`)).body;
  assert.equal(staged.status, 'uploading');
  assert.equal(staged.size, 3);
  assert.equal(staged.checksum, null);
  assert.equal((await red.get(`/v2/images/${id}/file`)).status, 204);

  const imported = await red.post(`/v2/images/${id}/import`, { ...DIRECT, all_stores: true });
  assert.equal(imported.status, 202, imported.text);
  const { body } = await red.get(`/v2/images/${id}`);
  assert.equal(body.status, 'active');
  assert.equal(body.checksum, '900150983cd24fb0d6963f7d28e17f72');
  assert.equal(body.virtual_size, 3);
  assert.equal(body.os_glance_failed_import, '');
  assert.equal((await red.get(`/v2/images/${id}/file`)).text, 'abc');

  const { tasks } = (await red.get(`/v2/images/${id}/tasks`)).body;
  assert.equal(tasks.length, 1);
  const { type, status, input, result, message } = tasks[0];
  assert.deepEqual(
    { type, status, input, result, message },
    {
      type: 'api_image_import',
      status: 'success',
      input: { image_id: id, import_req: { ...DIRECT, all_stores: true }, backend: ['file'] },
      result: { image_id: id },
      message: 'Copied 0 MiB',
    },
  );
  assert.equal((await cloud.as('blue').get(`/v2/images/${id}/tasks`)).status, 404);
});

test('staged bytes that may not be the image are thrown away when it is imported', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  await red.upload(id, qcow2Bytes(), 'stage');
  assert.equal((await red.post(`/v2/images/${id}/import`, DIRECT)).status, 202);
  const { body } = await red.get(`/v2/images/${id}`);
  assert.equal(body.status, 'queued');
  assert.equal(body.size, null);
  assert.equal(body.os_glance_failed_import, 'file');
  assert.deepEqual(await cloud.files(), []);
  const { tasks } = (await red.get(`/v2/images/${id}/tasks`)).body;
  assert.equal(tasks[0].status, 'failure');
  assert.match(tasks[0].message, /does not match stream data qcow2/);
  assert.equal((await red.upload(id, Buffer.from('abc'))).status, 204);
});

test('formats may be set between staging and import', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make({ disk_format: null, container_format: null });
  await red.upload(id, Buffer.from('abc'), 'stage');
  const early = await red.post(`/v2/images/${id}/import`, DIRECT);
  assert.equal(early.status, 409);
  assert.match(early.body.message, /^'container_format' needs to be set before import/);
});

test('staged bytes are deleted with their image', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  await red.upload(id, Buffer.from('abc'), 'stage');
  assert.equal((await cloud.files()).length, 1);
  await red.delete(`/v2/images/${id}`);
  assert.deepEqual(await cloud.files(), []);
});

test('an image is staged once, and not while it is uploaded', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  const source = new Readable({ read() {} });
  const staging = red.upload(id, source, 'stage');
  source.push('abc');
  while ((await red.get(`/v2/images/${id}`)).body.status !== 'uploading');
  assert.equal((await red.upload(id, Buffer.from('x'), 'stage')).status, 409);
  assert.equal((await red.upload(id, Buffer.from('x'))).status, 409);
  const early = await red.post(`/v2/images/${id}/import`, DIRECT);
  assert.match(early.body.message, /^Image needs to be staged before/);
  source.push(null);
  assert.equal((await staging).status, 204);
  assert.equal((await red.post(`/v2/images/${id}/import`, DIRECT)).status, 202);
});

test('staging more than the quota leaves nothing', async () => {
  await using cloud = await startImage({ limits: { image_stage_total: 1, image_size_total: 1 } });
  const red = cloud.as('red');
  const { id } = await red.make();
  const big = Buffer.alloc(2 << 20);
  assert.equal((await red.upload(id, big, 'stage')).status, 413);
  const headers = { ...OCTETS, 'x-openstack-image-size': '1' };
  const lied = await red.send('PUT', `/v2/images/${id}/stage`, { body: big, headers });
  assert.equal(lied.status, 413);
  assert.equal((await red.get(`/v2/images/${id}`)).body.status, 'queued');
  assert.deepEqual(await cloud.files(), []);
});

const refused = [
  { body: undefined, status: 400, says: /^Body expected in request/ },
  { body: {}, status: 400, says: /^Import request requires a 'method' field/ },
  { body: { method: {} }, status: 400, says: /^Import request requires a 'name' field/ },
  { body: { method: { name: 'x' } }, status: 400, says: /^Unknown import method name 'x'/ },
  {
    body: { method: { name: 'web-download', uri: 'http://a/b' } },
    status: 400,
    says: /^URI for web-download does not pass filtering: http:\/\/a\/b/,
  },
  { body: { ...DIRECT, all_stores: 1 }, status: 400, says: /'all_stores' must be boolean/ },
  { body: { ...DIRECT, stores: ['x'] }, status: 409, says: /^Unknown scheme 'x' found in URI/ },
  {
    body: { ...DIRECT, stores: ['file'], all_stores: true },
    status: 400,
    says: /^All_stores parameter can't be used with/,
  },
  { body: DIRECT, status: 409, says: /^Image needs to be staged before 'glance-direct'/ },
];

for (const { body, status, says } of refused) {
  test(`POST /v2/images/{id}/import refuses ${JSON.stringify(body) ?? 'no body'}`, async () => {
    await using cloud = await startImage();
    const { id } = await cloud.as('red').make();
    const answer = await cloud.as('red').post(`/v2/images/${id}/import`, body);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.message, says);
  });
}

test('an active image is no target of an import, and neither is another project’s', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make({ visibility: 'community' });
  await cloud.as('red').upload(id, Buffer.from('abc'), 'stage');
  assert.equal((await cloud.as('blue').post(`/v2/images/${id}/import`, DIRECT)).status, 403);
  await cloud.as('red').post(`/v2/images/${id}/import`, DIRECT);
  const again = await cloud.as('red').post(`/v2/images/${id}/import`, DIRECT);
  assert.equal(again.status, 409);
  assert.match(again.body.message, /^Image with status active cannot be target for import/);
});
