/** Asks a guest to end by itself, as a person does who presses the power button. */
import { isAlive, type ProcessMark } from '../../processes.ts';
import type { CallOptions } from '../hypervisor.ts';
import { readGuestState } from './guest-state.ts';
import { isQmpUnreachable, type QmpConnection } from './qmp/connection.ts';

/** A domain whose process runs, with its control connection. */
export type Reached = { readonly process: ProcessMark; readonly qmp: QmpConnection };

/** A guest that is still booting does not hear the button. */
const PRESS_AGAIN_MS = 5_000;
const LOOK_AGAIN_MS = 100;

/** Presses the button until the guest has ended, or cannot, or `timeoutMs` have passed. */
export async function askToStop(
  { process, qmp }: Reached,
  timeoutMs: number,
  options: CallOptions,
): Promise<void> {
  const until = performance.now() + timeoutMs;
  let pressAt = 0;
  try {
    while (performance.now() < until && isAlive(process)) {
      // Paused, it could not answer; ended, it has.
      if ((await readGuestState(qmp, options)) !== 'running') return;
      const seen = qmp.eventCount;
      if (performance.now() >= pressAt) {
        await qmp.execute('system_powerdown', {}, options);
        pressAt = performance.now() + PRESS_AGAIN_MS;
      }
      await qmp.nextEvent(seen, LOOK_AGAIN_MS, options.signal);
    }
  } catch (cause) {
    if (!isQmpUnreachable(cause)) throw cause;
  }
}
