/** Proves that the fake keeps the promises of a hypervisor, and breaks them when told to. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DomainSpec, NicSpec } from '#base/host/domain.ts';
import { hypervisorContract } from '../contract.ts';
import { FakeHypervisor } from './fake-hypervisor.ts';

const { signal } = new AbortController();

async function stateDirOf(t: TestContext): Promise<string> {
  const stateDir = await mkdtemp(join(tmpdir(), 'fake-hypervisor-'));
  t.after(() => rm(stateDir, { recursive: true }));
  return stateDir;
}

function nicIn(slot: number): NicSpec {
  const mac = `fa:16:3e:00:00:0${slot}`;
  return { slot, portId: randomUUID(), mac, mtu: 1450, tap: `tap${slot}` };
}

function specWith(slots: readonly number[]): DomainSpec {
  return {
    id: randomUUID(),
    name: 'instance-00000001',
    vcpus: 1,
    memoryMib: 128,
    boot: { kind: 'disk' },
    rootDisk: null,
    ephemeralGib: 0,
    configDrive: null,
    nics: slots.map(nicIn),
    power: 'running',
    reboot: { count: 0, type: 'hard' },
  };
}

test('the fake hypervisor keeps the promises of every hypervisor', async (t) => {
  const stateDir = await stateDirOf(t);
  let current = new FakeHypervisor({ stateDir });
  const spec = specWith([0, 1, 3]);
  const world = {
    hypervisor: current,
    successor: async () => {
      current = new FakeHypervisor({ stateDir });
      return await Promise.resolve(current);
    },
    spec,
    spare: nicIn(2),
    booted: async () => await Promise.resolve(),
    kill: async () => await Promise.resolve(current.crash(spec.id)),
    signal,
  };
  for (const { name, run } of hypervisorContract) await t.test(name, async () => await run(world));
});

test('a failure is used up by the calls that it was meant for', async () => {
  const hypervisor = new FakeHypervisor({ stateDir: null });
  const [unlucky, lucky] = [specWith([]), specWith([])];
  hypervisor.setBehaviour({
    failures: [{ method: 'ensureStarted', match: unlucky.id, times: 2, message: 'no memory' }],
  });
  await hypervisor.ensureStarted(lucky, { signal });
  for (const _ of [1, 2]) {
    const start = hypervisor.ensureStarted(unlucky, { signal });
    await assert.rejects(start, { code: 'FakeFailure', message: 'no memory' });
  }
  await hypervisor.ensureStarted(unlucky, { signal });
  assert.deepEqual(await hypervisor.list({ signal }), [lucky.id, unlucky.id]);
});

test('behaviour can be changed from outside by a file, and back', async (t) => {
  const stateDir = await stateDirOf(t);
  const file = join(stateDir, 'fake-hypervisor.json');
  const hypervisor = new FakeHypervisor({ stateDir });
  await writeFile(file, JSON.stringify({ failures: [{ method: 'list' }] }));
  await assert.rejects(hypervisor.list({ signal }), { code: 'FakeFailure' });
  await rm(file);
  assert.deepEqual(await hypervisor.list({ signal }), []);
  await writeFile(file, JSON.stringify({ failures: 'all' }));
  await assert.rejects(hypervisor.list({ signal }), { code: 'InvalidFakeBehaviour' });
});

test('a delay slows down what changes something, and can be broken off', async () => {
  const hypervisor = new FakeHypervisor({ stateDir: null, behaviour: { delayMs: 60_000 } });
  const spec = specWith([]);
  const stop = new AbortController();
  const start = hypervisor.ensureStarted(spec, { signal: stop.signal });
  assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'absent');
  stop.abort();
  await assert.rejects(start, { name: 'AbortError' });
});

test('a guest that powers itself off is stopped, and whoever listens is told', async () => {
  const hypervisor = new FakeHypervisor({ stateDir: null });
  const spec = specWith([0]);
  const told: string[] = [];
  hypervisor.onChange((id) => told.push(id));
  await hypervisor.ensureStarted(spec, { signal });
  hypervisor.powerOff(spec.id);
  assert.deepEqual(told, [spec.id]);
  assert.deepEqual(await hypervisor.observe(spec.id, { signal }), {
    power: 'stopped',
    rebootCount: 0,
    nics: [],
  });
});
