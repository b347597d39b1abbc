/** The status of a port in step with what its host is to do and does: DOWN, BUILD, ACTIVE, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortObservation } from '#base/host/document.ts';
import type { DomainSpec } from '#base/host/domain.ts';
import { startNetwork } from '../testing.ts';
import { seenAs, statusOf } from './binding.rules.ts';

const seen = (change: Partial<PortObservation> = {}): PortObservation => ({
  settled: 9,
  error: null,
  plugged: true,
  carrier: true,
  storm: 'ok',
  ...change,
});
const guest = (power: DomainSpec['power'], portId = 'p') => ({ power, nics: [nic(portId)] });
const nic = (portId: string) => ({ slot: 0, portId, mac: '', mtu: 1500, tap: '' });
const refused = { code: 'X', message: 'the kernel refused its rules' };

const PORT = {
  device_id: 'server',
  device_owner: 'compute:nova',
  admin_state_up: 1,
  status: 'DOWN',
  status_reason: null,
} as const;
const TAP = { vif_type: 'tap' };

type Row = readonly [
  why: string,
  seen: PortObservation | undefined,
  server: Pick<DomainSpec, 'power' | 'nics'> | undefined,
  status: string,
];
const SEEN: readonly Row[] = [
  ['bound, and no server is to have it', seen({ carrier: false }), undefined, 'DOWN'],
  ['not made yet, its server is to run', undefined, guest('running'), 'BUILD'],
  ['made, its server is to run', seen({ carrier: false }), guest('running'), 'BUILD'],
  ['made, its server is to be paused', seen({ carrier: false }), guest('paused'), 'BUILD'],
  ['its server has it', seen(), guest('running'), 'ACTIVE'],
  ['its server has it and is to end', seen(), guest('stopped'), 'ACTIVE'],
  ['its server is off', seen({ carrier: false }), guest('stopped'), 'DOWN'],
  ['its server is to run without it', seen({ carrier: false }), guest('running', 'other'), 'DOWN'],
  ['refused', seen({ carrier: false, error: refused }), guest('running'), 'ERROR'],
];
for (const [why, observation, server, status] of SEEN) {
  test(`a port is ${status}: ${why}`, () => {
    const facts = seenAs('p', { seen: observation, listed: true, server });
    assert.equal(statusOf(PORT, TAP, facts).status, status);
  });
}

test('a port that nobody has looked at stays what it was', () => {
  const facts = seenAs('p', { seen: undefined, listed: false, server: guest('running') });
  for (const status of ['DOWN', 'BUILD', 'ACTIVE', 'ERROR']) {
    assert.equal(statusOf({ ...PORT, status }, TAP, facts).status, status);
  }
});

test('a port that is administratively down is not BUILD either', () => {
  const facts = seenAs('p', { seen: seen(), listed: true, server: guest('running') });
  assert.equal(statusOf({ ...PORT, admin_state_up: 0 }, TAP, facts).status, 'DOWN');
});

test('a server that starts, stops and starts again takes its port along', async () => {
  await using net = await startNetwork();
  net.addHost('h1');
  net.observed.listed('h1', 1);
  const admin = net.as('red:admin,member,reader');
  const { id: network_id } = await admin.make('network', {});
  const { id } = await admin.make('port', {
    network_id,
    device_id: 'server',
    device_owner: 'compute:nova',
    'binding:host_id': 'h1',
  });
  const events: string[] = [];
  net.api.onPortEvent((event) => events.push(event.kind));
  const status = async () => {
    await net.idle();
    return (await admin.get(`/v2.0/ports/${id}`)).body.port.status as string;
  };
  const want = (power: DomainSpec['power']) =>
    net.desired.set('h1', 'servers', 'server', domain(power, id));
  const see = (carrier: boolean) => net.observed.observe('h1', 'ports', id, seen({ carrier }));

  see(false);
  assert.equal(await status(), 'DOWN');
  want('running');
  assert.equal(await status(), 'BUILD');
  see(true);
  assert.equal(await status(), 'ACTIVE');
  want('stopped');
  assert.equal(await status(), 'ACTIVE');
  see(false);
  assert.equal(await status(), 'DOWN');
  want('running');
  assert.equal(await status(), 'BUILD');
  see(true);
  assert.equal(await status(), 'ACTIVE');
  assert.deepEqual(events, ['plugged', 'unplugged', 'plugged']);
  assert.equal((await admin.get('/v2.0/ports?status=BUILD')).body.ports.length, 0);
});

function domain(power: DomainSpec['power'], portId: string): DomainSpec {
  return {
    id: 'server',
    name: 'instance-00000001',
    vcpus: 1,
    memoryMib: 64,
    boot: { kind: 'disk' },
    rootDisk: null,
    ephemeralGib: 0,
    configDrive: null,
    nics: [nic(portId)],
    power,
    reboot: { count: 0, type: 'soft' },
  };
}
