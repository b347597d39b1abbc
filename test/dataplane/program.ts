/** The process that runs checks: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import { ensureYard } from '../../src/drivers/yard/yard.ts';
import { runChecks, type Check } from './check.ts';
import { dhcpChecks } from './dhcp-checks.ts';
import { dhcpv6Checks } from './dhcpv6-checks.ts';
import { leavingNoYard, runInYard } from './in-yard.ts';
import { linkChecks } from './link-checks.ts';
import { churn, type DataplaneWorld } from './world.ts';
import { yardChecks } from './yard-checks.ts';

/** Suites that run inside a yard. */
const INSIDE: Readonly<Record<string, readonly Check<DataplaneWorld>[]>> = {
  links: linkChecks,
  dhcp: dhcpChecks,
  dhcpv6: dhcpv6Checks,
};

const [suite = '', stateDir = '', guestUid] = process.argv.slice(2);
const signal = AbortSignal.timeout(240_000);
const checks = INSIDE[suite];

if (suite === 'make-yard') {
  await ensureYard(stateDir, { signal });
} else if (suite === 'yard') {
  await using _yard = leavingNoYard(stateDir);
  await runChecks(yardChecks, { stateDir, signal });
} else if (suite === 'churn') {
  await churn({ stateDir, guestUid: guestUid === 'none' ? null : Number(guestUid), signal });
} else if (checks !== undefined) {
  await runInYard(import.meta.filename, suite, checks);
} else {
  throw new Error(`There is no suite '${suite}'.`);
}
