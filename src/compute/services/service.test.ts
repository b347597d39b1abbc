/** Compute services over HTTP: what is said of them, and what the scheduler makes of that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';

type Shown = Readonly<Record<string, unknown>> & { readonly id: string | number };

async function computeService(world: ComputeWorld, version = '2.53'): Promise<Shown> {
  const { body } = await world.as('admin', version).get('/os-services?binary=nova-compute');
  return body.services[0] as Shown;
}

const statusOf = async (world: ComputeWorld, id: string) =>
  (await world.as('admin').get(`/servers/${id}`)).body.server.status as string;

test('there is one nova-compute for each host, and a conductor and a scheduler', async () => {
  await using world = await ComputeWorld.start();
  const { services } = (await world.as('admin', '2.53').get('/os-services')).body;
  const named = (services as Shown[]).map(({ binary, zone }) => [binary, zone]);
  assert.deepEqual(named, [
    ['nova-conductor', 'internal'],
    ['nova-scheduler', 'internal'],
    ['nova-compute', 'nova'],
  ]);
  const none = await world.as('admin').get('/os-services?host=node-1&binary=xxx');
  assert.deepEqual(none.body, { services: [] });
  assert.equal((await world.as('red').get('/os-services')).status, 403);
});

test('ids are numbers below 2.53 and UUIDs from then on; forced_down is shown from 2.11 on', async () => {
  await using world = await ComputeWorld.start();
  assert.deepEqual(Object.keys(await computeService(world, '2.1')).sort(), [
    'binary',
    'disabled_reason',
    'host',
    'id',
    'state',
    'status',
    'updated_at',
    'zone',
  ]);
  assert.equal(typeof (await computeService(world, '2.52')).id, 'number');
  assert.match(String((await computeService(world)).id), /^[0-9a-f-]{36}$/);
  assert.equal((await computeService(world, '2.11'))['forced_down'], false);
});

test('a disabled service gets no new servers until it is enabled again', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin', '2.53');
  const { id } = await computeService(world);
  const { body } = await admin.put(`/os-services/${id}`, {
    status: 'disabled',
    disabled_reason: 'maintenance',
  });
  assert.equal(body.service.status, 'disabled');
  assert.equal(body.service.disabled_reason, 'maintenance');
  assert.equal(await statusOf(world, await world.boot()), 'ERROR');
  const zones = await world.as('red').get('/os-availability-zone');
  assert.equal(zones.body.availabilityZoneInfo[0].zoneState.available, false);
  const enabled = await admin.put(`/os-services/${id}`, { status: 'enabled' });
  assert.equal(enabled.body.service.disabled_reason, null);
  assert.equal(await statusOf(world, await world.boot()), 'ACTIVE');
});

test('a service that is forced down is down, and gets no new servers', async () => {
  await using world = await ComputeWorld.start();
  const { id } = await computeService(world);
  await world.as('admin', '2.53').put(`/os-services/${id}`, { forced_down: true });
  assert.equal((await computeService(world))['state'], 'down');
  assert.equal(await statusOf(world, await world.boot()), 'ERROR');
});

test('a service is down when its agent is away', async () => {
  await using world = await ComputeWorld.start();
  world.host.disconnect();
  assert.equal((await computeService(world))['state'], 'down');
});

test('below 2.53 the path says what to do', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin', '2.11');
  const named = { host: 'node-1', binary: 'nova-compute' };
  const put = async (action: string, body: object) =>
    await admin.put(`/os-services/${action}`, body);
  assert.deepEqual((await put('disable', named)).body, {
    service: { ...named, status: 'disabled' },
  });
  assert.deepEqual((await put('disable-log-reason', { ...named, disabled_reason: 'x' })).body, {
    service: { ...named, status: 'disabled', disabled_reason: 'x' },
  });
  assert.equal((await computeService(world))['disabled_reason'], 'x');
  assert.deepEqual((await put('enable', named)).body, { service: { ...named, status: 'enabled' } });
  assert.deepEqual((await put('force-down', { ...named, forced_down: 'true' })).body, {
    service: { ...named, forced_down: true },
  });
});

const refusals: readonly [
  version: string,
  path: string,
  body: object,
  status: number,
  message: RegExp,
][] = [
  ['2.1', 'paint', { host: 'node-1', binary: 'nova-compute' }, 404, /^Unknown action$/],
  ['2.10', 'force-down', { host: 'node-1', binary: 'nova-compute' }, 404, /^Unknown action$/],
  [
    '2.11',
    'force-down',
    { host: 'node-1', binary: 'nova-compute' },
    400,
    /^Missing forced_down field$/,
  ],
  [
    '2.1',
    'disable-log-reason',
    { host: 'node-1', binary: 'nova-compute' },
    400,
    /^Missing disabled reason field$/,
  ],
  [
    '2.1',
    'disable',
    { host: 'x', binary: 'nova-compute' },
    404,
    /^Host 'x' is not mapped to any cell$/,
  ],
  [
    '2.1',
    'disable',
    { host: 'x', binary: 'nova-scheduler' },
    400,
    /^Updating a nova-scheduler service is not supported/,
  ],
  ['2.53', 'word', { status: 'enabled' }, 400, /^Invalid uuid word$/],
  [
    '2.53',
    '8425c3c8-d5c5-4c1c-ab92-a09201b79a90',
    { status: 'enabled' },
    404,
    /^Service 8425c3c8-d5c5-4c1c-ab92-a09201b79a90 could not be found\.$/,
  ],
];

for (const [version, path, body, status, message] of refusals) {
  test(`2.${version.slice(2)} PUT /os-services/${path} ${JSON.stringify(body)} is refused`, async () => {
    await using world = await ComputeWorld.start();
    const answer = await world.as('admin', version).put(`/os-services/${path}`, body);
    assert.equal(answer.status, status);
    assert.match(answer.body[status === 404 ? 'itemNotFound' : 'badRequest'].message, message);
  });
}

test('a service is deleted with its place in aggregates and its room, but not while it has servers', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin', '2.53');
  await admin.post('/os-aggregates', { aggregate: { name: 'one' } });
  await admin.post('/os-aggregates/1/action', { add_host: { host: 'node-1' } });
  const { id } = await computeService(world);
  const server = await world.boot();
  const refused = await admin.delete(`/os-services/${id}`);
  assert.equal(refused.status, 409);
  assert.match(refused.body.conflictingRequest.message, /that is hosting instances/);
  await admin.delete(`/servers/${server}`);
  await world.idle();
  world.host.disconnect();
  assert.equal((await admin.delete(`/os-services/${id}`)).status, 204);
  assert.equal(await computeService(world), undefined);
  assert.deepEqual((await admin.get('/os-hypervisors')).body, { hypervisors: [] });
  assert.deepEqual((await admin.get('/os-aggregates/1')).body.aggregate.hosts, []);
  const inventories = await world.db.selectFrom('inventories').selectAll().execute();
  assert.deepEqual(inventories, []);
  world.host.connect();
  await world.idle();
  assert.equal((await computeService(world))['host'], 'node-1', 'its agent makes it known again');
  assert.equal(await statusOf(world, await world.boot()), 'ACTIVE');
});
