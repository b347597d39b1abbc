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

for (const [suite, checks] of suites) {
  test(suite, { concurrency: modes.length }, async (t) => {
    await Promise.all(
      modes.map(async (mode) => {
        const skip = reasonToSkip(mode) ?? false;
        await t.test(mode, { skip, timeout: 300_000 }, async (own) => {
          const { code, stdout, stderr } = await runSuite(mode, suite);
          const results = new Map<string, CheckResult>();
          for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
            const result = JSON.parse(line) as CheckResult;
            results.set(result.name, result);
          }
          for (const { name } of checks) {
            await own.test(name, () => {
              const result = results.get(name);
              if (result === undefined) throw neverRan(code, stderr);
              if (result.error !== null) throw new Error(result.error);
            });
          }
          assert.equal(code, 0, `the process ended with code ${code}:\n${stderr}`);
        });
      }),
    );
  });
}

function neverRan(code: number, stderr: string): Error {
  return new Error(`it was never run; the process ended with code ${code}:\n${stderr}`);
}
