/** The firewall under another kernel, one that tracks connections of bridged packets, which few machines have for tests. */
import { after, before, describe, test } from 'node:test';
import { testResults } from '../dataplane/suites.ts';
import { SUITES } from '../firewall/suites.ts';
import { kernelChecks } from './kernel-checks.ts';
import { openOtherKernel, type OtherKernel } from './other-kernel.ts';

const signal = AbortSignal.timeout(300_000);

const KERNEL = [['node', 'test/other-kernel/program.ts'], kernelChecks] as const;

/** Everything takes ten times as long without KVM: less of what goes on for as long as it is let. */
const LESS = ['env', 'FIREWALL_SECONDS=10', 'FIREWALL_CHANGES=10'];

const FIREWALL = Object.entries(SUITES).map(([suite, checks]) => {
  const words = ['node', 'test/firewall/program.ts', suite, '/tmp/state'];
  return [[...LESS, ...words], checks] as const;
});

describe('under another kernel', { concurrency: 2, timeout: 300_000 }, () => {
  let kernel: OtherKernel;
  before(async () => {
    kernel = await openOtherKernel({ signal });
  });
  after(async () => await kernel[Symbol.asyncDispose]());

  for (const [words, checks] of [...FIREWALL, KERNEL]) {
    test(words.join(' '), async (t) => {
      await testResults(t, checks, await kernel.run(words, { signal }));
    });
  }
});
