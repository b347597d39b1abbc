/** One `dnsmasq` for each network with DHCP, in a namespace of its own; found again after a restart. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DhcpSpec } from '#base/host/links.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { Fault } from '#platform/fault.ts';
import type { Logger } from '#platform/log.ts';
import {
  commandLine,
  fileMark,
  isAlive,
  markProcess,
  type ProcessMark,
} from '../../../processes.ts';
import type { Commands } from '../kernel.ts';
import { NETNS_DIR, serviceNamespace } from '../names.ts';
import { dhcpFiles, dnsmasqArguments, type DhcpFiles } from './dnsmasq-files.ts';
import { hostsText, namesText } from './dnsmasq-hosts.ts';
import { optionsText, unfitOptions } from './dnsmasq-options.ts';
import { endProcess, findServers, reload } from './dnsmasq-process.ts';
import type { HostUser } from './dnsmasq-user.ts';
import { ownersOf, planLeases, type Owners } from './leases.ts';

export type DhcpServersDeps = {
  /** Where each server has a directory named after its network. */
  readonly directory: string;
  readonly user: HostUser | null;
  readonly commands: Commands;
  readonly log: Logger;
};

/** A network that is to have a DHCP server. */
export type DhcpNetwork = { readonly id: string; readonly mtu: number; readonly dhcp: DhcpSpec };

/** What is remembered of one server, so that most changes need no look at the disk. */
type Server = {
  wanted: DhcpNetwork | null;
  process: ProcessMark | null;
  /** File contents by path. */
  readonly texts: Map<string, string>;
  served: Served;
};

/** What a running server has read. */
type Served = {
  /** Stands for the contents of all its files. */
  readonly key: string;
  /** Some hosts have a tag, see `hasTags`. */
  readonly tagged: boolean;
  readonly owners: Owners;
};

/** Nobody knows what was read: only a new start will do. */
const UNKNOWN: Served = { key: '', tagged: true, owners: {} };

const LOG_BYTES = 256 << 10;

export class DhcpServers {
  readonly #deps: DhcpServersDeps;
  readonly #servers = new Map<string, Server>();
  #adopted = false;

  constructor(deps: DhcpServersDeps) {
    this.#deps = deps;
  }

  /** Ids of networks of which a server or its files are there. */
  ids(): readonly string[] {
    this.#adopt();
    return [...this.#servers.keys()];
  }

  /** Networks whose server has ended though nobody asked it to. */
  fallen(): readonly DhcpNetwork[] {
    const fallen: DhcpNetwork[] = [];
    for (const { wanted, process } of this.#servers.values()) {
      if (wanted !== null && (process === null || !isAlive(process))) fallen.push(wanted);
    }
    return fallen;
  }

  /** Serves exactly what is wanted, at once. `linked`: its link was made or changed just now. */
  async ensure(
    network: DhcpNetwork,
    options: { readonly signal: AbortSignal; readonly linked: boolean },
  ): Promise<void> {
    const { signal, linked } = options;
    const files = this.#files(network.id);
    const server = await this.#server(network.id);
    server.wanted = network;
    for (const { portId, name } of unfitOptions(network.dhcp)) {
      const fields = { network: network.id, port: portId, option: name };
      this.#deps.log.warn(
        fields,
        'a DHCP option was left out: dnsmasq has no line for its name or value',
      );
    }
    const { dhcp } = network;
    const texts = [hostsText(dhcp), optionsText(dhcp), namesText(dhcp)] as const;
    await this.#ensureText(files.hosts, texts[0], server);
    await this.#ensureText(files.options, texts[1], server);
    await this.#ensureText(files.names, texts[2], server);
    const served = { key: keyOf(texts), tagged: hasTags(texts[0]), owners: ownersOf(dhcp) };

    const args = dnsmasqArguments(network.dhcp, network.mtu, files, this.#deps.user);
    const { process } = server;
    const fits =
      process !== null && isAlive(process) && !linked && isSame(commandLine(process.pid), args);
    if (fits && served.key === server.served.key) return;
    const isStale = async () => (await this.#leases(files, server, dhcp)).stale;
    if (fits && !server.served.tagged && !(await isStale())) {
      await this.#keepLogShort(files);
      // Looked at once more, since the old owner may have got a last lease before the server read the files.
      if ((await reload(process, signal)) && !(await isStale())) {
        await this.#keepServed(files, server, served);
        return;
      }
    }
    await this.#stop(server);
    await this.#start(network, server, args, signal);
    await this.#keepServed(files, server, served);
  }

  /** Ends the server and keeps its files. */
  async stop(networkId: string): Promise<void> {
    this.#adopt();
    const server = this.#servers.get(networkId);
    if (server !== undefined) await this.#stop(server);
  }

  /** Ends the server and removes every trace of it. */
  async ensureAbsent(networkId: string): Promise<void> {
    this.#adopt();
    const server = this.#servers.get(networkId);
    if (server === undefined) return;
    server.wanted = null;
    await this.#stop(server);
    await rm(join(this.#deps.directory, networkId), { recursive: true, force: true });
    this.#servers.delete(networkId);
  }

  async #start(
    network: DhcpNetwork,
    server: Server,
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { commands } = this.#deps;
    const files = this.#files(network.id);
    const { kept } = await this.#leases(files, server, network.dhcp);
    await writeFile(files.leases, kept);
    const namespace = join(NETNS_DIR, serviceNamespace(network.id));
    try {
      const enter = [`--net=${namespace}`, '--'];
      await commands.run('nsenter', [...enter, 'dnsmasq', ...args], { signal });
    } catch (error) {
      const said = error instanceof Fault ? error.detail['stderr'] : undefined;
      const why = typeof said === 'string' && said !== '' ? `: ${said}` : '';
      throw new Fault(
        'internal',
        'DhcpNotStarted',
        `The DHCP server of network ${network.id} could not be started${why}.`,
        { cause: error },
      );
    }
    // It returns when the server has its sockets and has written its pid.
    const pid = Number(await readFile(files.pid, 'utf8'));
    server.process = markProcess(pid) ?? null;
  }

  async #stop(server: Server): Promise<void> {
    const { process } = server;
    server.process = null;
    if (process !== null) await endProcess(process);
  }

  async #ensureText(path: string, text: string, server: Server): Promise<void> {
    if (server.texts.get(path) === text) return;
    server.texts.delete(path);
    await writeFile(path, text);
    await chmod(path, 0o644); // dnsmasq reads it again as another user
    server.texts.set(path, text);
  }

  /** Written only once it is true: an agent killed before that is followed by one that reloads. */
  async #keepServed(files: DhcpFiles, server: Server, served: Served): Promise<void> {
    server.served = served;
    await writeFile(files.served, JSON.stringify(served));
  }

  async #leases(
    files: DhcpFiles,
    { served }: Server,
    dhcp: DhcpSpec,
  ): Promise<ReturnType<typeof planLeases>> {
    return planLeases(await readIfThere(files.leases), dhcp, served.owners);
  }

  async #keepLogShort(files: DhcpFiles): Promise<void> {
    const { size } = await stat(files.log).catch(() => ({ size: 0 }));
    if (size > LOG_BYTES) await truncate(files.log);
  }

  /** What is remembered of the server; read from its files the first time. */
  async #server(id: string): Promise<Server> {
    this.#adopt();
    const server = this.#servers.get(id) ?? newServer(null);
    this.#servers.set(id, server);
    if (server.wanted !== null) return server;
    const files = this.#files(id);
    const directory = join(this.#deps.directory, id);
    await mkdir(directory, { recursive: true });
    await chmod(this.#deps.directory, 0o755);
    await chmod(directory, 0o755);
    server.served = readServed(await readIfThere(files.served));
    for (const path of [files.hosts, files.options, files.names]) {
      server.texts.set(path, await readIfThere(path));
    }
    return server;
  }

  /** Looks once for servers that an earlier agent has left running, by what they were started with. */
  #adopt(): void {
    if (this.#adopted) return;
    this.#adopted = true;
    const { directory } = this.#deps;
    const home = fileMark(directory);
    if (home === undefined) return;
    for (const id of readdirSync(directory)) this.#servers.set(id, newServer(null));
    const ids = new Map([...this.#servers.keys()].map((id) => [this.#files(id).pid, id]));
    for (const [pidFile, mark] of findServers(directory, home)) {
      const id = ids.get(pidFile);
      if (id !== undefined) this.#servers.set(id, newServer(mark));
    }
  }

  #files(id: string): DhcpFiles {
    return dhcpFiles(join(this.#deps.directory, id));
  }
}

/**
 * True when the server must be started anew instead of reloading. dnsmasq (2.86 to 2.90) links a
 * host's tag into a list on its stack when it answers that host, and crashes on it at the next reload.
 */
function hasTags(hosts: string): boolean {
  return hosts.includes(',set:');
}

function keyOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

function newServer(process: ProcessMark | null): Server {
  return { wanted: null, process, texts: new Map(), served: UNKNOWN };
}

/** True when a running `dnsmasq` was started with these arguments. */
function isSame(words: readonly string[], args: readonly string[]): boolean {
  return words.length === args.length + 1 && args.every((word, index) => words[index + 1] === word);
}

function readServed(text: string): Served {
  const { key, tagged, owners } = parse(text);
  const isWhole = typeof key === 'string' && typeof tagged === 'boolean' && isJsonObject(owners);
  return isWhole ? { key, tagged, owners: owners as Owners } : UNKNOWN;
}

/** Empty for a file that is not there or was half written when the power went. */
function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
