/** Suites of checks as tests: each runs in a process of its own, as root and as a user without rights. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { RunResult } from '../../src/drivers/run.ts';
import { reasonToSkip, runSuite, type Mode } from './as-user.ts';
import type { Check, CheckResult } from './check.ts';

const MODES: readonly Mode[] = ['root', 'rootless'];

/** `program` is what runs the suite's checks when it is given the suite's name. */
export function testSuite(suite: string, checks: readonly Check<never>[], program?: string): void {
  test(suite, { concurrency: MODES.length }, async (t) => {
    await Promise.all(
      MODES.map(async (mode) => {
        const skip = reasonToSkip(mode) ?? false;
        await t.test(mode, { skip, timeout: 300_000 }, async (own) => {
          await testResults(own, checks, await runSuite(mode, suite, program));
        });
      }),
    );
  });
}

/** One test for each check, by what the process that ran them has said. */
export async function testResults(
  t: TestContext,
  checks: readonly Check<never>[],
  { code, stdout, stderr }: RunResult,
): Promise<void> {
  const results = new Map<string, CheckResult>();
  for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
    const result = JSON.parse(line) as CheckResult;
    results.set(result.name, result);
  }
  for (const { name } of checks) {
    await t.test(name, () => {
      const result = results.get(name);
      if (result === undefined) throw neverRan(code, stderr);
      if (result.error !== null) throw new Error(result.error);
    });
  }
  assert.equal(code, 0, `the process ended with code ${code}:\n${stderr}`);
}

function neverRan(code: number, stderr: string): Error {
  return new Error(`it was never run; the process ended with code ${code}:\n${stderr}`);
}
