/** Control's end of the host protocol, with agents that say what a test wants them to say. */
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import type { HostFacts } from '#base/host/document.ts';
import { DEFAULT_STORM_CONTROL, NO_DROPS, type PortCounters } from '#base/host/firewall.ts';
import { plainAnswer } from '#base/host/metadata-answers.ts';
import type { PortSpec } from '#base/host/links.ts';
import { silentLog } from '../log.ts';
import { DesiredHosts } from './desired-hosts.ts';
import { HostGate } from './host-gate.ts';
import { LineLink, PROTOCOL_VERSION, type ToAgent, type ToControl } from './host-protocol.ts';
import { ObservedHosts } from './observed-hosts.ts';

const FACTS: HostFacts = {
  host: 'h1',
  hypervisorType: 'fake',
  accelerator: 'none',
  acceleratorReason: null,
  hypervisorVersion: 1,
  vcpus: 1,
  memoryMib: 1024,
  diskGib: 10,
  cpuModel: 'none',
};

const PORT: PortSpec = {
  id: 'p1',
  networkId: 'n1',
  tap: 'tapp1',
  mac: 'fa:16:3e:00:00:01',
  mtu: 1450,
  adminStateUp: true,
  firewall: null,
  storm: DEFAULT_STORM_CONTROL,
};

const COUNTERS: PortCounters = {
  rxPackets: 1,
  rxBytes: 2,
  txPackets: 3,
  txBytes: 4,
  drops: NO_DROPS,
};

function startGate() {
  const observed = new ObservedHosts();
  const desired = new DesiredHosts();
  const gate = new HostGate({
    desired,
    observed,
    answerMetadata: async ({ portId }) => plainAnswer(200, `you are ${portId}`),
    log: silentLog(),
    now: () => new Date(),
  });
  const come = (version = PROTOCOL_VERSION) => {
    const [inner, outer] = duplexPair();
    gate.accept(outer);
    return new Agent(inner, version);
  };
  return { gate, desired, observed, come, [Symbol.dispose]: () => gate.close() };
}

/** The other end: keeps what it hears. */
class Agent {
  readonly #link: LineLink<ToControl, ToAgent>;
  readonly #heard: ToAgent[] = [];
  #listener: () => void = () => undefined;
  ended = false;

  constructor(stream: ReturnType<typeof duplexPair>[0], version: number) {
    this.#link = new LineLink(stream, silentLog(), {
      line: (message) => {
        this.#heard.push(message);
        this.#listener();
      },
      end: () => {
        this.ended = true;
        this.#listener();
      },
    });
    this.say({ type: 'hello', version, facts: FACTS });
  }

  say(message: ToControl): void {
    this.#link.send(message);
  }

  leave(): void {
    this.#link.close();
  }

  /** What it was asked so far. */
  get questions() {
    return this.#heard.filter((message) => message.type === 'read');
  }

  /** Resolves when a message of this kind has come, or the stream has ended. */
  async hears(type: ToAgent['type'], id?: number): Promise<ToAgent | undefined> {
    const fits = (one: ToAgent) =>
      one.type === type && (id === undefined || ('id' in one && one.id === id));
    for (;;) {
      const message = this.#heard.find(fits);
      if (message || this.ended) return message;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#listener = resolve;
      await promise;
    }
  }
}

/** A gate with an agent that has been let in. */
async function meet() {
  const world = startGate();
  const agent = world.come();
  await agent.hears('full');
  const signal = AbortSignal.timeout(5000);
  return { ...world, agent, signal };
}

test('an agent of another version is turned away, and the host is not known', async () => {
  using world = startGate();
  const agent = world.come(PROTOCOL_VERSION - 1);
  assert.equal(await agent.hears('full'), undefined);
  assert.equal(agent.ended, true);
  assert.deepEqual(world.observed.hosts(), []);
});

test('counters that several want at once are read once, and again for those who come later', async () => {
  using world = await meet();
  const { gate, agent, signal } = world;
  const both = [gate.readCounters('h1', signal), gate.readCounters('h1', signal)];
  await agent.hears('read');
  agent.say({ type: 'answer', id: 1, text: JSON.stringify({ p: COUNTERS }) });
  for (const counters of await Promise.all(both))
    assert.deepEqual([...counters], [['p', COUNTERS]]);
  assert.deepEqual(agent.questions, [{ type: 'read', id: 1, what: 'counters' }]);
  const later = gate.readCounters('h1', signal);
  agent.say({ type: 'answer', id: 2, text: '{}' });
  assert.deepEqual([...(await later)], []);
});

test('one who loses patience takes the counters from nobody else', async () => {
  using world = await meet();
  const { gate, agent, signal } = world;
  const stop = new AbortController();
  const impatient = gate.readCounters('h1', stop.signal);
  const patient = gate.readCounters('h1', signal);
  stop.abort(new Error('enough'));
  await assert.rejects(impatient, /enough/);
  await assert.rejects(gate.readCounters('h1', stop.signal), /enough/);
  agent.say({ type: 'answer', id: 1, text: JSON.stringify({ p: COUNTERS }) });
  assert.equal((await patient).size, 1);
});

test('a host that never tells its counters is not waited for', async (t) => {
  using world = await meet();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = world.gate.readCounters('h1', world.signal);
  t.mock.timers.tick(10_000);
  await assert.rejects(asked, { name: 'Fault', kind: 'unavailable', code: 'HostSlow' });
});

test('a question is refused in the words of the host, or because there is no host', async () => {
  using world = await meet();
  const { gate, agent, signal } = world;
  const down = { name: 'Fault', kind: 'unavailable', code: 'HostDown' };
  await assert.rejects(gate.readCounters('h2', signal), down);
  const refused = [
    assert.rejects(gate.readCounters('h1', signal), { code: 'Odd', message: 'no 1' }),
    assert.rejects(gate.readConsole('h1', 's', 5, signal), { code: 'Odd', message: 'no 2' }),
  ];
  for (const id of [1, 2]) agent.say({ type: 'refusal', id, code: 'Odd', message: `no ${id}` });
  await Promise.all(refused);
  const left = [
    assert.rejects(gate.readCounters('h1', signal), down),
    assert.rejects(gate.readConsole('h1', 's', null, signal), down),
  ];
  agent.leave();
  await Promise.all(left);
});

test('a host is told of the metadata of its own ports, and of no others', async () => {
  using world = await meet();
  const { agent, desired } = world;
  desired.set('h1', 'ports', 'p1', PORT);
  desired.set('h2', 'ports', 'p2', { ...PORT, id: 'p2' });
  const statuses: number[] = [];
  for (const [id, portId] of ['p1', 'p2'].entries()) {
    agent.say({ type: 'ask', id, question: { portId, method: 'GET', path: '/', body: null } });
    const reply = await agent.hears('reply', id);
    if (reply?.type === 'reply') statuses.push(reply.answer.status);
  }
  assert.deepEqual(statuses, [200, 404]);
});
