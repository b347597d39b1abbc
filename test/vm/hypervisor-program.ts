/** The process that runs checks of the QEMU driver: `node hypervisor-program.ts IMAGE_JSON STATE_DIR`. */
import { start } from '../../src/drivers/run.ts';
import {
  ensureYard,
  ensureYardAbsent,
  enterYard,
  YARD_STATE_DIR,
} from '../../src/drivers/yard/yard.ts';
import type { TinyImage } from '../../src/drivers/guest-image/tiny-image.ts';
import { runChecks } from '../dataplane/check.ts';
import { hypervisorChecks } from './hypervisor-checks.ts';
import { clear } from './hypervisor-world.ts';

/** The user that guests run as where the yard is root's. Any number that nobody has will do. */
const GUEST_UID = 64_056;

const [imageJson = '', stateDir = '', guestUid] = process.argv.slice(2);
const { image, only } = JSON.parse(imageJson) as { image: TinyImage; only: readonly string[] };
const signal = AbortSignal.timeout(270_000);

if (guestUid === undefined) {
  await using _ = {
    [Symbol.asyncDispose]: async () => {
      await ensureYardAbsent(stateDir, { signal: AbortSignal.timeout(20_000), graceMs: 500 });
    },
  };
  const yard = await ensureYard(stateDir, { signal });
  const uid = yard.rootless ? 'none' : String(GUEST_UID);
  const [enter = '', ...words] = enterYard(yard);
  const again = [process.execPath, import.meta.filename, imageJson, YARD_STATE_DIR, uid];
  const child = start(enter, [...words, ...again], { stdio: 'inherit' });
  process.exitCode = await new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? 1));
  });
} else {
  const uid = guestUid === 'none' ? null : Number(guestUid);
  const checks = hypervisorChecks.filter(({ name }) => only.length === 0 || only.includes(name));
  await runChecks(checks, { stateDir, guestUid: uid, image, signal }, clear);
}
