/** Availability zones: by the rules, and over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';
import { COMPUTE_BINARY, type ServiceEntry } from '../services/service-list.ts';
import { zonesOf } from './availability-zone.rules.ts';

function service(zone: string, host: string, change: Partial<ServiceEntry> = {}): ServiceEntry {
  return {
    binary: COMPUTE_BINARY,
    host,
    number: 1,
    id: host,
    zone,
    disabled: false,
    disabledReason: null,
    forcedDown: false,
    up: true,
    updatedAt: '2026-11-21T00:00:00.000Z',
    ...change,
  };
}

const SERVICES = [
  service('internal', 'control', { binary: 'nova-scheduler' }),
  service('b', 'h1', { disabled: true }),
  service('d', 'h2'),
  service('c', 'h3', { up: false }),
  service('c', 'h4', { disabled: true }),
];

for (const [withInternal, expected] of [
  [false, ['c yes', 'd yes', 'b no']],
  [true, ['c yes', 'd yes', 'internal yes', 'b no']],
] as const) {
  test(`zones are available while a host in them is enabled, alive or not${withInternal ? ', with the internal one' : ''}`, () => {
    const zones = zonesOf(SERVICES, { withInternal });
    assert.deepEqual(
      zones.map(({ name, available }) => `${name} ${available ? 'yes' : 'no'}`),
      expected,
    );
  });
}

test('hosts that are disabled are not among those of their zone', () => {
  const [zone] = zonesOf(SERVICES, { withInternal: false });
  assert.deepEqual([...(zone?.hosts.keys() ?? [])], ['h3']);
});

test('administrators see the services of every zone', async () => {
  await using world = await ComputeWorld.start();
  const { body } = await world.as('admin').get('/os-availability-zone/detail');
  const [internal, nova] = body.availabilityZoneInfo;
  assert.equal(internal.zoneName, 'internal');
  const [services] = Object.values(internal.hosts as Record<string, object>);
  assert.deepEqual(Object.keys(services ?? {}), ['nova-conductor', 'nova-scheduler']);
  const { updated_at: at, ...compute } = nova.hosts['node-1']['nova-compute'];
  assert.deepEqual(compute, { available: true, active: true });
  assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000$/);
  world.host.disconnect();
  const after = (await world.as('admin').get('/os-availability-zone/detail')).body;
  assert.equal(after.availabilityZoneInfo[1].hosts['node-1']['nova-compute'].available, false);
});

test('a parameter is refused from 2.102 on', async () => {
  await using world = await ComputeWorld.start();
  assert.equal((await world.as('red', '2.101').get('/os-availability-zone?x=1')).status, 200);
  assert.equal((await world.as('red', '2.102').get('/os-availability-zone?x=1')).status, 400);
});
