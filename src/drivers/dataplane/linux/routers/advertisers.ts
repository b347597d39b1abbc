/** One `radvd` for each router that advertises IPv6 subnets; found again after a restart. */
import { chmod, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#platform/fault.ts';
import type { Logger } from '#platform/log.ts';
import { missingTools } from '../../../host-tools.ts';
import {
  commandLine,
  fileMark,
  isAlive,
  markProcess,
  signalProcess,
  type ProcessMark,
} from '../../../processes.ts';
import { endProcess } from '../dhcp/dnsmasq-process.ts';
import type { HostUser } from '../dhcp/dnsmasq-user.ts';
import type { Commands } from '../kernel.ts';
import { namespacePath } from './read-router.ts';

export type AdvertisersDeps = {
  /** Whom it becomes for all but setting the kernel's switches; null to stay who it is. */
  readonly user: HostUser | null;
  readonly commands: Commands;
  readonly log: Logger;
};

/** Without it routers route, but guests are not told of IPv6. */
export const RADVD = { command: 'radvd', package: 'radvd' } as const;

const LOG_BYTES = 64 << 10;

type Advertiser = { readonly conf: string; readonly process: ProcessMark };

export class Advertisers {
  readonly #deps: AdvertisersDeps;
  /** By router; null where there is none, nor anything of one. */
  readonly #known = new Map<string, Advertiser | null>();

  constructor(deps: AdvertisersDeps) {
    this.#deps = deps;
  }

  /** True when it should run and does not. */
  isFallen(routerId: string): boolean {
    const known = this.#known.get(routerId);
    return known !== undefined && known !== null && !isAlive(known.process);
  }

  /** Advertises exactly this; `directory` is the router's own. Nothing is done for what is already so. */
  async ensure(
    routerId: string,
    conf: string,
    options: { readonly directory: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const { directory, signal } = options;
    if (conf === '') return await this.ensureAbsent(routerId, directory);
    if (missingTools([RADVD]).length > 0) {
      const remedy = `apt-get install -y --no-install-recommends ${RADVD.package} (as root)`;
      const fields = { router: routerId, remedy };
      this.#deps.log.warn(fields, 'guests are not told of IPv6: there is no radvd on this host');
      return;
    }
    const files = advertiserFiles(directory);
    let running = await this.#find(routerId, directory);
    if (running !== null && !isInside(routerId, running.process)) {
      await endProcess(running.process);
      running = null;
    }
    if (running !== null && running.conf === conf) return;
    await writeFile(files.conf, conf);
    await chmod(files.conf, 0o644); // it is read again as another user
    await keepShort(files.log);
    if (running !== null && signalProcess(running.process, 'SIGHUP')) {
      this.#known.set(routerId, { conf, process: running.process });
      return;
    }
    await this.#start(routerId, conf, { files, signal });
  }

  /** Forgets a router that is gone with its directory. */
  forget(routerId: string): void {
    this.#known.delete(routerId);
  }

  /** Ends it, which has it tell guests that it goes. */
  async ensureAbsent(routerId: string, directory: string): Promise<void> {
    if (this.#known.get(routerId) === null) return;
    const running = await this.#find(routerId, directory);
    if (running !== null) await endProcess(running.process);
    const { conf, pid, log } = advertiserFiles(directory);
    for (const path of [conf, pid, log]) await rm(path, { force: true });
    this.#known.set(routerId, null);
  }

  async #start(
    routerId: string,
    conf: string,
    options: { readonly files: AdvertiserFiles; readonly signal: AbortSignal },
  ): Promise<void> {
    const { files, signal } = options;
    const { user, commands } = this.#deps;
    this.#known.delete(routerId);
    const words = [
      `--config=${files.conf}`,
      `--pidfile=${files.pid}`,
      '--logmethod=logfile',
      `--logfile=${files.log}`,
      ...(user === null ? [] : [`--username=${user.user}`]),
    ];
    const enter = [`--net=${namespacePath(routerId)}`, '--'];
    try {
      await rm(files.pid, { force: true });
      await commands.run('nsenter', [...enter, RADVD.command, ...words], { signal });
      const process = markProcess(Number(await readFile(files.pid, 'utf8')));
      if (process === undefined) throw new Error(await readFile(files.log, 'utf8'));
      this.#known.set(routerId, { conf, process });
    } catch (cause) {
      signal.throwIfAborted();
      const message = `The router ${routerId} routes, but does not advertise its IPv6 subnets: radvd could not be started. Its log is ${files.log}.`;
      throw new Fault('internal', 'AdvertiserNotStarted', message, { cause });
    }
  }

  /** The process that runs with the router's files, whoever started it. */
  async #find(routerId: string, directory: string): Promise<Advertiser | null> {
    const known = this.#known.get(routerId);
    if (known !== undefined) return known !== null && isAlive(known.process) ? known : null;
    const files = advertiserFiles(directory);
    const pid = Number(await readIfThere(files.pid));
    if (!Number.isInteger(pid) || pid <= 0) return null;
    const words = commandLine(pid);
    const process = markProcess(pid);
    if (words[0] !== RADVD.command || !words.includes(`--pidfile=${files.pid}`)) return null;
    // Another cloud on this machine may have the same paths in its yard.
    const [home, theirs] = [fileMark(directory), fileMark(`/proc/${pid}/root${directory}`)];
    if (home?.ino !== theirs?.ino || home?.dev !== theirs?.dev) return null;
    if (process === undefined) return null;
    const found = { conf: await readIfThere(files.conf), process };
    this.#known.set(routerId, found);
    return found;
  }
}

type AdvertiserFiles = ReturnType<typeof advertiserFiles>;

function advertiserFiles(directory: string) {
  const file = (name: string) => join(directory, name);
  return { conf: file('radvd.conf'), pid: file('radvd.pid'), log: file('radvd.log') };
}

/** Not when the router's namespace was made anew: whoever was in the old one keeps it, and is heard by nobody. */
function isInside(routerId: string, { pid }: ProcessMark): boolean {
  return fileMark(`/proc/${pid}/ns/net`)?.ino === fileMark(namespacePath(routerId))?.ino;
}

async function keepShort(path: string): Promise<void> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size > LOG_BYTES) await truncate(path);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
