/** Runs checks inside a yard that is made for them and gone afterwards. */
import { start } from '../../src/drivers/run.ts';
import {
  ensureYard,
  ensureYardAbsent,
  enterYard,
  YARD_STATE_DIR,
} from '../../src/drivers/yard/yard.ts';
import { runChecks, type Check } from './check.ts';
import { clear, type DataplaneWorld } from './world.ts';

/** The user that guests run as where the yard is root's. Any number that nobody has will do. */
const GUEST_UID = 64_055;

/**
 * For a program that is started as `node PROGRAM SUITE STATE_DIR`: starts itself again inside a yard, with the user
 * that guests run as for one more word, and there runs the checks.
 */
export async function runInYard(
  program: string,
  suite: string,
  checks: readonly Check<DataplaneWorld>[],
): Promise<void> {
  const [, stateDir = '', guestUid] = process.argv.slice(2);
  const signal = AbortSignal.timeout(240_000);
  if (guestUid !== undefined) {
    const world = { stateDir, guestUid: guestUid === 'none' ? null : Number(guestUid), signal };
    await runChecks(checks, world, clear);
    return;
  }
  await using _yard = leavingNoYard(stateDir);
  const yard = await ensureYard(stateDir, { signal });
  const again = [program, suite, YARD_STATE_DIR, yard.rootless ? 'none' : String(GUEST_UID)];
  const [enter = '', ...words] = enterYard(yard);
  const child = start(enter, [...words, process.execPath, ...again], { stdio: 'inherit' });
  process.exitCode = await new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Whatever happens, the yard is gone when the scope ends. */
export function leavingNoYard(stateDir: string): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await ensureYardAbsent(stateDir, { signal: AbortSignal.timeout(20_000), graceMs: 500 });
    },
  };
}
