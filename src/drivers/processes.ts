/** Facts about processes, read from /proc. A pid alone is never proof of anything. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** One process, once: no later process can have the same three values. */
export type ProcessMark = {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
  readonly bootId: string;
};

/** The mark of a process that lives now; undefined when there is none, or only its zombie. */
export function markProcess(pid: number): ProcessMark | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command name, in parentheses, may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (state === undefined || startTime === undefined || state === 'Z' || state === 'X') {
    return undefined;
  }
  return { pid, startTime, bootId: bootId() };
}

/** True when exactly this process still lives. */
export function isAlive(mark: ProcessMark): boolean {
  const now = markProcess(mark.pid);
  return now !== undefined && now.startTime === mark.startTime && now.bootId === mark.bootId;
}

/** Sends a signal to exactly this process; false when it has ended or is not ours to end. */
export function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): boolean {
  if (!isAlive(mark)) return false;
  try {
    return process.kill(mark.pid, signal);
  } catch {
    return false;
  }
}

/** The words of a process's command line; empty when it has ended or may not be read. */
export function commandLine(pid: number): readonly string[] {
  return readProc(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
}

/** Pids of all processes that can be seen. */
export function listPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export type FileMark = { readonly dev: number; readonly ino: number };

/** Which file a path under /proc leads to; undefined when there is none or it may not be known. */
export function fileMark(path: string): FileMark | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // the process has ended, or belongs to somebody else
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** A file of /proc; undefined when its process has ended or belongs to somebody else. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
