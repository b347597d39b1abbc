/** Proves that KVM is only believed in after a guest has run under it, and that the answer is remembered. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findAccelerator, runProbeGuest } from './accelerator.ts';
import { engineFinding } from './probe.ts';

const { signal } = new AbortController();

/** A folder with a device that can be opened and a program that does what `script` says, counting its runs. */
async function fakeHost(t: TestContext, script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'accelerator-'));
  t.after(() => rm(folder, { recursive: true }));
  const device = join(folder, 'kvm');
  const program = join(folder, 'qemu-system-x86_64');
  const runs = join(folder, 'runs');
  await writeFile(device, '');
  await writeFile(runs, '');
  await writeFile(program, `#!/bin/sh\necho run >>${runs}\n${script}\n`);
  await chmod(program, 0o755);
  const probe = { program, version: '7.2.0', runAs: null, memory: join(folder, 'answer'), device };
  return { probe, runs: async () => (await readFile(runs, 'utf8')).length / 'run\n'.length };
}

test('the probe guest reaches 64-bit mode where CPUs are emulated', async () => {
  assert.equal(await runProbeGuest('qemu-system-x86_64', 'tcg', null, { signal }), null);
});

test('KVM is used when the probe guest has run, and asked again only after a change', async (t) => {
  const { probe, runs } = await fakeHost(t, 'echo 64');
  const kvm = { accelerator: 'kvm', reason: null };
  assert.deepEqual(await findAccelerator(probe, { signal }), kvm);
  assert.deepEqual(await findAccelerator(probe, { signal }), kvm);
  assert.equal(await runs(), 1);
  await findAccelerator({ ...probe, version: '8.0.0' }, { signal });
  assert.equal(await runs(), 2);
});

const failures = [
  { what: 'says nothing', script: 'exit 0', reason: /without a sign of life/ },
  { what: 'cannot start', script: 'echo "qemu: no KVM" >&2; exit 1', reason: /qemu: no KVM/ },
];

for (const { what, script, reason } of failures) {
  test(`without KVM that works, guests are emulated: the probe guest ${what}`, async (t) => {
    const { probe } = await fakeHost(t, script);
    const answer = await findAccelerator(probe, { signal });
    assert.equal(answer.accelerator, 'tcg');
    assert.match(answer.reason ?? '', reason);
    assert.deepEqual(await findAccelerator(probe, { signal }), answer);
  });
}

test('without a device no guest is run at all', async (t) => {
  const { probe, runs } = await fakeHost(t, 'echo 64');
  const answer = await findAccelerator({ ...probe, device: '/nonexistent/kvm' }, { signal });
  assert.match(answer.reason ?? '', /there is no \/nonexistent\/kvm/);
  assert.equal(await runs(), 0);
});

test('an answer that cannot be read is found anew', async (t) => {
  const { probe } = await fakeHost(t, 'echo 64');
  await writeFile(probe.memory, '{"accelerator": "kv');
  assert.equal((await findAccelerator(probe, { signal })).accelerator, 'kvm');
});

test('the doctor is content with emulation, and not with a QEMU that runs nothing', () => {
  assert.equal(engineFinding(null, null).ok, true);
  assert.match(engineFinding('it hung', null).said, /TCG.*it hung/);
  assert.equal(engineFinding('it hung', 'it died').ok, false);
});
