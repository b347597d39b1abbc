/** The process that runs checks: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import { start } from '../../src/drivers/run.ts';
import {
  ensureYard,
  ensureYardAbsent,
  enterYard,
  YARD_STATE_DIR,
} from '../../src/drivers/yard/yard.ts';
import { runChecks, type Check } from './check.ts';
import { dhcpChecks } from './dhcp-checks.ts';
import { linkChecks } from './link-checks.ts';
import { churn, clear, type DataplaneWorld } from './world.ts';
import { yardChecks } from './yard-checks.ts';

/** Suites that run inside a yard. */
const INSIDE: Readonly<Record<string, readonly Check<DataplaneWorld>[]>> = {
  links: linkChecks,
  dhcp: dhcpChecks,
};

/** The user that guests run as where the yard is root's. Any number that nobody has will do. */
const GUEST_UID = 64_055;

const [suite = '', stateDir = '', guestUid] = process.argv.slice(2);
const signal = AbortSignal.timeout(240_000);
const checks = INSIDE[suite];

if (suite === 'make-yard') {
  await ensureYard(stateDir, { signal });
} else if (suite === 'yard') {
  await using _yard = leavingNoYard();
  await runChecks(yardChecks, { stateDir, signal });
} else if (checks !== undefined && guestUid === undefined) {
  await using _yard = leavingNoYard();
  const yard = await ensureYard(stateDir, { signal });
  const again = [import.meta.filename, suite, YARD_STATE_DIR];
  const uid = yard.rootless ? 'none' : String(GUEST_UID);
  const [enter = '', ...words] = enterYard(yard);
  const args = [...words, process.execPath, ...again, uid];
  const child = start(enter, args, { stdio: 'inherit' });
  process.exitCode = await new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? 1));
  });
} else if (checks !== undefined || suite === 'churn') {
  const uid = guestUid === 'none' ? null : Number(guestUid);
  const world = { stateDir, guestUid: uid, signal };
  if (checks === undefined) await churn(world);
  else await runChecks(checks, world, clear);
} else {
  throw new Error(`There is no suite '${suite}'.`);
}

function leavingNoYard(): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await ensureYardAbsent(stateDir, { signal: AbortSignal.timeout(20_000), graceMs: 500 });
    },
  };
}
