/** A cloud's way to the host and the outside, in a namespace that plays the host: as root, and without. */
import { test } from 'node:test';
import { runSuite, type Mode } from '../dataplane/as-user.ts';
import type { Check } from '../dataplane/check.ts';
import { testResults } from '../dataplane/suites.ts';
import { guestChecks } from './guest-checks.ts';
import { hostChecks } from './host-checks.ts';
import { makeHostWorld } from './host-world.ts';
import { rootlessChecks } from './rootless-checks.ts';

const skip = process.geteuid?.() === 0 ? false : 'only root can make a namespace play the host';
const PROGRAM = 'test/uplink/host-program.ts';
/** As if pasta were not installed. */
const WITHOUT_PASTA = 'mount --bind /dev/null "$(command -v pasta)" && exec "$@"';

function hostSuite(
  suite: string,
  mode: Mode,
  checks: readonly Check<never>[],
  before: readonly string[] = [],
): void {
  test(suite, { skip, timeout: 300_000 }, async (t) => {
    await using host = await makeHostWorld();
    const enter = [...host.enter, ...before];
    await testResults(t, checks, await runSuite(mode, suite, PROGRAM, enter));
  });
}

hostSuite('host', 'root', hostChecks);
hostSuite('guest', 'root', guestChecks);
hostSuite('pasta', 'rootless', rootlessChecks('pasta'));
hostSuite('slirp4netns', 'rootless', rootlessChecks('slirp4netns'), [
  ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', WITHOUT_PASTA, 'sh'],
]);
