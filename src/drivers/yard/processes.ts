/** Facts about processes, read from /proc. A pid alone is never proof of anything. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { KEEPER_MARK, YARD_NET_FILE, YARD_STATE_DIR } from './keeper-script.ts';

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

/** A process that lives in a yard. */
export type Resident = ProcessMark & {
  /** True for the `sleep` that holds the yard open. */
  readonly keeper: boolean;
  /** True when it sees the yard as the keeper does, not from a network namespace nested in it. */
  readonly atHome: boolean;
};

/**
 * Every process in the yard of this state directory, found without any record of it: its /run holds
 * a yard's mark and, as `${YARD_STATE_DIR}`, this very directory. Processes that only entered the
 * yard's network count too. A process that this user may not look into is not found.
 */
export function listResidents(stateDir: string): readonly Resident[] {
  const home = statSync(stateDir);
  const pids = listPids();
  const inside = new Set<number>();
  const networks = new Set<string>();
  for (const pid of pids) {
    const network = yardNetworkOf(pid, home);
    if (network === undefined) continue;
    inside.add(pid);
    networks.add(network);
  }
  const own = networkOf('self');
  for (const pid of networks.size === 0 ? [] : pids) {
    const network = networkOf(pid);
    if (network !== undefined && network !== own && networks.has(network)) inside.add(pid);
  }
  const residents: Resident[] = [];
  for (const pid of inside) {
    const mark = markProcess(pid);
    if (mark === undefined) continue;
    const network = networkOf(pid);
    const atHome = network !== undefined && network === yardNetworkOf(pid, home);
    residents.push({ ...mark, keeper: isKeeper(pid), atHome });
  }
  return residents;
}

/** True when the process lives in the yard of this state directory. */
export function livesInYardOf(pid: number, stateDir: string): boolean {
  return yardNetworkOf(pid, statSync(stateDir)) !== undefined;
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

type FileMark = { readonly dev: number; readonly ino: number };

/** The yard's network namespace as a process of the yard with state directory `home` knows it. */
function yardNetworkOf(pid: number, home: FileMark): string | undefined {
  const state = statOf(`/proc/${pid}/root${YARD_STATE_DIR}`);
  if (state === undefined || state.dev !== home.dev || state.ino !== home.ino) return undefined;
  const network = statOf(`/proc/${pid}/root${YARD_NET_FILE}`);
  if (network === undefined || network.dev !== statSync('/proc/self/ns/net').dev) return undefined;
  return `net:[${network.ino}]`;
}

function isKeeper(pid: number): boolean {
  if (commandLine(pid)[0] !== 'sleep') return false;
  return readProc(`/proc/${pid}/environ`)?.split('\0').includes(`${KEEPER_MARK}=1`) ?? false;
}

function networkOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // it has ended, is a kernel thread, or belongs to somebody else
  }
}

function statOf(path: string): FileMark | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // it has ended, or belongs to somebody else
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it has ended, or belongs to somebody else
  }
}
