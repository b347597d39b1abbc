/** Hypervisors over HTTP, by microversion. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';
import { FACTS, FakeHost } from '../fake/fake-host.ts';
import { uptimeText } from './hypervisor.rules.ts';

async function twoHosts(): Promise<ComputeWorld> {
  const world = await ComputeWorld.start();
  const second = new FakeHost(world.desired, world.observed, { ...FACTS, host: 'node-2' });
  second.connect();
  await world.idle();
  return world;
}

test('a host is shown with what its servers take of it', async () => {
  await using world = await ComputeWorld.start();
  await world.boot({ flavorRef: '1' });
  const { hypervisor } = (await world.as('admin').get('/os-hypervisors/1')).body;
  const { cpu_info: cpuInfo, ...shown } = hypervisor;
  assert.deepEqual(shown, {
    id: 1,
    hypervisor_hostname: 'node-1',
    state: 'up',
    status: 'enabled',
    hypervisor_type: 'QEMU',
    hypervisor_version: 7_002_000,
    host_ip: '127.0.0.1',
    service: { id: 3, host: 'node-1', disabled_reason: null },
    vcpus: 8,
    memory_mb: 65_536,
    local_gb: 500,
    vcpus_used: 1,
    memory_mb_used: 1024,
    local_gb_used: 1,
    free_ram_mb: 64_512,
    free_disk_gb: 499,
    current_workload: 0,
    running_vms: 1,
    disk_available_least: 499,
  });
  assert.equal(JSON.parse(cpuInfo).model, 'host');
});

test('members come and go with microversions', async () => {
  await using world = await ComputeWorld.start();
  const detail = async (version: string) =>
    (await world.as('admin', version).get('/os-hypervisors/detail')).body.hypervisors[0];
  assert.equal(typeof (await detail('2.27')).cpu_info, 'string');
  assert.equal(typeof (await detail('2.28')).cpu_info, 'object');
  assert.match((await detail('2.53')).id, /^[0-9a-f-]{36}$/);
  const latest = await detail('2.88');
  assert.equal(latest.uptime, null);
  for (const gone of ['vcpus', 'memory_mb_used', 'running_vms', 'cpu_info']) {
    assert.equal(gone in latest, false, gone);
  }
});

test('servers of a host are listed on demand, from 2.75 on also when there are none', async () => {
  await using world = await ComputeWorld.start();
  const list = async (version: string) =>
    (await world.as('admin', version).get('/os-hypervisors?with_servers=true')).body.hypervisors[0];
  assert.equal('servers' in (await list('2.53')), false);
  assert.deepEqual((await list('2.75')).servers, []);
  const id = await world.boot();
  assert.deepEqual((await list('2.53')).servers, [{ name: 'instance-00000001', uuid: id }]);
  const old = await world.as('admin').get('/os-hypervisors/node/servers');
  assert.deepEqual(old.body.hypervisors[0].servers[0].uuid, id);
});

test('statistics sum up the hosts that are enabled, until 2.87', async () => {
  await using world = await twoHosts();
  const admin = world.as('admin');
  const count = async () =>
    (await admin.get('/os-hypervisors/statistics')).body.hypervisor_statistics;
  assert.equal((await count()).count, 2);
  assert.equal((await count()).vcpus, 16);
  await admin.put('/os-services/disable', { host: 'node-2', binary: 'nova-compute' });
  assert.equal((await count()).count, 1);
  const late = await world.as('admin', '2.88').get('/os-hypervisors/statistics');
  assert.equal(late.status, 404);
});

test('a list comes in pages from 2.33 on, with the marker that the microversion shows', async () => {
  await using world = await twoHosts();
  for (const version of ['2.33', '2.53']) {
    const admin = world.as('admin', version);
    const first = (await admin.get('/os-hypervisors?limit=1')).body;
    assert.equal(first.hypervisors[0].hypervisor_hostname, 'node-1');
    const { href } = first.hypervisors_links[0];
    const next = await admin.get(String(href).split('/v2.1')[1] ?? '');
    assert.equal(next.body.hypervisors[0].hypervisor_hostname, 'node-2');
    const lost = await admin.get('/os-hypervisors?marker=gone');
    assert.equal(lost.body.badRequest.message, 'marker [gone] not found');
  }
});

const refusals: readonly [version: string, path: string, status: number, message: string][] = [
  ['2.1', '/word', 404, "Hypervisor with ID 'word' could not be found."],
  ['2.1', '/2', 404, "Hypervisor with ID '2' could not be found."],
  ['2.53', '/1', 400, 'Invalid uuid 1'],
  ['2.1', '/1/uptime', 501, 'The requested functionality is not supported.'],
  ['2.88', '/1/uptime', 404, "API version '2.88' is not supported on this method."],
  ['2.1', '/none/search', 404, "No hypervisor matching 'none' could be found."],
  ['2.53', '/node/search', 404, "API version '2.53' is not supported on this method."],
  ['2.53', '?hypervisor_hostname_pattern=x', 404, "No hypervisor matching 'x' could be found."],
  [
    '2.53',
    '?hypervisor_hostname_pattern=x&limit=1',
    400,
    'Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.',
  ],
];

for (const [version, path, status, message] of refusals) {
  test(`${version} GET /os-hypervisors${path} says ${status}`, async () => {
    await using world = await ComputeWorld.start();
    const answer = await world.as('admin', version).get(`/os-hypervisors${path}`);
    assert.equal(answer.status, status);
    const [fault] = Object.values(answer.body as Record<string, { message: string }>);
    assert.equal(fault?.message, message);
  });
}

for (const path of ['', '/detail', '/statistics', '/1', '/1/uptime', '/x/search', '/x/servers']) {
  test(`GET /os-hypervisors${path} is for administrators`, async () => {
    await using world = await ComputeWorld.start();
    assert.equal((await world.as('red').get(`/os-hypervisors${path}`)).status, 403);
  });
}

test('an uptime is printed as the client reads it', () => {
  const now = new Date('2026-11-21T04:18:50Z');
  const text = uptimeText(now, 93_784, [0.1, 0.25, 1]);
  assert.equal(text, ' 04:18:50 up 1 day, 2:03,  0 users,  load average: 0.10, 0.25, 1.00');
  // What python-openstackclient looks for.
  assert.match(text, /\s*(.+)\sup\s+(.+),\s+(.+)\susers?,\s+load average:\s(.+)/);
  assert.match(uptimeText(now, 59, [0, 0, 0]), / up 0:00, {2}0 users/);
});

test('the uptime of a host that is down is not to be had', async () => {
  await using world = await ComputeWorld.start();
  world.host.disconnect();
  const { status, body } = await world.as('admin').get('/os-hypervisors/1/uptime');
  assert.equal(status, 400);
  assert.equal(body.badRequest.message, 'Compute service of node-1 is unavailable at this time.');
});
