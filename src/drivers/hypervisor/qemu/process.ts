/** QEMU processes: started so that they outlive the agent, found again, and ended. A pid alone is never trusted. */
import { constants, readlinkSync } from 'node:fs';
import { lchown, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { delay } from '#base/async.ts';
import { Fault } from '#platform/fault.ts';
import {
  commandLine,
  isAlive,
  listPids,
  markProcess,
  signalProcess,
  type ProcessMark,
} from '../../processes.ts';
import { start } from '../../run.ts';
import type { CallOptions } from '../hypervisor.ts';

/** The user that guests run as; null to run them as the agent's own. */
export type RunAs = { readonly uid: number; readonly gid: number } | null;

const POLL_MS = 10;
const KILL_MS = 10_000;
const MOST_SAID = 4000;
const MOST_PID_BYTES = 32;

/** A command to run as an unprivileged user that has no way back: no capability, no setuid program. */
export function unprivileged(
  runAs: RunAs,
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  if (!runAs) return { command, args };
  const drop = [
    `--reuid=${runAs.uid}`,
    `--regid=${runAs.gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--bounding-set=-all',
  ];
  return { command: 'setpriv', args: [...drop, '--', command, ...args] };
}

/** Hands a file or directory, never what a link points at, to the guests' user. */
export async function handOver(path: string, runAs: RunAs): Promise<void> {
  if (runAs) await lchown(path, runAs.uid, runAs.gid);
}

/** A QEMU that has just been started, and may still refuse its command line. */
export type StartedQemu = {
  /** Undefined when it has ended already. */
  readonly process: ProcessMark | undefined;
  /** Resolves with what it said on standard error, when the process has ended. */
  readonly ended: Promise<string>;
  /** Stops listening to it: from now on it lives by itself. */
  readonly release: () => void;
};

/**
 * Starts QEMU in a session of its own, so that nothing that befalls the agent reaches it. QEMU's own
 * `-daemonize` would do the same, but needs the right to fork, which its sandbox takes away.
 */
export function startQemu(program: string, argv: readonly string[], runAs: RunAs): StartedQemu {
  const { command, args } = unprivileged(runAs, program, argv);
  const child = start(command, args, {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MOST_SAID);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (cause) => resolve(cause.message));
    child.once('close', () => resolve(said));
  });
  const process = child.pid === undefined ? undefined : markProcess(child.pid);
  // Later complaints have no reader: QEMU goes on when it cannot write them.
  const release = () => {
    child.stderr?.destroy();
    child.unref();
  };
  return { process, ended, release };
}

/** The QEMU process of a domain, by its pid file; its command line must name the same file and the domain's UUID. */
export async function findQemu(id: string, pidFile: string): Promise<ProcessMark | undefined> {
  return markQemu(await readPid(pidFile), id, pidFile);
}

/**
 * Every QEMU process of a domain, those too that were started so lately that there is no pid file
 * yet, or whose pid file is lost. Looks at all processes of the host: not for everyday use.
 */
export function searchQemu(id: string, pidFile: string): readonly ProcessMark[] {
  return listPids()
    .map((pid) => markQemu(pid, id, pidFile))
    .filter((mark) => mark !== undefined);
}

/** Ids of domains below a directory for which QEMU runs in this network namespace. */
export function listQemuIds(serversDir: string): readonly string[] {
  const namespace = networkNamespace('self');
  const ids = new Set<string>();
  for (const pid of listPids()) {
    const argv = commandLine(pid);
    const id = valueAfter(argv, '-uuid');
    const pidFile = valueAfter(argv, '-pidfile');
    if (id === undefined || !pidFile?.startsWith(`${serversDir}/${id}/`)) continue;
    // Every cloud on this machine sees its own state directory under the same name.
    if (networkNamespace(String(pid)) === namespace && markProcess(pid)) ids.add(id);
  }
  return [...ids];
}

/** Resolves to true when the process has ended, to false when it has not after `ms`. */
export async function hasEnded(
  mark: ProcessMark,
  ms: number,
  options: CallOptions,
): Promise<boolean> {
  const until = performance.now() + ms;
  while (isAlive(mark)) {
    if (performance.now() > until) return false;
    await delay(POLL_MS, options.signal);
  }
  return true;
}

/** Ends the process: politely, and after `graceMs` for good. */
export async function endProcess(
  mark: ProcessMark,
  graceMs: number,
  options: CallOptions,
): Promise<void> {
  if (graceMs > 0) {
    signalProcess(mark, 'SIGTERM');
    if (await hasEnded(mark, graceMs, options)) return;
  }
  signalProcess(mark, 'SIGKILL');
  if (await hasEnded(mark, KILL_MS, options)) return;
  throw new Fault(
    'internal',
    'ProcessDoesNotEnd',
    `Process ${mark.pid} of a virtual machine does not end, not even when killed. Look for storage that hangs.`,
    { detail: { argv: commandLine(mark.pid) } },
  );
}

/** The process with this pid, when it is QEMU for the domain, or is just about to become it. */
function markQemu(pid: number, id: string, pidFile: string): ProcessMark | undefined {
  const argv = commandLine(pid);
  const isQemu = argv.some((arg) => basename(arg).startsWith('qemu-system-'));
  const isOurs = valueAfter(argv, '-uuid') === id && valueAfter(argv, '-pidfile') === pidFile;
  return isQemu && isOurs ? markProcess(pid) : undefined;
}

/** Reads a file that belongs to QEMU and therefore, in the worst case, to its guest: it may be anything. */
async function readPid(path: string): Promise<number> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  try {
    await using file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!(await file.stat()).isFile()) return NaN;
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MOST_PID_BYTES) });
    return Number(buffer.toString('latin1', 0, bytesRead));
  } catch {
    return NaN;
  }
}

function valueAfter(argv: readonly string[], flag: string): string | undefined {
  const at = argv.indexOf(flag);
  return at === -1 ? undefined : argv[at + 1];
}

function networkNamespace(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // the process has ended, or belongs to somebody else
  }
}
