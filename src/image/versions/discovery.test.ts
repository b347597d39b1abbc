/** What a client learns before it asks for images. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startImage } from '../testing.ts';

test('versions are told without a token, at the address that the client used', async () => {
  await using cloud = await startImage();
  for (const [path, status] of [
    ['/image', 300],
    ['/image/', 300],
    ['/image/versions', 200],
  ] as const) {
    const headers = { host: 'cloud.example:8080' };
    const answer = await cloud.app.inject({ method: 'GET', url: path, headers });
    assert.equal(answer.statusCode, status);
    const { versions } = answer.json<{ versions: { id: string; status: string }[] }>();
    const current = versions.filter((version) => version.status === 'CURRENT');
    assert.deepEqual(current, [
      {
        id: 'v2.17',
        status: 'CURRENT',
        links: [{ rel: 'self', href: 'http://cloud.example:8080/image/v2/' }],
      },
    ]);
    assert.equal(versions.length, 16);
  }
});

test('everything else asks for a token', async () => {
  await using cloud = await startImage();
  for (const url of ['/image/v2/images', '/image/v2/schemas/image', '/image/v2/info/stores']) {
    const answer = await cloud.app.inject({ method: 'GET', url });
    assert.equal(answer.statusCode, 401, url);
  }
});

test('the schema of an image names its attributes, and lets any other be text', async () => {
  await using cloud = await startImage();
  const { body } = await cloud.as('red').get('/v2/schemas/image');
  assert.equal(body.name, 'image');
  assert.deepEqual(body.additionalProperties, { type: 'string' });
  assert.deepEqual(body.properties.kernel_id.type, ['null', 'string']);
  assert.equal(body.properties.kernel_id.is_base, false);
  assert.deepEqual(body.properties.disk_format.enum.slice(0, 3), [null, 'ami', 'ari']);
  assert.equal(body.properties.min_ram.type, 'integer');
  assert.equal(body.properties.stores, undefined);
  for (const name of ['images', 'member', 'members']) {
    assert.equal((await cloud.as('red').get(`/v2/schemas/${name}`)).body.name, name);
  }
});

test('a client learns how to import, where to store and what is left', async () => {
  await using cloud = await startImage({ limits: { image_count_total: 7 } });
  const red = cloud.as('red');
  const { id } = await red.make();
  await red.upload(id, Buffer.alloc(3 << 20));
  await red.make();
  assert.deepEqual((await red.get('/v2/info/import')).body, {
    'import-methods': {
      description: 'Import methods available.',
      type: 'array',
      value: ['glance-direct'],
    },
  });
  assert.deepEqual((await red.get('/v2/info/stores')).body, {
    stores: [{ id: 'file', default: 'true' }],
  });
  const { usage } = (await red.get('/v2/info/usage')).body;
  assert.deepEqual(usage.image_count_total, { limit: 7, usage: 2 });
  assert.equal(usage.image_size_total.usage, 3);
  assert.deepEqual(usage.image_count_uploading.usage, 0);
});

test('a method that a path does not know is refused with those that it does', async () => {
  await using cloud = await startImage();
  const answer = await cloud.as('red').put('/v2/images', {});
  assert.equal(answer.status, 405);
  assert.match(answer.body.message, /^The method PUT is not allowed for this resource/);
  assert.match(String(answer.headers['allow']), /POST/);
});
