/** The usage of projects over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';

const PATH = '/os-simple-tenant-usage';
const PERIOD = 'start=2026-01-01T00:00:00&end=2126-01-01T00:00:00';

test('servers count while they live and after', async () => {
  await using world = await ComputeWorld.start();
  const gone = await world.boot({ flavorRef: '1' });
  const alive = await world.boot({ flavorRef: '1' });
  await world.as('admin').delete(`/servers/${gone}`);
  await world.idle();
  const { tenant_usage: usage } = (await world.as('red').get(`${PATH}/red?${PERIOD}`)).body;
  const states = (usage.server_usages as { instance_id: string; state: string }[]).map(
    ({ instance_id: id, state }) => [id, state] as const,
  );
  assert.deepEqual(
    new Map(states),
    new Map([
      [gone, 'terminated'],
      [alive, 'active'],
    ]),
  );
  assert.equal(usage.tenant_id, 'red');
  assert.equal(usage.server_usages[0].flavor, 'm1.tiny');
  assert.match(usage.stop, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  assert.equal(usage.total_memory_mb_usage, usage.total_hours * 512);
});

test('all projects are for administrators; servers are told when asked for', async () => {
  await using world = await ComputeWorld.start();
  await world.boot();
  assert.equal((await world.as('red').get(`${PATH}?${PERIOD}`)).status, 403);
  assert.equal((await world.as('red').get(`${PATH}/blue?${PERIOD}`)).status, 403);
  const admin = world.as('admin');
  const brief = (await admin.get(`${PATH}?${PERIOD}`)).body.tenant_usages[0];
  assert.equal('server_usages' in brief, false);
  const detailed = (await admin.get(`${PATH}?${PERIOD}&detailed=1`)).body.tenant_usages[0];
  assert.equal(detailed.server_usages.length, 1);
  assert.deepEqual((await admin.get(`${PATH}/blue?${PERIOD}`)).body, { tenant_usage: {} });
});

test('pages are as many servers long as asked from 2.40 on, and lead to the next', async () => {
  await using world = await ComputeWorld.start();
  const ids = [await world.boot(), await world.boot()].sort();
  const red = world.as('red', '2.40');
  const first = (await red.get(`${PATH}/red?${PERIOD}&limit=1`)).body;
  assert.equal(first.tenant_usage.server_usages[0].instance_id, ids[0]);
  const { href } = first.tenant_usage_links[0];
  const next = (await red.get(String(href).split('/v2.1')[1] ?? '')).body;
  assert.equal(next.tenant_usage.server_usages[0].instance_id, ids[1]);
  const lost = await red.get(`${PATH}/red?${PERIOD}&marker=gone`);
  assert.equal(lost.body.badRequest.message, 'Marker gone could not be found.');
});
