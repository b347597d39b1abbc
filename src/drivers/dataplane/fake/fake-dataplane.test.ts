/** The fake data plane keeps the promises of every data plane. */
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { NO_CHANGE, type DataplaneChange } from '../dataplane.ts';
import { FakeDataplane } from './fake-dataplane.ts';

const options = { signal: new AbortController().signal };
const network: NetworkSpec = { id: 'net', mtu: 1450, adminStateUp: true, dhcp: null };
const port: PortSpec = {
  id: 'port',
  networkId: 'net',
  tap: 'tapport',
  mac: 'fa:16:3e:00:00:01',
  mtu: 1450,
  adminStateUp: true,
  firewall: null,
  storm: DEFAULT_STORM_CONTROL,
};
const all = { networks: [network], ports: [port] };

function changeOf(change: Partial<DataplaneChange>): DataplaneChange {
  return { ...NO_CHANGE, ...change };
}

test('a port has a carrier as soon as it is applied, and none while it is down', async () => {
  const plane = new FakeDataplane({ stateDir: null });
  const told: string[] = [];
  plane.onPortChange((id, carrier) => told.push(`${id} ${String(carrier)}`));
  assert.equal((await plane.apply(changeOf(all), options)).size, 0);
  await plane.apply(changeOf(all), options);
  assert.deepEqual((await plane.observe(options)).ports, [
    { id: 'port', plugged: true, carrier: true, storm: 'ok' },
  ]);
  await plane.apply(changeOf({ ports: [{ ...port, adminStateUp: false }] }), options);
  await plane.apply(changeOf({ absentPorts: ['port'], absentNetworks: ['net'] }), options);
  assert.deepEqual(told, ['port true', 'port false', 'port false']);
  assert.deepEqual(await plane.observe(options), { networks: [], ports: [] });
});

test('a port whose network is not there is refused as the real data plane refuses it', async () => {
  const plane = new FakeDataplane({ stateDir: null });
  const failures = await plane.apply(changeOf({ ports: [port] }), options);
  assert.match(failures.get('port')?.message ?? '', /its network net is not on this host/);
});

test('a failure for one id leaves the rest applied, and ends after its times', async () => {
  const failures = [{ method: 'apply', match: 'port', times: 1, message: 'no' }] as const;
  const plane = new FakeDataplane({ stateDir: null, behaviour: { failures } });
  const first = await plane.apply(changeOf(all), options);
  assert.deepEqual(
    [...first].map(([id, error]) => `${id}: ${error.message}`),
    ['port: no'],
  );
  assert.equal(plane.network('net'), network);
  assert.equal(plane.port('port'), undefined);
  assert.equal((await plane.apply(changeOf(all), options)).size, 0);
  assert.equal(plane.port('port'), port);
});

test('a failure without an id fails the whole call', async () => {
  const failures = [{ method: 'apply' }, { method: 'observe', times: 1 }] as const;
  const plane = new FakeDataplane({ stateDir: null, behaviour: { failures } });
  await assert.rejects(plane.apply(changeOf(all), options), /told to fail 'apply'/);
  await assert.rejects(plane.observe(options), /told to fail 'observe'/);
  assert.deepEqual(await plane.observe(options), { networks: [], ports: [] });
});

test('a delay can be aborted', async () => {
  const plane = new FakeDataplane({ stateDir: null, behaviour: { delayMs: 60_000 } });
  const stop = new AbortController();
  const applied = plane.apply(changeOf(all), { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(applied, /enough/);
});

test('another program may tell it how to misbehave, in a file', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'stackyard-test-'));
  try {
    const plane = new FakeDataplane({ stateDir });
    const file = join(stateDir, 'fake-dataplane.json');
    writeFileSync(file, JSON.stringify({ failures: [{ method: 'apply', match: 'net' }] }));
    assert.deepEqual([...(await plane.apply(changeOf(all), options)).keys()], ['net', 'port']);
    rmSync(file);
    assert.equal((await plane.apply(changeOf(all), options)).size, 0);
  } finally {
    rmSync(stateDir, { recursive: true });
  }
});
