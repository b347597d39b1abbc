/** Floods, loops and lies against the real kernel: one network at a time, since they take what the machine has. */
import { test } from 'node:test';
import { reasonToSkip, runSuite } from '../dataplane/as-user.ts';
import { testResults } from '../dataplane/suites.ts';
import { claimChecks } from './claim-checks.ts';
import { stormChecks } from './storm-checks.ts';

const mode = reasonToSkip('root') === null ? 'root' : 'rootless';

test('storm', { skip: reasonToSkip(mode) ?? false, timeout: 300_000 }, async (t) => {
  await testResults(
    t,
    [...stormChecks, ...claimChecks],
    await runSuite(mode, 'storm', 'test/storm/program.ts'),
  );
});
