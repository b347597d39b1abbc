/** The QEMU driver with real guests in a yard, with and without root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult } from '../dataplane/check.ts';
import { reasonToSkip, runSuite, type Mode } from '../dataplane/as-user.ts';
import { openTinyImage } from '../support/tiny-image.ts';
import { hypervisorChecks } from './hypervisor-checks.ts';

/** Everything as root; without root what could differ: starting, being sandboxed, being found again. */
const suites: readonly (readonly [Mode, RegExp])[] = [
  ['root', /./],
  ['rootless', /no rights|predecessor died|broken off|not led elsewhere/],
];

for (const [mode, which] of suites) {
  const skip = reasonToSkip(mode) ?? false;
  test(`the QEMU driver, ${mode}`, { skip, timeout: 300_000 }, async (t) => {
    const only = hypervisorChecks.map(({ name }) => name).filter((name) => which.test(name));
    await using tiny = await openTinyImage(AbortSignal.timeout(240_000));
    const told = JSON.stringify({ image: tiny.image, only });
    const program = 'test/vm/hypervisor-program.ts';
    const { code, stdout, stderr } = await runSuite(mode, told, program);
    const results = new Map<string, CheckResult>();
    for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
      const result = JSON.parse(line) as CheckResult;
      results.set(result.name, result);
    }
    for (const name of only) {
      await t.test(name, (step) => {
        const result = results.get(name);
        assert.ok(result, `it was never run; the process ended with code ${code}:\n${stderr}`);
        step.diagnostic(`${Math.round(result.ms)} ms`);
        assert.equal(result.error, null, result.error ?? '');
      });
    }
    assert.equal(code, 0, `the process ended with code ${code}:\n${stderr}`);
  });
}
