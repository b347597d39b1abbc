/** The yard and the Linux data plane against the real kernel, with and without root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonToSkip, runSuite, type Mode } from './as-user.ts';
import type { Check, CheckResult } from './check.ts';
import { dhcpChecks } from './dhcp-checks.ts';
import { linkChecks } from './link-checks.ts';
import { yardChecks } from './yard-checks.ts';

const suites: readonly (readonly [string, readonly Check<never>[]])[] = [
  ['yard', yardChecks],
  ['links', linkChecks],
  ['dhcp', dhcpChecks],
];
const modes: readonly Mode[] = ['root', 'rootless'];

for (const mode of modes) {
  const skip = reasonToSkip(mode) ?? false;
  for (const [suite, checks] of suites) {
    test(`${suite}, ${mode}`, { skip, timeout: 300_000 }, async (t) => {
      const { code, stdout, stderr } = await runSuite(mode, suite);
      const results = new Map<string, CheckResult>();
      for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
        const result = JSON.parse(line) as CheckResult;
        results.set(result.name, result);
      }
      for (const { name } of checks) {
        await t.test(name, () => {
          const result = results.get(name);
          assert.ok(result, `it was never run; the process ended with code ${code}:\n${stderr}`);
          assert.equal(result.error, null, result.error ?? '');
        });
      }
      assert.equal(code, 0, `the process ended with code ${code}:\n${stderr}`);
    });
  }
}
