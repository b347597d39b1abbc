/** `stackyard down`: ends control, agent and guests; with `--purge` the state directory too. */
import { existsSync } from 'node:fs';
import { delay } from '#base/async.ts';
import { findStartingControl, removeControlRecord } from '#app/control-record.ts';
import { endAgent } from '#app/host-agent.ts';
import { checkStateDir, removeState } from '#app/state-dir.ts';
import { removeUplink } from '#app/uplink/uplink-keeper.ts';
import { isAlive, signalProcess } from '#drivers/processes.ts';
import { ensureYardAbsent } from '#drivers/yard/yard.ts';
import { stateDirOf } from './common.ts';
import { note, print, progress } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

/** Control gives guests some seconds to end by themselves; longer than this it should never need. */
const PATIENCE_MS = 60_000;

export async function down(args: VerbArgs): Promise<number> {
  const stateDir = stateDirOf(args);
  const purge = args.values['purge'] === true;
  const signal = AbortSignal.timeout(2 * PATIENCE_MS);
  if (!existsSync(stateDir)) {
    print(`There is no cloud in '${stateDir}'.`);
    return 0;
  }
  if (purge) checkStateDir(stateDir);
  const control = findStartingControl(stateDir);
  if (control) {
    progress('Stopping guests, agent and control ...');
    // SIGQUIT: guests whose disks go away need not end politely.
    signalProcess(control.process, purge ? 'SIGQUIT' : 'SIGTERM');
    const killFrom = Date.now() + PATIENCE_MS;
    while (isAlive(control.process)) {
      if (Date.now() > killFrom) signalProcess(control.process, 'SIGKILL');
      await delay(20, signal);
    }
  }
  // Whatever a control that was killed has left behind.
  await endAgent(stateDir, signal);
  await removeUplink(stateDir, signal);
  await ensureYardAbsent(stateDir, { signal });
  removeControlRecord(stateDir);
  if (purge) {
    const others = await removeState(stateDir);
    print(`The cloud of '${stateDir}' is gone.`);
    if (others.length > 0) note(`'${stateDir}' also holds ${others.join(', ')}: left there.`);
  } else {
    print(`The cloud of '${stateDir}' is down.`);
  }
  return 0;
}
