/** A running `dnsmasq`: found, made to read its files again, ended. */
import { delay } from '#base/async.ts';
import {
  commandLine,
  fileMark,
  isAlive,
  listPids,
  markProcess,
  readProc,
  signalProcess,
  type FileMark,
  type ProcessMark,
} from '../../../processes.ts';

const GRACE_MS = 2_000;

/**
 * Every server that has its files in this directory, by the pid file that it was started with.
 * `home` is the directory itself: another cloud on this machine may have the same paths in its yard.
 */
export function findServers(directory: string, home: FileMark): ReadonlyMap<string, ProcessMark> {
  const servers = new Map<string, ProcessMark>();
  for (const pid of listPids()) {
    const words = commandLine(pid);
    if (words[0] !== 'dnsmasq') continue;
    const theirs = fileMark(`/proc/${pid}/root${directory}`);
    if (theirs?.ino !== home.ino || theirs.dev !== home.dev) continue;
    const pidFile = words.find((word) => word.startsWith(PID_FILE))?.slice(PID_FILE.length);
    const mark = markProcess(pid);
    if (pidFile !== undefined && mark !== undefined) servers.set(pidFile, mark);
  }
  return servers;
}

const PID_FILE = '--pid-file=';

/** Ends the server: it is asked first, then killed. */
export async function endProcess(process: ProcessMark): Promise<void> {
  if (!signalProcess(process, 'SIGTERM')) return;
  // Cleaning up must not stop because the caller gave up.
  const patience = AbortSignal.timeout(2 * GRACE_MS);
  const killFrom = Date.now() + GRACE_MS;
  while (isAlive(process)) {
    if (Date.now() > killFrom) signalProcess(process, 'SIGKILL');
    await delay(2, patience);
  }
}

/** SIGHUP, as the kernel writes sets of signals. */
const HANGUP = 1n;

/**
 * Has the server read its files again. Returns when whatever is asked from now on is answered from
 * the new files; false when it has ended.
 */
export async function reload(process: ProcessMark, signal: AbortSignal): Promise<boolean> {
  if (!signalProcess(process, 'SIGHUP')) return false;
  // Once the signal is no longer pending its handler has run, and dnsmasq looks at what the handler
  // left before it looks at the next packet. Until then it may still be about to take one.
  for (;;) {
    const status = readProc(`/proc/${process.pid}/status`) ?? '';
    const pending = [...status.matchAll(/^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)$/gm)];
    if (pending.every(([, set]) => (BigInt(`0x${set}`) & HANGUP) === 0n)) return isAlive(process);
    await delay(1, signal);
  }
}
