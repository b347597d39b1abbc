/** Starts the keeper: the small process that holds the yard's namespaces open. */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { Fault } from '#platform/fault.ts';
import { start } from '../run.ts';
import { JOIN_YARD, KEEPER_MARK, MAKE_YARD, YARD_NET_FILE } from './keeper-script.ts';
import { markProcess, type ProcessMark } from '../processes.ts';
import type { Resident } from './residents.ts';
import { lockPath, writeRecord } from './record.ts';

export type Keeper = { readonly mark: ProcessMark; readonly rootless: boolean };

/** Devices that guests open under a user of their own. Hosts often keep them for root. */
const DEVICES = ['/dev/net/tun', '/dev/kvm'];

/** What `flock` ends with when somebody else holds the lock. */
const LOCKED = 75;

/**
 * Makes a yard, or joins the one in which `residents` live, and writes down who keeps it.
 * Undefined when another process holds the yard's lock.
 */
export async function startKeeper(
  stateDir: string,
  residents: readonly Resident[],
  options: { readonly signal: AbortSignal },
): Promise<Keeper | undefined> {
  options.signal.throwIfAborted();
  const rootless = process.geteuid?.() !== 0;
  const resident = residents.find((one) => one.atHome) ?? residents[0];
  const words =
    resident === undefined ? makeWords(stateDir, rootless) : joinWords(resident.pid, rootless);
  const child = start('flock', lockWords(stateDir, words), {
    detached: true, // its own session: no terminal's Ctrl-C and no parent's end reaches it
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], [KEEPER_MARK]: '1' },
    cwd: '/',
  });
  try {
    const failure = await untilReady(child, options.signal);
    if (failure === LOCKED) return undefined;
    if (failure !== null) throw notMade(stateDir, failure);
    const mark = child.pid === undefined ? undefined : markProcess(child.pid);
    if (mark === undefined) throw notMade(stateDir, 'its keeper ended at once');
    const { pid, startTime, bootId } = mark;
    await writeRecord(stateDir, { keeper: { pid, startTime, bootId }, rootless });
    child.stdin?.write('go\n');
    return { mark, rootless };
  } finally {
    // A keeper that was not told `go` ends when its standard input does.
    child.stdin?.end();
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  }
}

/** Every program on the way becomes the next one, so the child's pid is the keeper's from the start. */
function lockWords(stateDir: string, words: readonly string[]): readonly string[] {
  return ['--nonblock', '--no-fork', '-E', String(LOCKED), lockPath(stateDir), ...words];
}

function makeWords(stateDir: string, rootless: boolean): readonly string[] {
  const user = rootless ? ['--user', '--map-root-user'] : [];
  const devices = rootless ? [] : DEVICES.flatMap(deviceWords);
  const unshare = ['unshare', ...user, '--net', '--mount', '--propagation', 'private'];
  return [...unshare, 'sh', '-c', MAKE_YARD, 'sh', stateDir, ...devices];
}

function joinWords(pid: number, rootless: boolean): readonly string[] {
  const user = rootless ? ['--user', '--preserve-credentials'] : [];
  const network = `--net=/proc/${pid}/root${YARD_NET_FILE}`;
  const nsenter = ['nsenter', '--target', String(pid), ...user, '--mount', network];
  return [...nsenter, '--', 'sh', '-c', JOIN_YARD];
}

/** Path, major and minor number of a device that this host has. */
function deviceWords(path: string): readonly string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isCharacterDevice()) return [];
  return [
    path,
    String((stat.rdev >> 8) & 0xfff),
    String((stat.rdev & 0xff) | ((stat.rdev >> 12) & 0xfff00)),
  ];
}

/** Null when the keeper says it is ready; else its exit code when that is `LOCKED`, or what went wrong. */
async function untilReady(
  child: ChildProcess,
  signal: AbortSignal,
): Promise<null | typeof LOCKED | string> {
  let said = '';
  let stderr = '';
  const ready = new Promise<null>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('ready\n')) resolve(null);
    });
  });
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.on('error', () => undefined); // it has ended; its exit code says why
  const ended = once(child, 'close', { signal }).then(([code]) =>
    code === LOCKED ? LOCKED : stderr.trim() || `its keeper ended with code ${String(code)}`,
  );
  const result = await Promise.race([ready, ended]);
  ended.catch(() => undefined); // the wait for its end is over, however it turns out
  return result;
}

function notMade(stateDir: string, why: string): Fault {
  return new Fault(
    'internal',
    'YardNotMade',
    `The yard of '${stateDir}' could not be made: ${why}. ` +
      `'stackyard doctor' says what this machine lacks.`,
  );
}
