/** The fake data plane keeps the promises of every data plane. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  DEFAULT_STORM_CONTROL,
  type AddressGroupSpec,
  type MemberSpec,
  type SecurityGroupSpec,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { NO_CHANGE, type DataplaneChange } from '../dataplane.ts';
import { FakeDataplane } from './fake-dataplane.ts';

const options = { signal: new AbortController().signal };
const network: NetworkSpec = { id: 'net', mtu: 1450, adminStateUp: true, dhcp: null, uplink: null };
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
const group: SecurityGroupSpec = { id: 'group', stateful: true, rules: [] };
const member: MemberSpec = {
  id: 'port',
  networkId: 'net',
  groups: ['group'],
  macs: [port.mac],
  cidrs: [],
};
const addressGroup: AddressGroupSpec = { id: 'addresses', cidrs: ['10.0.0.0/8'] };
const firewall = { groups: [group], members: [member], addressGroups: [addressGroup] };
const nothing = {
  networks: [],
  ports: [],
  groups: [],
  members: [],
  addressGroups: [],
  routers: [],
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
  assert.deepEqual(await plane.observe(options), nothing);
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
  assert.deepEqual(await plane.observe(options), nothing);
});

test('groups, members and address groups are kept until they are named absent', async () => {
  const plane = new FakeDataplane({ stateDir: null });
  assert.equal((await plane.apply(changeOf(firewall), options)).size, 0);
  assert.deepEqual(
    [plane.group('group'), plane.member('port'), plane.addressGroup('addresses')],
    [group, member, addressGroup],
  );
  const absent = {
    absentGroups: ['group'],
    absentMembers: ['port'],
    absentAddressGroups: ['addresses'],
  };
  const { groups, members, addressGroups } = await plane.observe(options);
  assert.deepEqual([groups, members, addressGroups], Object.values(absent));
  await plane.apply(changeOf(absent), options);
  assert.deepEqual(await plane.observe(options), nothing);
});

for (const id of ['group', 'port', 'addresses']) {
  test(`what is called '${id}' can be made to fail in every section that has it`, async () => {
    const failures = [{ method: 'apply', match: id, times: 1 }] as const;
    const plane = new FakeDataplane({ stateDir: null, behaviour: { failures } });
    const change = changeOf({ ...all, ...firewall });
    assert.deepEqual([...(await plane.apply(change, options)).keys()], [id]);
    assert.equal(plane.group('group') === undefined, id === 'group');
    assert.equal(plane.addressGroup('addresses') === undefined, id === 'addresses');
    assert.equal(plane.member('port') === undefined, id === 'port');
    assert.equal(plane.port('port') === undefined, id === 'port');
    assert.equal((await plane.apply(change, options)).size, 0);
    assert.ok(plane.group('group') && plane.addressGroup('addresses'));
    assert.ok(plane.member('port') && plane.port('port'));
  });
}

test('a storm is told and seen, a quarantine ends when it is cleared, and all goes with the port', async () => {
  const plane = new FakeDataplane({ stateDir: null });
  const told: string[] = [];
  plane.onStorm((id, state) => told.push(`${id} ${state}`));
  const seen = async () => (await plane.observe(options)).ports.map(({ storm }) => storm);
  assert.throws(() => plane.setStorm('port', 'storm'), /port is not plugged/);
  await plane.apply(changeOf(all), options);
  plane.setStorm('port', 'quarantined');
  assert.deepEqual(await seen(), ['quarantined']);
  await plane.apply(changeOf({ ports: [{ ...port, mtu: 1400 }] }), options);
  assert.deepEqual(await seen(), ['quarantined']);
  const cleared = { ...port, storm: { ...port.storm, clears: 1 } };
  await plane.apply(changeOf({ ports: [cleared] }), options);
  assert.deepEqual(await seen(), ['ok']);
  plane.setStorm('port', 'loop');
  await plane.apply(changeOf({ absentPorts: ['port'] }), options);
  await plane.apply(changeOf(all), options);
  assert.deepEqual(await seen(), ['ok']);
  assert.deepEqual(told, ['port quarantined', 'port ok', 'port loop']);
});

test('counters are those that were set, and 0 for every other port', async () => {
  const plane = new FakeDataplane({ stateDir: null });
  const two = { ...port, id: 'two', tap: 'taptwo' };
  await plane.apply(changeOf({ networks: [network], ports: [port, two] }), options);
  const nothingYet = (await plane.counters(options)).get('port');
  assert.ok(nothingYet);
  assert.equal(nothingYet.rxPackets, 0);
  plane.setCounters('port', { ...nothingYet, rxPackets: 3 });
  const counted = await plane.counters(options);
  assert.deepEqual(
    [...counted].map(([id, { rxPackets }]) => [id, rxPackets]),
    [
      ['port', 3],
      ['two', 0],
    ],
  );
  await plane.apply(changeOf({ absentPorts: ['port'] }), options);
  await plane.apply(changeOf({ ports: [port] }), options);
  assert.equal((await plane.counters(options)).get('port')?.rxPackets, 0);
  plane.setBehaviour({ failures: [{ method: 'counters' }] });
  await assert.rejects(plane.counters(options), /told to fail 'counters'/);
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
