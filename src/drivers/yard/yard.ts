/**
 * The yard: the network and mount namespace (and user namespace, when not root) in which every link,
 * rule, DHCP server and guest of one cloud lives. It outlives control and agent.
 */
import { realpathSync, statSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay } from '#base/async.ts';
import { Fault } from '#platform/fault.ts';
import { startKeeper } from './keeper.ts';
import { isAlive, signalProcess } from '../processes.ts';
import { listResidents, type Resident } from './residents.ts';
import { lockPath, readLiveRecord, recordPath, writeRecord } from './record.ts';

export { YARD_STATE_DIR } from './keeper-script.ts';

export type Yard = {
  /** As seen from outside, without symbolic links; inside it is `YARD_STATE_DIR`. */
  readonly stateDir: string;
  /** The process that holds the namespaces open. */
  readonly keeperPid: number;
  /** In a user namespace: root inside is the ordinary user who made it outside. */
  readonly rootless: boolean;
};

export type YardOptions = { readonly signal: AbortSignal };

/** How long another start may take to make the yard before this one gives up waiting for it. */
const PATIENCE_MS = 10_000;

/** How long the yard's processes have to end by themselves before they are killed. */
const GRACE_MS = 3_000;

/** How long a killed process may take to be gone. */
const DEATH_MS = 5_000;

/**
 * Finds the yard of this state directory, or makes it. If its keeper has died, the yard is found
 * again through any process that still lives in it. Safe to call from several processes at once.
 */
export async function ensureYard(stateDir: string, options: YardOptions): Promise<Yard> {
  await mkdir(join(stateDir, 'run'), { recursive: true, mode: 0o711 });
  const home = realpathSync(stateDir);
  const found = findYard(home);
  if (found !== undefined) return found;

  // Guests run under a user of their own and must reach their disks; every secret in the directory
  // is a file that only its owner can read.
  for (const directory of [home, join(home, 'run')]) {
    const mode = statSync(directory).mode & 0o7777;
    if ((mode & 0o011) !== 0o011) await chmod(directory, mode | 0o011);
  }

  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const keeper = await startKeeper(home, listResidents(home), options);
    if (keeper !== undefined) return yardOf(home, keeper.mark.pid, keeper.rootless);
    // Somebody else holds the lock: another start that will soon have made the yard, or a keeper
    // whose record was lost.
    await delay(20, options.signal);
    const made = findYard(home) ?? (await recoverRecord(home));
    if (made !== undefined) return made;
  }
  throw new Fault(
    'unavailable',
    'YardBusy',
    `Another process has been making the yard of '${home}' for ${PATIENCE_MS / 1000} s. ` +
      `See who holds '${lockPath(home)}' with 'fuser', end it, and try again.`,
  );
}

/** The yard of this state directory, when its keeper lives. Asks nobody and starts nothing. */
export function findYard(stateDir: string): Yard | undefined {
  let home: string;
  try {
    home = realpathSync(stateDir);
  } catch {
    return undefined; // no state directory, no yard
  }
  const record = readLiveRecord(home);
  return record === undefined ? undefined : yardOf(home, record.keeper.pid, record.rootless);
}

/**
 * The words to put before a command so that it runs inside the yard: as root when the yard was made
 * by root, else as root of its user namespace. It starts in `cwd` where that can be seen from
 * inside (this process's own when not given), else in `/`.
 */
export function enterYard(yard: Yard, cwd: string = process.cwd()): readonly string[] {
  const user = yard.rootless ? ['--user', '--preserve-credentials'] : [];
  const nsenter = ['nsenter', '--target', String(yard.keeperPid), ...user, '--mount', '--net'];
  return [...nsenter, '--', 'sh', '-c', ENTER, 'sh', cwd];
}

/** An ordinary user's PATH often lacks the folders of `ip`, `nft` and `dnsmasq`. */
const ENTER =
  'cd "$1" 2>/dev/null || cd /; shift; PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; exec "$@"';

/**
 * Ends every process that lives in the yard, the keeper last; with them go all links, rules and
 * mounts. Without a yard it does nothing. The state directory stays, without the yard's record.
 */
export async function ensureYardAbsent(
  stateDir: string,
  options: YardOptions & { readonly graceMs?: number },
): Promise<void> {
  let home: string;
  try {
    home = realpathSync(stateDir);
  } catch {
    return; // no state directory, no yard
  }
  const killFrom = Date.now() + (options.graceMs ?? GRACE_MS);
  const asked = new Set<number>();
  for (;;) {
    options.signal.throwIfAborted();
    const residents = listResidents(home);
    if (residents.length === 0) break;
    if (residents.some((resident) => resident.pid === process.pid)) throw insideItself(home);
    const guests = residents.filter((resident) => !resident.keeper);
    // Whoever is left may start others while it ends, so look again until nobody is.
    const turn = guests.length > 0 ? guests : residents;
    const patient = guests.length > 0 && Date.now() < killFrom;
    for (const resident of turn) {
      if (!patient) signalProcess(resident, 'SIGKILL');
      else if (!asked.has(resident.pid)) signalProcess(resident, 'SIGTERM');
      asked.add(resident.pid);
    }
    await endOf(turn, patient ? killFrom : Date.now() + DEATH_MS, options.signal);
    const left = turn.filter(isAlive);
    if (!patient && left.length > 0) throw doNotEnd(home, left);
  }
  await rm(recordPath(home), { force: true });
  await rm(lockPath(home), { force: true });
}

/** The record was lost, but its keeper lives: writes it anew. */
async function recoverRecord(home: string): Promise<Yard | undefined> {
  const keeper = listResidents(home).find((resident) => resident.keeper);
  if (keeper === undefined) return undefined;
  const { pid, startTime, bootId } = keeper;
  const rootless = process.geteuid?.() !== 0;
  await writeRecord(home, { keeper: { pid, startTime, bootId }, rootless });
  return findYard(home);
}

async function endOf(
  residents: readonly Resident[],
  until: number,
  signal: AbortSignal,
): Promise<void> {
  while (residents.some(isAlive) && Date.now() < until) await delay(5, signal);
}

function yardOf(stateDir: string, keeperPid: number, rootless: boolean): Yard {
  return { stateDir, keeperPid, rootless };
}

function insideItself(home: string): Fault {
  return new Fault(
    'conflict',
    'InsideTheYard',
    `The yard of '${home}' cannot be removed by a process that lives in it. Run this outside.`,
  );
}

function doNotEnd(home: string, left: readonly Resident[]): Fault {
  const pids = left.map((resident) => resident.pid).join(', ');
  return new Fault(
    'internal',
    'YardStillInhabited',
    `Processes ${pids} in the yard of '${home}' were killed and have not ended. ` +
      `Look at them with 'ps -o pid,stat,wchan,cmd -p ${pids.replaceAll(' ', '')}' and try again.`,
  );
}
