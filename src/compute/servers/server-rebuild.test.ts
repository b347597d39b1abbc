/** The action `rebuild` over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE } from '../fake/compute-world.ts';

const OTHER_IMAGE = '44444444-4444-4444-8444-444444444444';

const rebuild = async (world: ComputeWorld, id: string, wanted: object, version = '2.1') =>
  await world.as('red', version).post(`/servers/${id}/action`, { rebuild: wanted });

test('a rebuilt server runs from disks of the new image, in its old place, and lets go of the old one', async () => {
  await using world = await ComputeWorld.start();
  world.images.add(OTHER_IMAGE);
  const id = await world.boot();
  const before = world.host.guests.get(id);
  const answer = await rebuild(world, id, {
    imageRef: OTHER_IMAGE,
    name: 'anew',
    metadata: { a: '1' },
    adminPass: 'secret',
  });
  assert.equal(answer.status, 202);
  const { server } = answer.body;
  assert.deepEqual(
    [server.status, server.name, server.image.id, server.adminPass, server.progress],
    ['REBUILD', 'anew', OTHER_IMAGE, 'secret', 0],
  );
  assert.deepEqual(server.metadata, { a: '1' });
  assert.match(String(answer.headers['location']), new RegExp(`/servers/${id}$`));
  await world.idle();
  const shown = (await world.as('red').get(`/servers/${id}`)).body.server;
  assert.deepEqual([shown.status, shown.image.id], ['ACTIVE', OTHER_IMAGE]);
  const spec = world.host.told.get(id)?.at(-1);
  assert.equal(spec?.rootDisk?.image.id, OTHER_IMAGE);
  assert.deepEqual(spec?.rebuild, { count: 1, keepEphemeral: false });
  const after = world.host.guests.get(id);
  assert.equal(after?.rebootCount, (before?.rebootCount ?? 0) + 1);
  assert.deepEqual(after?.nics, before?.nics);
  assert.deepEqual([...world.images.held], [`${OTHER_IMAGE} ${id}`]);
});

test('the same image again gives new disks all the same, and stays held', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  for (const count of [1, 2]) {
    await rebuild(world, id, { imageRef: IMAGE, preserve_ephemeral: true });
    await world.idle();
    const spec = world.host.told.get(id)?.at(-1);
    assert.deepEqual(spec?.rebuild, { count, keepEphemeral: true });
  }
  assert.deepEqual([...world.images.held], [`${IMAGE} ${id}`]);
});

test('a server that is off stays off, and gets its new disks when it starts', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  await world.as('red').post(`/servers/${id}/action`, { 'os-stop': null });
  await world.idle();
  assert.equal((await rebuild(world, id, { imageRef: IMAGE })).status, 202);
  await world.idle();
  const shown = (await world.as('red').get(`/servers/${id}`)).body.server;
  assert.equal(shown.status, 'SHUTOFF');
  assert.equal(world.host.told.get(id)?.at(-1)?.rebuild?.count, 1);
});

test('what only a rebuild shows comes with its microversion', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const cases = [
    ['2.53', []],
    ['2.54', ['key_name']],
    ['2.57', ['key_name', 'user_data']],
    ['2.63', ['key_name', 'trusted_image_certificates', 'user_data']],
  ] as const;
  for (const [version, members] of cases) {
    const { body } = await rebuild(world, id, { imageRef: IMAGE }, version);
    const all = ['key_name', 'trusted_image_certificates', 'user_data'];
    assert.deepEqual(
      all.filter((name) => name in body.server),
      members,
      version,
    );
    await world.idle();
  }
});

const refused: readonly (readonly [wanted: object, version: string, text: RegExp])[] = [
  [{ imageRef: OTHER_IMAGE }, '2.1', /^Cannot find image for rebuild$/],
  [{ imageRef: IMAGE, key_name: 'none' }, '2.54', /^Invalid key_name provided\.$/],
  [{ imageRef: IMAGE, key_name: 'none' }, '2.53', /Additional properties are not allowed/],
  [{ imageRef: 'x' }, '2.1', /Invalid input for field\/attribute imageRef/],
  [{}, '2.1', /'imageRef' is a required property/],
];
for (const [wanted, version, text] of refused) {
  test(`rebuild with ${JSON.stringify(wanted)} in ${version} is refused and changes nothing`, async () => {
    await using world = await ComputeWorld.start();
    const id = await world.boot();
    const told = world.host.told.get(id)?.length;
    const answer = await rebuild(world, id, wanted, version);
    assert.equal(answer.status, 400);
    assert.match(answer.body.badRequest.message, text);
    assert.equal((await world.as('red').get(`/servers/${id}`)).body.server.status, 'ACTIVE');
    assert.equal(world.host.told.get(id)?.length, told);
  });
}

test('a paused server cannot be rebuilt, nor one that is being rebuilt', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  world.host.held = true;
  await rebuild(world, id, { imageRef: IMAGE });
  const again = await rebuild(world, id, { imageRef: IMAGE });
  assert.equal(again.status, 409);
  assert.match(again.body.conflictingRequest.message, /in task_state rebuild/);
  world.host.held = false;
  world.host.convergeAll();
  await world.idle();
  await world.as('red').post(`/servers/${id}/action`, { pause: null });
  await world.idle();
  const paused = await rebuild(world, id, { imageRef: IMAGE });
  assert.match(paused.body.conflictingRequest.message, /while it is in vm_state paused/);
});

test('when the host cannot make the disks, the server is in ERROR and holds the image it was to have', async () => {
  await using world = await ComputeWorld.start();
  world.images.add(OTHER_IMAGE);
  const id = await world.boot();
  world.host.refuse = (spec) =>
    spec?.rebuild ? { code: 'DiskFull', message: 'No room for the disk.' } : undefined;
  await rebuild(world, id, { imageRef: OTHER_IMAGE });
  await world.idle();
  const shown = (await world.as('red').get(`/servers/${id}`)).body.server;
  assert.equal(shown.status, 'ERROR');
  assert.equal(shown.fault.message, 'No room for the disk.');
  assert.deepEqual([...world.images.held], [`${OTHER_IMAGE} ${id}`]);
  world.host.refuse = () => undefined;
  await rebuild(world, id, { imageRef: IMAGE });
  await world.idle();
  assert.equal((await world.as('red').get(`/servers/${id}`)).body.server.status, 'ACTIVE');
  assert.deepEqual([...world.images.held], [`${IMAGE} ${id}`]);
});
