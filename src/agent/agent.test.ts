/** The agent between control's documents and fake drivers. */
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { plainAnswer } from '#base/host/metadata-answers.ts';
import type { DomainSpec } from '#base/host/domain.ts';
import { DEFAULT_STORM_CONTROL, pinnedTo, type SecurityGroupSpec } from '#base/host/firewall.ts';
import { tapName, type NetworkSpec, type PortSpec } from '#base/host/links.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import { FakeHypervisor } from '#drivers/hypervisor/fake/fake-hypervisor.ts';
import { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { HostGate } from '#platform/host/host-gate.ts';
import { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { silentLog } from '#platform/log.ts';
import { Agent } from './agent.ts';

const HOST = 'h1';
const network: NetworkSpec = {
  id: 'net-a',
  mtu: 1500,
  adminStateUp: true,
  dhcp: null,
  uplink: null,
};

function port(id: string, groups: readonly string[] = []): PortSpec {
  return {
    id,
    networkId: network.id,
    tap: tapName(id),
    mac: 'fa:16:3e:00:00:01',
    mtu: 1500,
    adminStateUp: true,
    firewall: pinnedTo(['fa:16:3e:00:00:01'], { groups }),
    storm: DEFAULT_STORM_CONTROL,
  };
}

function server(
  id: string,
  portIds: readonly string[],
  change: Partial<DomainSpec> = {},
): DomainSpec {
  return {
    id,
    name: `instance-${id}`,
    vcpus: 1,
    memoryMib: 64,
    boot: { kind: 'disk' },
    rootDisk: null,
    ephemeralGib: 0,
    configDrive: null,
    nics: portIds.map((portId, slot) => ({
      slot,
      portId,
      mac: 'fa:16:3e:00:00:01',
      mtu: 1500,
      tap: tapName(portId),
    })),
    power: 'running',
    reboot: { count: 0, type: 'hard' },
    ...change,
  };
}

/** Control's side of a host, and the fakes behind an agent; agents come and go. */
async function startHost() {
  const hypervisor = new FakeHypervisor({ stateDir: null });
  const dataplane = new FakeDataplane({ stateDir: null });
  const log = silentLog();
  const desired = new DesiredHosts();
  const newControl = () => {
    const observed = new ObservedHosts();
    const gate = new HostGate({
      desired,
      observed,
      log,
      now: () => new Date(),
      answerMetadata: async ({ portId, path }) => plainAnswer(200, `${portId} asked for ${path}`),
    });
    return { observed, gate };
  };
  let control = newControl();
  const connect = async () => {
    const agent = await Agent.start({ host: HOST, hypervisor, dataplane, log });
    const [inner, outer] = duplexPair();
    control.gate.accept(outer);
    const came = Promise.withResolvers<void>();
    const stop = control.observed.onHost(() => came.resolve());
    void agent.serve(inner);
    await came.promise;
    stop();
    return agent;
  };
  let agent = await connect();
  return {
    desired,
    hypervisor,
    dataplane,
    get observed() {
      return control.observed;
    },
    /** Waits until the host says that the server is as it should be at this revision. */
    settled: async (id: string, revision: number) =>
      await control.observed.wait(
        HOST,
        'servers',
        id,
        (seen) => (seen && seen.settled >= revision ? seen : undefined),
        AbortSignal.timeout(5000),
      ),
    gone: async (id: string, revision: number) =>
      await control.observed.waitGone(HOST, id, revision, AbortSignal.timeout(5000)),
    stopAgent: async () => await agent.close(),
    startAgent: async () => {
      agent = await connect();
    },
    restartAgent: async () => {
      await agent.close();
      agent = await connect();
    },
    restartControl: async () => {
      control.gate.close();
      control = newControl();
      const [inner, outer] = duplexPair();
      control.gate.accept(outer);
      void agent.serve(inner);
      await Promise.resolve();
    },
    /** Control goes away and is not there. */
    stopControl: () => control.gate.close(),
    readCounters: async () => await control.gate.readCounters(HOST, AbortSignal.timeout(5000)),
    readConsole: async (id: string) =>
      await control.gate.readConsole(HOST, id, null, AbortSignal.timeout(5000)),
    [Symbol.asyncDispose]: async () => {
      await agent.close();
      control.gate.close();
    },
  };
}

function wantServer(desired: DesiredHosts, spec: DomainSpec): number {
  desired.set(HOST, 'networks', network.id, network);
  for (const nic of spec.nics) desired.set(HOST, 'ports', nic.portId, port(nic.portId));
  return desired.set(HOST, 'servers', spec.id, spec);
}

test('a server that is wanted is started with its cards in their slots, and said to be settled', async () => {
  await using host = await startHost();
  const revision = wantServer(host.desired, server('s', ['p0', 'p1']));
  const seen = await host.settled('s', revision);
  assert.equal(seen.error, null);
  assert.equal(seen.power, 'running');
  assert.deepEqual(seen.nics, [
    { slot: 0, portId: 'p0' },
    { slot: 1, portId: 'p1' },
  ]);
  assert.equal(host.observed.find(HOST, 'ports', 'p0')?.plugged, true);
});

test('a server that is not wanted any more goes, with its ports and its network', async () => {
  await using host = await startHost();
  await host.settled('s', wantServer(host.desired, server('s', ['p0'])));
  host.desired.set(HOST, 'ports', 'p0', null);
  host.desired.set(HOST, 'networks', network.id, null);
  await host.gone('s', host.desired.set(HOST, 'servers', 's', null));
  const options = { signal: AbortSignal.timeout(5000) };
  assert.deepEqual(await host.hypervisor.list(options), []);
  await until(async () => (await host.dataplane.observe(options)).networks.length === 0);
  assert.ok(
    Object.values(await host.dataplane.observe(options)).every(({ length }) => length === 0),
  );
});

test('a server that was never there is known to be gone', async () => {
  await using host = await startHost();
  await host.gone('never', host.desired.revision(HOST));
});

test('a card is plugged into and taken out of a running server', async () => {
  await using host = await startHost();
  const one = server('s', ['p0']);
  await host.settled('s', wantServer(host.desired, one));
  const two = server('s', ['p0', 'p1']);
  const plugged = await host.settled('s', wantServer(host.desired, two));
  assert.deepEqual(
    plugged.nics.map(({ portId }) => portId),
    ['p0', 'p1'],
  );
  host.desired.set(HOST, 'ports', 'p0', null);
  const rest = { ...two, nics: two.nics.slice(1) };
  const left = await host.settled('s', host.desired.set(HOST, 'servers', 's', rest));
  assert.deepEqual(left.nics, [{ slot: 1, portId: 'p1' }]);
});

test('stop, start, pause and reboot follow the document', async () => {
  await using host = await startHost();
  const set = async (change: Partial<DomainSpec>) =>
    await host.settled('s', wantServer(host.desired, server('s', ['p0'], change)));
  assert.equal((await set({})).power, 'running');
  assert.equal((await set({ power: 'paused' })).power, 'paused');
  assert.equal((await set({ power: 'running' })).power, 'running');
  assert.equal(host.observed.find(HOST, 'ports', 'p0')?.carrier, true);
  assert.equal((await set({ power: 'stopped' })).power, 'stopped');
  assert.equal(host.observed.find(HOST, 'ports', 'p0')?.carrier, false);
  assert.equal((await set({ power: 'running' })).power, 'running');
  const rebooted = await set({ reboot: { count: 1, type: 'hard' } });
  assert.equal(rebooted.rebootCount, 1);
  assert.equal(rebooted.power, 'running');
});

test('a refusal of the hypervisor is told, and does not keep other servers from starting', async () => {
  await using host = await startHost();
  host.hypervisor.setBehaviour({ failures: [{ method: 'ensureStarted', match: 'bad', times: 1 }] });
  const bad = await host.settled('bad', wantServer(host.desired, server('bad', [])));
  assert.notEqual(bad.error, null);
  const good = await host.settled('good', wantServer(host.desired, server('good', [])));
  assert.equal(good.error, null);
});

test('an agent that comes again finds its servers running and leaves them alone', async () => {
  await using host = await startHost();
  const revision = wantServer(host.desired, server('s', ['p0']));
  await host.settled('s', revision);
  const before = await host.readConsole('s');
  await host.restartAgent();
  assert.equal((await host.settled('s', revision)).power, 'running');
  assert.equal(await host.readConsole('s'), before);
});

test('a control that comes again learns what runs, and nothing is taken away meanwhile', async () => {
  await using host = await startHost();
  const revision = wantServer(host.desired, server('s', ['p0']));
  await host.settled('s', revision);
  await host.restartControl();
  const seen = await host.settled('s', revision);
  assert.equal(seen.power, 'running');
  assert.equal(host.observed.status(HOST)?.connected, true);
});

test('a guest that ended by itself stays off, until a start is asked for, even one that comes at once', async () => {
  await using host = await startHost();
  await host.settled('s', wantServer(host.desired, server('s', [])));
  host.hypervisor.crash('s');
  await until(async () => host.observed.find(HOST, 'servers', 's')?.power === 'crashed');
  // Both are there before the agent looks.
  host.desired.set(HOST, 'servers', 's', server('s', [], { power: 'stopped' }));
  const again = server('s', [], { reboot: { count: 1, type: 'hard' } });
  const seen = await host.settled('s', host.desired.set(HOST, 'servers', 's', again));
  assert.equal(seen.power, 'running');
  assert.equal(seen.rebootCount, 1);
});

function group(id: string): SecurityGroupSpec {
  return { id, stateful: true, rules: [] };
}

test('a group that the data plane refuses puts its ports in error, and their servers go on', async () => {
  await using host = await startHost();
  const { desired, dataplane } = host;
  await host.settled('s', wantServer(desired, server('s', ['p0'])));
  const seen = (id: string) => host.observed.find(HOST, 'ports', id);
  dataplane.setBehaviour({
    failures: [{ method: 'apply', match: 'bad', message: 'No such port.' }],
  });
  desired.set(HOST, 'groups', 'bad', group('bad'));
  desired.set(HOST, 'ports', 'p0', port('p0', ['bad']));
  desired.set(HOST, 'ports', 'p1', port('p1'));
  await until(async () => seen('p0')?.error !== null);
  assert.partialDeepStrictEqual(seen('p0'), {
    plugged: true,
    carrier: true,
    error: { code: 'FakeFailure', message: 'No such port.' },
  });
  assert.partialDeepStrictEqual(seen('p1'), { plugged: true, error: null });
  const paused = server('s', ['p0'], { power: 'paused' });
  const { power, error } = await host.settled('s', desired.set(HOST, 'servers', 's', paused));
  assert.deepEqual({ power, error }, { power: 'paused', error: null });
  // One that would start with rules that are not in force does not.
  desired.set(HOST, 'ports', 'p2', port('p2', ['bad']));
  const fresh = desired.set(HOST, 'servers', 'new', server('new', ['p2']));
  assert.equal((await host.settled('new', fresh)).error?.message, 'No such port.');
  dataplane.setBehaviour({});
  desired.set(HOST, 'groups', 'bad', { ...group('bad'), stateful: false });
  await until(async () => seen('p0')?.error === null && seen('p2')?.error === null);
});

test('an agent that comes again takes away the groups that nobody wants any more', async () => {
  await using host = await startHost();
  const { desired, dataplane } = host;
  desired.set(HOST, 'groups', 'old', group('old'));
  desired.set(HOST, 'groups', 'kept', group('kept'));
  await until(async () => dataplane.group('kept') !== undefined);
  await host.stopAgent();
  desired.set(HOST, 'groups', 'old', null);
  await host.startAgent();
  await until(async () => dataplane.group('old') === undefined);
  assert.deepEqual(dataplane.group('kept'), group('kept'));
});

test('storms and counters of ports reach control', async () => {
  await using host = await startHost();
  const { dataplane } = host;
  await host.settled('s', wantServer(host.desired, server('s', ['p0', 'p1'])));
  const counters = (await host.readCounters()).get('p0') ?? assert.fail('nothing is counted');
  dataplane.setCounters('p0', { ...counters, rxPackets: 7 });
  dataplane.setStorm('p0', 'loop');
  const counted = await host.readCounters();
  assert.deepEqual(
    ['p0', 'p1'].map((id) => counted.get(id)?.rxPackets),
    [7, 0],
  );
  const storm = (id: string) => host.observed.find(HOST, 'ports', id)?.storm;
  await until(async () => storm('p0') === 'loop');
  assert.equal(storm('p1'), 'ok');
  await host.restartAgent();
  assert.equal(storm('p0'), 'loop');
  dataplane.setBehaviour({ failures: [{ method: 'counters', message: 'Nothing to be read.' }] });
  await assert.rejects(host.readCounters(), { name: 'Fault', message: 'Nothing to be read.' });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 5000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, 'it did not come about in time');
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

test('what a guest asks about itself is answered by control, and later when control is not there', async () => {
  await using host = await startHost();
  await host.settled('s', wantServer(host.desired, server('s', ['p0'])));
  const question = { portId: 'p0', method: 'GET', path: '/openstack', body: null };
  const answer = await host.dataplane.askMetadata(question);
  assert.equal(answer.status, 200);
  assert.equal(Buffer.from(answer.body, 'base64').toString(), 'p0 asked for /openstack\n');
  host.stopControl();
  await until(async () => (await host.dataplane.askMetadata(question)).status === 503);
  await host.restartControl();
  await until(async () => (await host.dataplane.askMetadata(question)).status === 200);
});
