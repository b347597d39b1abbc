/** Quotas over HTTP, and what they do to servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1 } from '../fake/compute-world.ts';

const SERVER = { name: 'vm', imageRef: IMAGE, flavorRef: '1', networks: [{ uuid: NET_1 }] };

test('a project sees its quotas, and an administrator those of any project', async () => {
  await using world = await ComputeWorld.start();
  const { body } = await world.as('red').get('/os-quota-sets/red');
  assert.deepEqual(body.quota_set, {
    id: 'red',
    cores: 20,
    fixed_ips: -1,
    floating_ips: -1,
    injected_file_content_bytes: 10_240,
    injected_file_path_bytes: 255,
    injected_files: 5,
    instances: 10,
    key_pairs: 100,
    metadata_items: 128,
    ram: 51_200,
    security_group_rules: -1,
    security_groups: -1,
    server_group_members: 10,
    server_groups: 10,
  });
  assert.equal((await world.as('red').get('/os-quota-sets/blue')).status, 403);
  assert.equal((await world.as('red').get('/os-quota-sets/blue/defaults')).status, 200);
  assert.equal((await world.as('admin').get('/os-quota-sets/blue')).status, 200);
  const lost = await world.as('admin').get('/os-quota-sets/missing');
  assert.equal(lost.body.badRequest.message, 'Project ID missing is not a valid project.');
});

test('a limit holds for the next server, is shown with its usage and forgotten on delete', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin', '2.57');
  const set = await admin.put('/os-quota-sets/red', { quota_set: { instances: '1' } });
  assert.equal(set.body.quota_set.instances, 1);
  assert.equal('id' in set.body.quota_set, false);
  await world.boot(SERVER);
  const refused = await world.as('red').post('/servers', { server: SERVER });
  assert.equal(
    refused.body.forbidden.message,
    'Quota exceeded for instances: Requested 1, but already used 1 of 1 instances',
  );
  const { quota_set: used } = (await admin.get('/os-quota-sets/red/detail')).body;
  assert.deepEqual(used.instances, { limit: 1, in_use: 1, reserved: 0 });
  assert.deepEqual(used.ram, { limit: 51_200, in_use: 512, reserved: 0 });
  assert.equal('fixed_ips' in used, false);
  assert.equal((await admin.delete('/os-quota-sets/red')).status, 202);
  const { quota_set: again } = (await admin.get('/os-quota-sets/red')).body;
  assert.equal(again.instances, 10);
});

test('a limit below what is used is refused unless it is forced', async () => {
  await using world = await ComputeWorld.start();
  await world.boot(SERVER);
  const admin = world.as('admin');
  const put = async (quotas: object) =>
    await admin.put('/os-quota-sets/red', { quota_set: quotas });
  const refused = await put({ ram: 0 });
  assert.equal(
    refused.body.badRequest.message,
    'Quota limit 0 for ram must be greater than or equal to already used and reserved 512.',
  );
  assert.equal((await put({ ram: 0, force: 'True' })).body.quota_set.ram, 0);
});

test("a user's limits are its own, within the project's, and hold for its servers alone", async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin');
  const path = '/os-quota-sets/red?user_id=user-red';
  const over = await admin.put(path, { quota_set: { instances: 11 } });
  assert.equal(
    over.body.badRequest.message,
    'Quota limit 11 for instances must be less than or equal to 10.',
  );
  const set = await admin.put(path, { quota_set: { instances: 1 } });
  assert.equal(set.body.quota_set.instances, 1);
  assert.equal((await admin.get('/os-quota-sets/red')).body.quota_set.instances, 10);
  const first = await world.as('red').post('/servers', { server: SERVER });
  assert.equal(first.status, 202, JSON.stringify(first.body));
  assert.equal((await world.as('red').post('/servers', { server: SERVER })).status, 403);
  assert.equal((await admin.post('/servers', { server: SERVER })).status, 202);
  await world.idle();
  await admin.delete(path);
  assert.equal((await admin.get(path)).body.quota_set.instances, 10);
});

test('the default class is what projects without limits of their own have', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin', '2.50');
  const path = '/os-quota-class-sets/default';
  const set = await admin.put(path, { quota_class_set: { cores: 7 } });
  assert.equal(set.body.quota_class_set.cores, 7);
  assert.equal((await admin.get(path)).body.quota_class_set.id, 'default');
  assert.equal((await admin.get('/os-quota-sets/red')).body.quota_set.cores, 7);
  assert.equal((await admin.get('/os-quota-sets/red/defaults')).body.quota_set.cores, 7);
  assert.equal((await admin.get('/os-quota-class-sets/other')).body.quota_class_set.cores, 20);
  assert.equal((await world.as('red').get(path)).status, 403);
});

const refusals: readonly [version: string, quotas: object, message: string][] = [
  [
    '2.36',
    { fixed_ips: 1 },
    "Invalid input for field/attribute quota_set. Value: {'fixed_ips': 1}. " +
      "Additional properties are not allowed ('fixed_ips' was unexpected)",
  ],
  [
    '2.1',
    { ram: 'many' },
    "Invalid input for field/attribute ram. Value: many. 'many' does not match '^-?[0-9]+$'",
  ],
  [
    '2.1',
    { ram: -2 },
    'Invalid input for field/attribute ram. Value: -2. -2 is less than the minimum of -1',
  ],
];

for (const [version, quotas, message] of refusals) {
  test(`${version} PUT /os-quota-sets ${JSON.stringify(quotas)} is refused`, async () => {
    await using world = await ComputeWorld.start();
    const answer = await world
      .as('admin', version)
      .put('/os-quota-sets/red', { quota_set: quotas });
    assert.equal(answer.body.badRequest.message, message);
  });
}

test('GET /limits shows maxima and what is used, by microversion', async () => {
  await using world = await ComputeWorld.start();
  await world.boot(SERVER);
  const absolute = async (version: string, query = '') =>
    (await world.as('red', version).get(`/limits${query}`)).body.limits.absolute;
  const first = await absolute('2.1');
  assert.equal(Object.keys(first).length, 19);
  assert.equal(first.totalInstancesUsed, 1);
  assert.equal(first.totalRAMUsed, 512);
  assert.equal(first.maxImageMeta, 128);
  assert.equal(Object.keys(await absolute('2.36')).length, 14);
  assert.equal(Object.keys(await absolute('2.39')).length, 13);
  assert.equal(Object.keys(await absolute('2.57')).length, 11);
  assert.equal((await world.as('red').get('/limits?tenant_id=blue')).status, 403);
  const other = await world.as('admin').get('/limits?tenant_id=blue');
  assert.equal(other.body.limits.absolute.totalInstancesUsed, 0);
  assert.equal((await world.as('red', '2.75').get('/limits?x=1')).status, 400);
});
