/** The firewall under another kernel, one that tracks connections of bridged packets, which few machines have for tests. */
import { after, before, describe, test } from 'node:test';
import type { Check } from '../dataplane/check.ts';
import { testResults } from '../dataplane/suites.ts';
import { SUITES } from '../firewall/suites.ts';
import { kernelChecks } from './kernel-checks.ts';
import { openOtherKernel, type OtherKernel } from './other-kernel.ts';

const signal = AbortSignal.timeout(300_000);

/** Without KVM everything takes ten times as long, and each machine its time to boot. */
const runs: readonly (readonly [string, readonly Check<never>[], readonly string[]])[] = [
  ['the kernel', kernelChecks, ['node', 'test/other-kernel/program.ts']],
  ...Object.entries(SUITES).map(
    ([suite, checks]) =>
      [
        `the firewall: ${suite}`,
        checks,
        ['env', 'FIREWALL_SECONDS=20', 'node', 'test/firewall/program.ts', suite, '/tmp/state'],
      ] as const,
  ),
];

describe('under another kernel', { timeout: 300_000 }, () => {
  let kernel: OtherKernel;
  before(async () => {
    kernel = await openOtherKernel({ signal });
  });
  after(async () => await kernel[Symbol.asyncDispose]());

  for (const [name, checks, words] of runs) {
    test(name, async (t) => {
      await testResults(t, checks, await kernel.run(words, { signal }));
    });
  }
});
