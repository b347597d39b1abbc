/** `stackyard down`: ends control, agent and guests; with `--purge` the state directory too. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delay } from '#base/async.ts';
import { findControl, removeControlRecord } from '#app/control-record.ts';
import { endAgent } from '#app/host-agent.ts';
import { isAlive, signalProcess } from '#drivers/processes.ts';
import { ensureYardAbsent } from '#drivers/yard/yard.ts';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { stateDirOf } from './common.ts';
import { print, progress } from './terminal.ts';
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
  const control = findControl(stateDir);
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
  await ensureYardAbsent(stateDir, { signal });
  removeControlRecord(stateDir);
  if (purge) await removeStateDir(stateDir);
  print(purge ? `The cloud of '${stateDir}' is gone.` : `The cloud of '${stateDir}' is down.`);
  return 0;
}

async function removeStateDir(stateDir: string): Promise<void> {
  const { database, run } = statePaths(stateDir);
  if (!existsSync(database) && !existsSync(run)) {
    throw new Fault(
      'invalid',
      'NotAStateDir',
      `'${stateDir}' holds no cloud, so it is not removed. Look at it and remove it yourself.`,
    );
  }
  await rm(stateDir, { recursive: true, force: true });
}
