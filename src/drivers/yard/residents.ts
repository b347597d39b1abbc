/** Who lives in a yard, found without any record of it. */
import { readlinkSync, statSync } from 'node:fs';
import {
  commandLine,
  fileMark,
  listPids,
  markProcess,
  readProc,
  type FileMark,
  type ProcessMark,
} from '../processes.ts';
import { KEEPER_MARK, YARD_NET_FILE, YARD_STATE_DIR } from './keeper-script.ts';

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

/** The yard's network namespace as a process of the yard with state directory `home` knows it. */
function yardNetworkOf(pid: number, home: FileMark): string | undefined {
  const state = fileMark(`/proc/${pid}/root${YARD_STATE_DIR}`);
  if (state === undefined || state.dev !== home.dev || state.ino !== home.ino) return undefined;
  const network = fileMark(`/proc/${pid}/root${YARD_NET_FILE}`);
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
