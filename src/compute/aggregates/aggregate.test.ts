/** Aggregates over HTTP, and the zones that they make. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1 } from '../fake/compute-world.ts';

test('an aggregate is made, shown, changed and deleted in the words of Nova', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin');
  const made = await admin.post('/os-aggregates', {
    aggregate: { name: 'one', availability_zone: 'az1' },
  });
  assert.equal(made.status, 200);
  const { created_at: createdAt, ...shown } = made.body.aggregate;
  assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  assert.deepEqual(shown, {
    id: 1,
    name: 'one',
    updated_at: null,
    deleted_at: null,
    deleted: false,
    availability_zone: 'az1',
  });
  const twice = await admin.post('/os-aggregates', { aggregate: { name: 'one' } });
  assert.equal(twice.status, 409);
  assert.equal(twice.body.conflictingRequest.message, 'Aggregate one already exists.');
  const renamed = await admin.put('/os-aggregates/1', { aggregate: { name: ' two ' } });
  assert.equal(renamed.body.aggregate.name, 'two');
  const set = await admin.post('/os-aggregates/1/action', {
    set_metadata: { metadata: { key: 'value' } },
  });
  assert.deepEqual(set.body.aggregate.metadata, { availability_zone: 'az1', key: 'value' });
  assert.equal((await admin.delete('/os-aggregates/1')).status, 200);
  const gone = await admin.get('/os-aggregates/1');
  assert.equal(gone.body.itemNotFound.message, 'Aggregate 1 could not be found.');
  const next = await admin.post('/os-aggregates', { aggregate: { name: 'two' } });
  assert.equal(next.body.aggregate.id, 2, 'an id is not given twice');
});

test('the uuid of an aggregate is shown from 2.41 on', async () => {
  await using world = await ComputeWorld.start();
  const body = { aggregate: { name: 'one' } };
  const { aggregate } = (await world.as('admin', '2.41').post('/os-aggregates', body)).body;
  assert.match(aggregate.uuid, /^[0-9a-f-]{36}$/);
  const { body: old } = await world.as('admin', '2.40').get('/os-aggregates/1');
  assert.equal('uuid' in old.aggregate, false);
});

test('hosts are added and removed, and refused with the texts of Nova', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin');
  await admin.post('/os-aggregates', { aggregate: { name: 'one' } });
  const act = async (action: object, id = '1') =>
    await admin.post(`/os-aggregates/${id}/action`, action);
  const missing = await act({ add_host: { host: 'nowhere' } });
  assert.equal(missing.status, 404);
  assert.equal(missing.body.itemNotFound.message, 'Compute host nowhere could not be found.');
  const added = await act({ add_host: { host: 'node-1' } });
  assert.deepEqual(added.body.aggregate.hosts, ['node-1']);
  const again = await act({ add_host: { host: 'node-1' } });
  assert.equal(again.body.conflictingRequest.message, 'Aggregate 1 already has host node-1.');
  const full = await admin.delete('/os-aggregates/1');
  assert.equal(
    full.body.badRequest.message,
    'Cannot remove host from aggregate 1. Reason: Host aggregate is not empty.',
  );
  const other = await act({ remove_host: { host: 'nowhere' } });
  assert.equal(other.body.itemNotFound.message, 'Cannot remove host nowhere in aggregate 1');
  const removed = await act({ remove_host: { host: 'node-1' } });
  assert.deepEqual(removed.body.aggregate.hosts, []);
  const word = await act({ add_host: { host: 'node-1' } }, 'word');
  assert.equal(word.body.badRequest.message, 'Invalid input received: id must be an integer');
  const unknown = await act({ paint: { colour: 'red' } });
  assert.equal(unknown.body.badRequest.message, 'There is no such action: paint');
});

test('a zone is where its aggregate is: hosts show it, servers get it, others are refused', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin');
  await admin.post('/os-aggregates', { aggregate: { name: 'one', availability_zone: 'az1' } });
  await admin.post('/os-aggregates/1/action', { add_host: { host: 'node-1' } });
  const { body } = await world.as('red').get('/os-availability-zone');
  assert.deepEqual(body.availabilityZoneInfo, [
    { zoneName: 'az1', zoneState: { available: true }, hosts: null },
  ]);
  const id = await world.boot({ availability_zone: 'az1' });
  const { server } = (await admin.get(`/servers/${id}`)).body;
  assert.equal(server['OS-EXT-AZ:availability_zone'], 'az1');
  const refused = await admin.post('/servers', {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: '42',
      networks: [{ uuid: NET_1 }],
      availability_zone: 'nova',
    },
  });
  assert.equal(refused.body.badRequest.message, 'The requested availability zone is not available');
});

for (const path of ['/os-aggregates', '/os-aggregates/1', '/os-availability-zone/detail']) {
  test(`GET ${path} is for administrators`, async () => {
    await using world = await ComputeWorld.start();
    assert.equal((await world.as('red').get(path)).status, 403);
  });
}
