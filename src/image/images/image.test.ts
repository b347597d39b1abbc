/** Images over HTTP: created, seen, listed, changed and deleted, by whom it may be. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { JSON_PATCH, startImage } from '../testing.ts';

const ADMIN = 'red:admin,member,reader';

test('POST /v2/images makes a queued image of the caller, and says where it is', async () => {
  await using cloud = await startImage();
  const body = { name: 'n', tags: ['b', 'a'], color: 'blue', min_disk: 2 };
  const made = await cloud.as('red').post('/v2/images', body);
  assert.equal(made.status, 201, made.text);
  const { id } = made.body;
  assert.match(String(made.headers['location']), new RegExp(`/image/v2/images/${id}$`));
  assert.equal(made.headers['openstack-image-import-methods'], 'glance-direct');
  assert.equal(made.headers['content-type'], 'application/json');
  assert.deepEqual(made.body, {
    color: 'blue',
    name: 'n',
    disk_format: null,
    container_format: null,
    visibility: 'shared',
    size: null,
    virtual_size: null,
    status: 'queued',
    checksum: null,
    protected: false,
    min_ram: 0,
    min_disk: 2,
    owner: 'red',
    os_hidden: false,
    os_hash_algo: null,
    os_hash_value: null,
    id,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    tags: ['a', 'b'],
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: '/v2/schemas/image',
  });
  assert.deepEqual((await cloud.as('red').get(`/v2/images/${id}`)).body, made.body);
});

const refusedBodies = [
  {
    body: { disk_format: 'wrong' },
    status: 400,
    says: /^Provided object does not match schema 'image': 'wrong' is not one of \[None, 'ami', 'ari', 'aki', 'vhd'/,
  },
  { body: { min_ram: '1' }, status: 400, says: /'1' is not of type 'integer'/ },
  { body: { min_ram: -1 }, status: 400, says: /Cannot be a negative value/ },
  { body: { min_disk: 2 ** 60 }, status: 400, says: /Cannot be larger than 2147483647/ },
  { body: { color: 5 }, status: 400, says: /5 is not of type 'string'/ },
  { body: { id: 'x' }, status: 400, says: /'x' does not match '\^\(\[0-9a-fA-F\]/ },
  { body: { name: 'x'.repeat(256) }, status: 400, says: /is too long/ },
  { body: { tags: [5] }, status: 400, says: /5 is not of type 'string'/ },
  { body: { ['x'.repeat(256)]: '' }, status: 400, says: /greater than 255 characters/ },
  { body: [], status: 400, says: /\[\] is not of type 'object'/ },
  { body: undefined, status: 400, says: /^Body expected in request/ },
  { body: { self: '/x' }, status: 403, says: /^Attribute 'self' is read-only/ },
  { body: { status: 'active' }, status: 403, says: /^Attribute 'status' is read-only/ },
  { body: { os_glance_x: '' }, status: 403, says: /\nAttribute 'os_glance_x' is reserved/ },
  { body: { deleted: '' }, status: 403, says: /\nAttribute 'deleted' is reserved/ },
  { body: { locations: [] }, status: 403, says: /^Attribute 'locations' is reserved/ },
  { body: { visibility: 'public' }, status: 403, says: /complete publicize_image action/ },
  { body: { owner: 'blue' }, status: 403, says: /\nYou are not permitted to create images owned/ },
  {
    body: Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`p${index}`, ''])),
    status: 413,
    says: /allowed image properties. Attempted: 129, Maximum: 128/,
  },
  {
    body: { tags: Array.from({ length: 129 }, (_, index) => `t${index}`) },
    status: 413,
    says: /allowed image tags. Attempted: 129, Maximum: 128/,
  },
];

for (const { body, status, says } of refusedBodies) {
  test(`POST /v2/images refuses ${(JSON.stringify(body) ?? 'no body').slice(0, 60)}`, async () => {
    await using cloud = await startImage();
    const answer = await cloud.as('red').post('/v2/images', body);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.message, says);
    assert.deepEqual((await cloud.as(ADMIN).get('/v2/images')).body.images, []);
  });
}

test('POST /v2/images reads JSON of any content type, and refuses what is not JSON', async () => {
  await using cloud = await startImage();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const made = await cloud.as('red').send('POST', '/v2/images', { body: '{"name": "n"}', headers });
  assert.equal(made.status, 201, made.text);
  const broken = await cloud.as('red').send('POST', '/v2/images', { body: '{', headers });
  assert.equal(broken.status, 400);
  assert.match(broken.body.message, /^Malformed JSON in request body/);
});

test('an image may be given its id, once', async () => {
  await using cloud = await startImage();
  const id = randomUUID();
  assert.equal((await cloud.as('red').make({ id })).id, id);
  const again = await cloud.as('blue').post('/v2/images', { id });
  assert.equal(again.status, 409);
  assert.match(again.body.message, new RegExp(`^Image ID ${id} already exists!`));
});

test('the number of images of a project is limited', async () => {
  await using cloud = await startImage({ limits: { image_count_total: 1 } });
  await cloud.as('red').make();
  await cloud.as('blue').make();
  const second = await cloud.as('red').post('/v2/images', {});
  assert.equal(second.status, 413);
  assert.match(
    second.body.message,
    /Project red is over a limit for \[Resource image_count_total is over limit of 1 due to current usage 1 and delta 1\]/,
  );
});

for (const { visibility, shared, seen, listed } of [
  { visibility: 'private', shared: false, seen: false, listed: false },
  { visibility: 'shared', shared: false, seen: false, listed: false },
  { visibility: 'shared', shared: true, seen: true, listed: true },
  { visibility: 'community', shared: false, seen: true, listed: false },
  { visibility: 'public', shared: false, seen: true, listed: true },
]) {
  const what = `${visibility}${shared ? ' (with it)' : ''}`;
  test(`another project ${seen ? 'sees' : 'does not see'} an image that is ${what}`, async () => {
    await using cloud = await startImage();
    const { id } = await cloud.as(ADMIN).make({ visibility });
    if (shared) {
      await cloud.as('red').post(`/v2/images/${id}/members`, { member: 'blue' });
      await cloud.as('blue').put(`/v2/images/${id}/members/blue`, { status: 'accepted' });
    }
    const shown = await cloud.as('blue').get(`/v2/images/${id}`);
    assert.equal(shown.status, seen ? 200 : 404);
    if (!seen) assert.match(shown.body.message, new RegExp(`^No image found with ID ${id}`));
    const { images } = (await cloud.as('blue').get('/v2/images')).body;
    assert.equal(images.length, listed ? 1 : 0);
    const all = (await cloud.as('blue').get('/v2/images?visibility=all')).body.images;
    assert.equal(all.length, seen ? 1 : 0);
    assert.equal((await cloud.as(ADMIN).get('/v2/images')).body.images.length, 1);
    // Who sees it may not change it; who does not learns nothing.
    const patched = await cloud.as('blue').patch(id, [{ op: 'add', path: '/a', value: '' }]);
    assert.equal(patched.status, seen ? 403 : 404);
    assert.equal((await cloud.as('blue').delete(`/v2/images/${id}`)).status, seen ? 403 : 404);
  });
}

test('who only reads may look and not touch', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  const reader = cloud.as('red:reader');
  assert.equal((await reader.get(`/v2/images/${id}`)).status, 200);
  assert.equal((await reader.post('/v2/images', {})).status, 403);
  const refused = await reader.delete(`/v2/images/${id}`);
  assert.equal(refused.status, 403);
  assert.match(refused.body.message, /^You are not authorized to complete delete_image action/);
});

test('who has no role sees nothing', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  const nobody = cloud.as('red:none');
  assert.equal((await nobody.get(`/v2/images/${id}`)).status, 404);
  assert.equal((await nobody.get('/v2/images')).status, 403);
});

test("an operator's policy is followed", async () => {
  await using cloud = await startImage({ policyOverrides: { publicize_image: 'role:member' } });
  assert.equal((await cloud.as('red').post('/v2/images', { visibility: 'public' })).status, 201);
});

test('PATCH changes an image in one piece or not at all', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make({ color: 'blue' });
  const patched = await cloud.as('red').patch(id, [
    { op: 'replace', path: '/name', value: 'n' },
    { op: 'remove', path: '/color' },
    { op: 'add', path: '/os_distro', value: 'debian' },
    { op: 'replace', path: '/tags', value: ['x'] },
  ]);
  assert.equal(patched.status, 200, patched.text);
  const { name, color, os_distro, tags, updated_at } = patched.body;
  assert.deepEqual(
    { name, color, os_distro, tags },
    {
      name: 'n',
      color: undefined,
      os_distro: 'debian',
      tags: ['x'],
    },
  );
  assert.notEqual(updated_at, patched.body.created_at);
  const half = await cloud.as('red').patch(id, [
    { op: 'replace', path: '/name', value: 'other' },
    { op: 'remove', path: '/nothing' },
  ]);
  assert.equal(half.status, 409);
  assert.deepEqual((await cloud.as('red').get(`/v2/images/${id}`)).body, patched.body);
});

test('PATCH takes the older media type, and names both when it is given another', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  const old = { 'content-type': 'application/openstack-images-v2.0-json-patch' };
  const body = JSON.stringify([{ replace: '/name', value: 'n' }]);
  const path = `/v2/images/${id}`;
  assert.equal((await cloud.as('red').send('PATCH', path, { body, headers: old })).body.name, 'n');
  const other = await cloud.as('red').send('PATCH', path, { body: { name: 'x' } });
  assert.equal(other.status, 415);
  assert.equal(
    other.headers['accept-patch'],
    'application/openstack-images-v2.0-json-patch, application/openstack-images-v2.1-json-patch',
  );
  assert.match(other.body.message, /Image PATCH expects Content-Type one of/);
  const broken = await cloud.as('red').send('PATCH', path, { body: '[', headers: JSON_PATCH });
  assert.equal(broken.status, 400);
});

test('only who may publish images makes one public, or gives it away', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  const publish = [{ op: 'replace', path: '/visibility', value: 'public' }];
  const give = [{ op: 'replace', path: '/owner', value: 'blue' }];
  assert.equal((await cloud.as('red').patch(id, publish)).status, 403);
  assert.equal((await cloud.as('red').patch(id, give)).status, 403);
  assert.equal((await cloud.as(ADMIN).patch(id, publish)).body.visibility, 'public');
  assert.equal((await cloud.as(ADMIN).patch(id, give)).body.owner, 'blue');
});

test('a protected image is deleted when it is no longer protected', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make({ protected: true });
  const refused = await cloud.as('red').delete(`/v2/images/${id}`);
  assert.equal(refused.status, 403);
  assert.match(refused.body.message, new RegExp(`^Image ${id} is protected and cannot be deleted`));
  await cloud.as('red').patch(id, [{ op: 'replace', path: '/protected', value: false }]);
  assert.equal((await cloud.as('red').delete(`/v2/images/${id}`)).status, 204);
  const again = await cloud.as('red').delete(`/v2/images/${id}`);
  assert.equal(again.status, 404);
  assert.match(again.body.message, new RegExp(`^Failed to find image ${id} to delete`));
});

test('an image without an id is not the list of images', async () => {
  await using cloud = await startImage();
  for (const method of ['GET', 'DELETE'] as const) {
    const answer = await cloud.as('red').send(method, '/v2/images/');
    assert.equal(answer.status, 404);
    assert.match(answer.body.message, /^The resource could not be found/);
  }
});

test('GET /v2/images leads from page to page, each image once', async () => {
  await using cloud = await startImage();
  const made = [];
  for (const name of ['e', 'd', 'c', 'b', 'a']) made.push(await cloud.as('red').make({ name }));
  const names: string[] = [];
  let next: string | undefined = '/v2/images?sort=name:asc&limit=2';
  let pages = 0;
  while (next !== undefined) {
    const { body } = await cloud.as('red').get(next);
    assert.equal(body.first, '/v2/images?sort=name%3Aasc&limit=2');
    assert.equal(body.schema, '/v2/schemas/images');
    names.push(...body.images.map(({ name }: { name: string }) => name));
    next = body.next;
    pages += 1;
  }
  assert.deepEqual(names, ['a', 'b', 'c', 'd', 'e']);
  assert.equal(pages, 3);
  const newest = (await cloud.as('red').get('/v2/images')).body.images;
  assert.equal(newest[0].id, made.at(-1)?.id);
  const lost = await cloud.as('red').get(`/v2/images?marker=${randomUUID()}`);
  assert.equal(lost.status, 400);
});

const asked = [
  { query: 'name=a', finds: 'a' },
  { query: 'name=in:a,b', finds: 'ab' },
  { query: 'status=queued', finds: 'abd' },
  { query: 'status=active', finds: 'c' },
  { query: 'disk_format=aki', finds: 'b' },
  { query: 'tag=x', finds: 'ab' },
  { query: 'tag=x&tag=y', finds: 'b' },
  { query: 'protected=true', finds: 'd' },
  { query: 'os_hidden=true', finds: 'h' },
  { query: 'owner=red', finds: 'abcd' },
  { query: 'owner=blue', finds: '' },
  { query: 'size=3', finds: 'c' },
  { query: 'size_min=3&size_max=3', finds: 'c' },
  { query: 'size_min=4', finds: '' },
  { query: 'min_ram=64', finds: 'd' },
  { query: 'color=blue', finds: 'a' },
  { query: 'color=green', finds: '' },
  { query: 'visibility=private', finds: 'd' },
  { query: 'checksum=900150983cd24fb0d6963f7d28e17f72', finds: 'c' },
  { query: 'created_at=gt:2026-01-01T00:00:01Z', finds: 'cd' },
  { query: 'created_at=2026-01-01T00:00:01Z', finds: 'b' },
  { query: 'created_at=lte:2026-01-01T00:00:01Z', finds: 'ab' },
  { query: `name=${encodeURIComponent("a' or '1'='1")}`, finds: '' },
];

test('GET /v2/images finds what is asked for', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  await red.make({ name: 'a', color: 'blue', tags: ['x'] });
  await red.make({ name: 'b', disk_format: 'aki', container_format: 'aki', tags: ['x', 'y'] });
  const { id } = await red.make({ name: 'c' });
  await red.upload(id, Buffer.from('abc'));
  await red.make({ name: 'd', protected: true, min_ram: 64, visibility: 'private' });
  await red.make({ name: 'h', os_hidden: true });
  for (const { query, finds } of asked) {
    const answer = await red.get(`/v2/images?${query}`);
    assert.equal(answer.status, 200, `${query}: ${answer.text}`);
    const names = answer.body.images.map(({ name }: { name: string }) => name);
    assert.equal(names.toSorted().join(''), finds, query);
  }
});

test('a list is sorted by size, images without bytes first', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  for (const name of ['aaa', 'a', '', 'aa']) {
    const { id } = await red.make({ name });
    if (name !== '') await red.upload(id, Buffer.from(name));
  }
  const sizes = async (dir: string) =>
    (await red.get(`/v2/images?sort_key=size&sort_dir=${dir}`)).body.images.map(
      ({ size }: { size: number | null }) => size,
    );
  assert.deepEqual(await sizes('asc'), [null, 1, 2, 3]);
  assert.deepEqual(await sizes('desc'), [3, 2, 1, null]);
});

test('an image that is deactivated is not downloaded until it is active again', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  const early = await cloud.as('red').post(`/v2/images/${id}/actions/deactivate`);
  assert.equal(early.status, 403);
  assert.match(early.body.message, /^Not allowed to deactivate image in status 'queued'/);
  await cloud.as('red').upload(id, Buffer.from('abc'));
  for (const _ of [1, 2]) {
    assert.equal((await cloud.as('red').post(`/v2/images/${id}/actions/deactivate`)).status, 204);
  }
  assert.equal((await cloud.as('red').get(`/v2/images/${id}`)).body.status, 'deactivated');
  const refused = await cloud.as('red').get(`/v2/images/${id}/file`);
  assert.equal(refused.status, 403);
  assert.match(refused.body.message, /^The requested image has been deactivated/);
  assert.equal((await cloud.as(ADMIN).get(`/v2/images/${id}/file`)).text, 'abc');
  assert.equal((await cloud.as('red').post(`/v2/images/${id}/actions/reactivate`)).status, 204);
  assert.equal((await cloud.as('red').get(`/v2/images/${id}/file`)).text, 'abc');
});
