/** What a running control says of itself in its state directory, so that other commands find it. */
import { readFileSync, rmSync } from 'node:fs';
import { isAlive, markProcess, type ProcessMark } from '#drivers/processes.ts';
import { statePaths } from '#platform/config.ts';
import { writePrivateFile } from './private-file.ts';

export type ControlRecord = {
  readonly process: ProcessMark;
  readonly url: string;
  readonly hypervisor: 'qemu' | 'fake';
  readonly dataplane: 'linux' | 'fake';
  readonly startedAt: string;
  /** False until every API answers. */
  readonly ready: boolean;
};

/** Written as soon as this process holds the database, and again when every API answers. */
export function writeControlRecord(stateDir: string, facts: Omit<ControlRecord, 'process'>): void {
  const mark = markProcess(process.pid);
  if (!mark) throw new Error('this process is not in /proc');
  const record: ControlRecord = { process: mark, ...facts };
  writePrivateFile(statePaths(stateDir).control, `${JSON.stringify(record)}\n`);
}

/** The control that runs on this state directory now, once its APIs answer. */
export function findControl(stateDir: string): ControlRecord | undefined {
  const record = findStartingControl(stateDir);
  return record?.ready === true ? record : undefined;
}

/** The control that runs on this state directory now, even if it is only about to come up. */
export function findStartingControl(stateDir: string): ControlRecord | undefined {
  let record: ControlRecord;
  try {
    record = JSON.parse(readFileSync(statePaths(stateDir).control, 'utf8')) as ControlRecord;
  } catch {
    return undefined; // never started, or ended as it should
  }
  return isAlive(record.process) ? record : undefined;
}

export function removeControlRecord(stateDir: string): void {
  rmSync(statePaths(stateDir).control, { force: true });
}
