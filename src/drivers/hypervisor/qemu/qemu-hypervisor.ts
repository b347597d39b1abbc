/** Guests as QEMU processes of this host, which outlive the agent and are found again by the next one. */
import { mkdir, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { delay } from '#base/async.ts';
import type { ConsoleRef } from '#base/host/console.ts';
import type { DomainSpec, DomainState, NicSpec } from '#base/host/domain.ts';
import type { Disks } from '../../disks/disks.ts';
import { isAlive, type ProcessMark } from '../../processes.ts';
import { Qcow2Disks } from '../../disks/qcow2/qcow2-disks.ts';
import { checkNic, checkSpec, checkTaps } from '../domain-spec.rules.ts';
import {
  domainNotRunning,
  domainPaused,
  domainStartFailed,
  domainStuck,
} from '../hypervisor.faults.ts';
import type { CallOptions, Hypervisor, HypervisorInfo, StopHow } from '../hypervisor.ts';
import { findAccelerator, type AcceleratorAnswer } from './accelerator.ts';
import { qemuArgv } from './argv.ts';
import { listCards, plugCard, unplugCard } from './cards.ts';
import {
  boundConsole,
  CONSOLE_LOG_BYTES,
  findSerialSocket,
  readConsoleLog,
  renewSerial,
} from './console.ts';
import { connectConsole } from './console-sockets.ts';
import { exists, makeDirectory, makeFiles, removeDisks, removeFiles } from './domain-files.ts';
import { checkSocketPaths, domainPaths, isDomainId, type DomainPaths } from './domain-paths.ts';
import {
  findRecord,
  isToBeRebuilt,
  recordOf,
  writeRecord,
  type DomainPhase,
} from './domain-record.ts';
import { checkIdentity, readGuestState } from './guest-state.ts';
import { listLinks, readCapacity, readQemuVersion, versionNumber } from './host-info.ts';
import {
  endProcess,
  findQemu,
  hasEnded,
  listQemuIds,
  searchQemu,
  startQemu,
  type RunAs,
} from './process.ts';
import { SerialPort } from './serial-port.ts';
import { askToStop, type Reached } from './soft-stop.ts';
import { isQmpUnreachable, openQmp, type QmpConnection, type QmpEvent } from './qmp/connection.ts';

export type QemuHypervisorOptions = {
  /** The cloud's state directory as this process sees it. Sockets are in it, so its path must be short. */
  readonly stateDir: string;
  /** The unprivileged user of the guests; needs an agent that is root. Taps must belong to it. */
  readonly runAs: RunAs;
  /** Told of trouble that no call has to answer for. */
  readonly onTrouble: (error: unknown) => void;
  readonly program?: string;
  readonly disks?: Disks;
  /** The size at which a console log is begun anew. */
  readonly consoleLogBytes?: number;
  /** How often its size is looked at. */
  readonly consoleCheckMs?: number;
  /** How long a guest may take to let go of a card. */
  readonly unplugTimeoutMs?: number;
};

const UNPLUG_MS = 20_000;
/** Nova's default for `shutdown_timeout`. */
const SOFT_STOP_MS = 60_000;
const STUCK_AGAIN_MS = 10_000;
/** QEMU writes what it holds of the disks back before it ends. */
const QUIT_MS = 15_000;
const UNDO_MS = 60_000;
/** A QEMU that another agent has just started needs a moment before it answers. */
const REACH_MS = 30_000;
const CONNECT_AGAIN_MS = 5;
const CONSOLE_CHECK_MS = 5_000;

/** Events after which a domain may be another than before. */
const CHANGES = new Set([
  'SHUTDOWN',
  'STOP',
  'RESUME',
  'RESET',
  'GUEST_PANICKED',
  'BLOCK_IO_ERROR',
  'DEVICE_DELETED',
]);

export class QemuHypervisor implements Hypervisor {
  readonly #options: QemuHypervisorOptions;
  readonly #program: string;
  readonly #disks: Disks;
  readonly #serversDir: string;
  readonly #connections = new Map<string, QmpConnection>();
  readonly #continuedAt = new Map<string, number>();
  /** Serial ports that somebody looks at. */
  readonly #serialPorts = new Map<string, Promise<SerialPort>>();
  readonly #listeners: ((id: string) => void)[] = [];
  readonly #consoleTimer: NodeJS.Timeout;
  readonly #closed = new AbortController();
  #bounding = false;
  #version: string | undefined;
  #accelerator: AcceleratorAnswer | undefined;

  constructor(options: QemuHypervisorOptions) {
    this.#options = options;
    this.#program = options.program ?? 'qemu-system-x86_64';
    this.#disks = options.disks ?? new Qcow2Disks();
    this.#serversDir = join(options.stateDir, 'servers');
    const checkMs = options.consoleCheckMs ?? CONSOLE_CHECK_MS;
    this.#consoleTimer = setInterval(() => void this.#boundConsoles(), checkMs).unref();
  }

  async info(options: CallOptions): Promise<HypervisorInfo> {
    await mkdir(this.#serversDir, { recursive: true, mode: 0o711 });
    const { accelerator, reason } = await this.#findAccelerator(options);
    const version = versionNumber(await this.#readVersion(options));
    const capacity = await readCapacity(this.#serversDir);
    return { type: 'QEMU', accelerator, acceleratorReason: reason, version, ...capacity };
  }

  async list(options: CallOptions): Promise<readonly string[]> {
    options.signal.throwIfAborted();
    const names = (await exists(this.#serversDir)) ? await readdir(this.#serversDir) : [];
    const running = listQemuIds(this.#serversDir);
    return [...new Set([...names.filter(isDomainId), ...running])];
  }

  async observe(id: string, options: CallOptions): Promise<DomainState> {
    const paths = this.#paths(id);
    const reached = await this.#reach(id, options);
    try {
      return await this.#look(id, reached, options);
    } catch (cause) {
      // It may have ended while it was looked at; then there is something to say all the same.
      if (!reached || !isQmpUnreachable(cause) || isAlive(reached.process)) throw cause;
      return await this.#look(id, await this.#reach(id, options), options);
    } finally {
      if (reached && (await findRecord(paths))?.phase === 'starting') {
        await this.#setPhase(paths, 'started');
      }
    }
  }

  async prepare(spec: DomainSpec, options: CallOptions): Promise<void> {
    checkSpec(spec);
    const paths = this.#paths(spec.id);
    const { power } = await this.observe(spec.id, options);
    if (power !== 'absent') return;
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.ensureAbsent(spec.id, { signal: AbortSignal.timeout(UNDO_MS) }));
    // No record yet: until it is started, what is there is disks and no domain.
    await makeDirectory(paths, this.#options.runAs);
    await this.#makeFiles(spec, options);
    undo.move();
  }

  async ensureStarted(spec: DomainSpec, options: CallOptions): Promise<void> {
    checkSpec(spec);
    const paths = this.#paths(spec.id);
    checkSocketPaths(paths);
    const { power } = await this.observe(spec.id, options);
    if (power === 'running' || power === 'paused') return await this.#setPhase(paths, 'started');
    checkTaps(spec.nics, await listLinks());
    const { accelerator } = await this.#findAccelerator(options);
    // A crashed guest may have a process still, which will never run again.
    await this.#endAll(spec.id, searchQemu(spec.id, paths.pidFile), 0, options);

    await using undo = new AsyncDisposableStack();
    const inTime = { signal: AbortSignal.timeout(UNDO_MS) };
    if (power === 'absent') undo.defer(() => this.ensureAbsent(spec.id, inTime));
    else undo.defer(() => this.ensureStopped(spec.id, { type: 'hard' }, inTime));
    const { runAs } = this.#options;
    const imagePath = (image: { readonly path: string }) => this.#imagePath(image);
    await makeDirectory(paths, runAs);
    // Before the record says that it was done: whoever is killed in between does it again.
    if (isToBeRebuilt(spec, await findRecord(paths))) await removeDisks(paths, spec);
    await writeRecord(paths, recordOf(spec, 'starting'));
    await this.#makeFiles(spec, options);
    const argv = qemuArgv(spec, { accelerator, paths, imagePath });
    const started = startQemu(this.#program, argv, runAs);
    undo.defer(started.release);
    const reached =
      started.process && (await this.#reachProcess(spec.id, started.process, options));
    if (!reached) throw domainStartFailed(spec.id, { stderr: (await started.ended).trim(), argv });
    started.release();
    await this.#setPhase(paths, 'started');
    undo.move();
  }

  async #makeFiles(spec: DomainSpec, options: CallOptions): Promise<void> {
    const facts = {
      paths: this.#paths(spec.id),
      disks: this.#disks,
      runAs: this.#options.runAs,
      imagePath: (image: { readonly path: string }) => this.#imagePath(image),
    };
    await makeFiles(spec, facts, options);
  }

  async ensurePaused(id: string, paused: boolean, options: CallOptions): Promise<void> {
    const { qmp } = await this.#reachRunning(id, paused ? 'paused' : 'continued', options);
    const state = await readGuestState(qmp, options);
    // Said only when it is news: each `stop` or `cont` is followed by an event that wakes whoever asked.
    if (paused && state === 'running') await qmp.execute('stop', {}, options);
    if (paused || state === 'running') return;
    if (state === 'stuck' && !this.#mayTryAgain(id)) throw domainStuck(id);
    await qmp.execute('cont', {}, options);
  }

  async ensureStopped(id: string, how: StopHow, options: CallOptions): Promise<void> {
    const paths = this.#paths(id);
    const reached = how.type === 'soft' ? await this.#reach(id, options) : null;
    const processes = reached ? [reached.process] : await this.#processes(id);
    // Said before it is done: if this agent is killed in between, the guest's end is no crash.
    await this.#setPhase(paths, 'stopped');
    if (reached) await askToStop(reached, how.softTimeoutMs ?? SOFT_STOP_MS, options);
    await this.#endAll(id, processes, QUIT_MS, options);
  }

  async ensureNic(id: string, nic: NicSpec, options: CallOptions): Promise<void> {
    checkNic(nic);
    checkTaps([nic], await listLinks());
    const { qmp } = await this.#reachRunning(id, 'given a network card', options);
    await plugCard(qmp, nic, options);
  }

  async ensureNicAbsent(id: string, portId: string, options: CallOptions): Promise<void> {
    const { power } = await this.observe(id, options);
    if (power === 'paused') throw domainPaused(id, portId);
    const reached = power === 'running' ? await this.#reach(id, options) : null;
    if (!reached) return;
    await unplugCard(reached.qmp, portId, this.#options.unplugTimeoutMs ?? UNPLUG_MS, options);
  }

  async ensureAbsent(id: string, options: CallOptions): Promise<void> {
    const paths = this.#paths(id);
    this.#continuedAt.delete(id);
    await this.#setPhase(paths, 'stopped');
    // Nothing of its disks will be read again: there is no reason to let it write them back.
    await this.#endAll(id, searchQemu(id, paths.pidFile), 0, options);
    await removeFiles(paths, this.#options.runAs, options);
  }

  async readConsole(id: string, lines: number | null, options: CallOptions): Promise<string> {
    options.signal.throwIfAborted();
    return await readConsoleLog(this.#paths(id), lines, this.#consoleLogBytes());
  }

  async openConsole(console: ConsoleRef, options: CallOptions): Promise<Duplex> {
    options.signal.throwIfAborted();
    if (console.type === 'serial') return (await this.#serialPort(console.server)).view();
    this.#connectionOf(console.server);
    const { vncSocket: path, takenVncSocket: taken } = this.#paths(console.server);
    return await connectConsole(console, { path, taken }, options);
  }

  onChange(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    clearInterval(this.#consoleTimer);
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    for (const connection of connections) connection.close();
    const ports = await Promise.allSettled(this.#serialPorts.values());
    for (const port of ports) if (port.status === 'fulfilled') port.value.close();
  }

  #serialPort(id: string): Promise<SerialPort> {
    const known = this.#serialPorts.get(id);
    if (known) return known;
    const options = { signal: this.#closed.signal };
    const paths = this.#paths(id);
    const connect = async () => {
      const qmp = this.#connectionOf(id);
      let path = await findSerialSocket(paths, qmp, options);
      if (path === undefined) {
        await renewSerial(paths, qmp, options);
        path = paths.serialSockets[0];
      }
      const where = { path, taken: paths.takenSerialSocket };
      return await connectConsole({ server: id, type: 'serial' }, where, options);
    };
    const forget = () => void (this.#serialPorts.get(id) === port && this.#serialPorts.delete(id));
    const port = SerialPort.open(connect, forget);
    this.#serialPorts.set(id, port);
    port.catch(forget);
    return port;
  }

  /**
   * The connection to a domain that runs. Whoever looks after the domain keeps one: a console is opened beside that and
   * must not get in the way.
   */
  #connectionOf(id: string): QmpConnection {
    const known = this.#connections.get(id);
    if (known && !known.closed) return known;
    throw domainNotRunning(id, 'watched');
  }

  #paths(id: string): DomainPaths {
    return domainPaths(this.#serversDir, id);
  }

  #imagePath(image: { readonly path: string }): string {
    return isAbsolute(image.path) ? image.path : join(this.#options.stateDir, image.path);
  }

  #consoleLogBytes(): number {
    return this.#options.consoleLogBytes ?? CONSOLE_LOG_BYTES;
  }

  async #readVersion(options: CallOptions): Promise<string> {
    this.#version ??= await readQemuVersion(this.#program, options);
    return this.#version;
  }

  async #findAccelerator(options: CallOptions): Promise<AcceleratorAnswer> {
    if (this.#accelerator) return this.#accelerator;
    const probe = {
      program: this.#program,
      version: await this.#readVersion(options),
      runAs: this.#options.runAs,
      memory: join(this.#options.stateDir, 'accelerator.json'),
    };
    this.#accelerator = await findAccelerator(probe, options);
    return this.#accelerator;
  }

  async #look(id: string, reached: Reached | null, options: CallOptions): Promise<DomainState> {
    const paths = this.#paths(id);
    const record = await findRecord(paths);
    const rebootCount = record?.rebootCount ?? 0;
    if (!reached) {
      if (!(await exists(paths.directory))) return { power: 'absent', rebootCount, nics: [] };
      const power = record?.phase === 'started' ? 'crashed' : 'stopped';
      return { power, rebootCount, nics: [] };
    }
    const state = await readGuestState(reached.qmp, options);
    switch (state) {
      case 'running':
      case 'paused':
      case 'stuck':
        return {
          power: state === 'running' ? state : 'paused',
          rebootCount,
          nics: await listCards(reached.qmp, options),
        };
      case 'ended':
        // The guest powered itself off: what is left of it is ours to put away.
        await this.ensureStopped(id, { type: 'hard' }, options);
        return { power: 'stopped', rebootCount, nics: [] };
      case 'broken':
        return { power: 'crashed', rebootCount, nics: [] };
    }
  }

  /** The domain's process and a connection to it; null when no process runs. */
  async #reach(id: string, options: CallOptions): Promise<Reached | null> {
    const [process] = await this.#processes(id);
    if (process) return await this.#reachProcess(id, process, options);
    this.#connections.get(id)?.close();
    return null;
  }

  /** The domain's processes: one or none, unless a start is under way or was broken off. */
  async #processes(id: string): Promise<readonly ProcessMark[]> {
    const paths = this.#paths(id);
    const process = await findQemu(id, paths.pidFile);
    if (process) return [process];
    const phase = (await findRecord(paths))?.phase;
    // Once it had started, there was a pid file.
    return phase === 'started' || phase === 'stopped' ? [] : searchQemu(id, paths.pidFile);
  }

  /** A connection to a process that may have been started just now; null when the process ends first. */
  async #reachProcess(
    id: string,
    process: ProcessMark,
    options: CallOptions,
  ): Promise<Reached | null> {
    const until = performance.now() + REACH_MS;
    while (isAlive(process)) {
      const known = this.#connections.get(id);
      if (known && !known.closed) return { process, qmp: known };
      try {
        return { process, qmp: await this.#connect(id, this.#paths(id), options) };
      } catch (cause) {
        if (!isQmpUnreachable(cause) || performance.now() > until) throw cause;
      }
      await delay(CONNECT_AGAIN_MS, options.signal);
    }
    return null;
  }

  async #connect(id: string, paths: DomainPaths, options: CallOptions): Promise<QmpConnection> {
    this.#closed.signal.throwIfAborted();
    const onEvent = ({ name }: QmpEvent) => {
      if (CHANGES.has(name)) this.#changed(id);
    };
    const onClose = () => {
      // One that never came about, or that was let go of on purpose, is no news.
      const known = this.#connections.get(id);
      if (!known?.closed) return;
      this.#connections.delete(id);
      this.#changed(id);
    };
    const connection = await openQmp(paths.qmpSocket, { onEvent, onClose }, options);
    try {
      await checkIdentity(connection, id, options);
    } catch (cause) {
      connection.close();
      throw cause;
    }
    this.#connections.set(id, connection);
    return connection;
  }

  /** The domain, when its CPUs run or are paused; else a fault that says what it cannot be. */
  async #reachRunning(id: string, verb: string, options: CallOptions): Promise<Reached> {
    const { power } = await this.observe(id, options);
    const isThere = power === 'running' || power === 'paused';
    const reached = isThere ? await this.#reach(id, options) : null;
    if (reached) return reached;
    throw domainNotRunning(id, verb);
  }

  /** Ends the processes, politely first when they are given time. */
  async #endAll(
    id: string,
    processes: readonly ProcessMark[],
    graceMs: number,
    options: CallOptions,
  ): Promise<void> {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    const [process] = processes;
    if (connection && process && graceMs > 0) {
      // A QEMU that does not take its leave is made to.
      await connection.execute('quit', {}, options).catch(() => options.signal.throwIfAborted());
      await hasEnded(process, graceMs, options);
    }
    connection?.close();
    for (const each of processes) await endProcess(each, graceMs, options);
  }

  /** A guest that got stuck is continued now and then, and not each time that somebody looks. */
  #mayTryAgain(id: string): boolean {
    const now = performance.now();
    if (now < (this.#continuedAt.get(id) ?? -Infinity) + STUCK_AGAIN_MS) return false;
    this.#continuedAt.set(id, now);
    return true;
  }

  async #setPhase(paths: DomainPaths, phase: DomainPhase): Promise<void> {
    const record = await findRecord(paths);
    if (record && record.phase !== phase) await writeRecord(paths, { ...record, phase });
  }

  #changed(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  async #boundConsoles(): Promise<void> {
    // One time may take longer than it is to the next.
    if (this.#bounding) return;
    this.#bounding = true;
    await this.#boundEach().finally(() => (this.#bounding = false));
  }

  async #boundEach(): Promise<void> {
    const signal = this.#closed.signal;
    for (const [id, qmp] of this.#connections) {
      const limit = this.#consoleLogBytes();
      try {
        await boundConsole(this.#paths(id), limit, this.#options.runAs, qmp, { signal });
      } catch (cause) {
        // The guest may have ended, or all of this been closed, in between.
        if (!qmp.closed && !signal.aborted) this.#options.onTrouble(cause);
      }
    }
  }
}
