/** A cloud of real processes for tests, in a directory of its own. `await using` ends all of it, whatever the test did. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findControl } from '#app/control-record.ts';
import type { CloudStatus } from '#cli/status.ts';
import { commandLine, isAlive, markProcess, signalProcess } from '#drivers/processes.ts';
import { attempt, start, type RunResult } from '#drivers/run.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { ensureYardAbsent, enterYard, findYard } from '#drivers/yard/yard.ts';
import { HttpClient, logIn } from './http-client.ts';
import { waitFor } from './wait-for.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
export const STACKYARD = join(REPOSITORY, 'bin', 'stackyard');

/** How a control process ended. */
export type ControlEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type RealCloudOptions = {
  readonly hypervisor?: 'qemu' | 'fake';
  readonly dataplane?: 'linux' | 'fake';
  /** More words for each `up`. */
  readonly args?: readonly string[];
};

/** Runs the command to its end, as a person would. */
export async function stackyard(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  return await attempt(STACKYARD, args, { signal: AbortSignal.timeout(120_000), env });
}

export class RealCloud implements AsyncDisposable {
  readonly stateDir: string;
  readonly #home: string;
  readonly #options: RealCloudOptions;
  readonly #clients = new Map<'admin' | 'demo', HttpClient>();
  #control: ChildProcess | undefined;
  #ended: Promise<ControlEnd> | undefined;

  private constructor(home: string, options: RealCloudOptions) {
    this.#home = home;
    this.stateDir = join(home, 'state');
    this.#options = options;
  }

  /** A directory for a cloud that has not been started yet. */
  static async make(options: RealCloudOptions = {}): Promise<RealCloud> {
    return new RealCloud(await mkdtemp(join(tmpdir(), 'stackyard-test-')), options);
  }

  static async start(options: RealCloudOptions = {}): Promise<RealCloud> {
    await using undo = new AsyncDisposableStack();
    const cloud = undo.use(await RealCloud.make(options));
    await cloud.up();
    undo.move();
    return cloud;
  }

  /** The words that say which cloud is meant. */
  get words(): readonly string[] {
    return ['--state-dir', this.stateDir];
  }

  get upWords(): readonly string[] {
    const { hypervisor = 'fake', dataplane = 'fake', args = [] } = this.#options;
    const drivers = ['--hypervisor', hypervisor, '--dataplane', dataplane];
    return ['up', ...this.words, '--listen', '127.0.0.1:0', ...drivers, ...args];
  }

  /** Starts control as a child of the test. Resolves when every API answers. */
  async up(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const ended = this.launch(env);
    const end = await Promise.race([ended, this.untilUp()]);
    assert.equal(end, undefined, `control ended at once: ${JSON.stringify(end)}\n${this.upLog()}`);
  }

  /** Starts control, which may die at any time. Resolves when it has ended. */
  async launch(env: Readonly<Record<string, string>> = {}): Promise<ControlEnd> {
    const out = openSync(join(this.#home, 'up.log'), 'w');
    const child = start(STACKYARD, this.upWords, {
      stdio: ['ignore', out, out],
      env: { ...process.env, ...env },
    });
    this.#control = child;
    const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.#ended = ended;
    return await ended;
  }

  /** Resolves when control has ended, however. */
  async ended(): Promise<ControlEnd> {
    assert.ok(this.#ended, 'control was never started');
    return await this.#ended;
  }

  /** Resolves when the control that was launched is up, or has ended. */
  async untilUp(): Promise<undefined> {
    const pid = this.#control?.pid;
    await waitFor(
      'control is up',
      () => findControl(this.stateDir)?.process.pid === pid || this.#control?.exitCode !== null,
      60_000,
    );
    return undefined;
  }

  upLog(): string {
    const log = join(this.#home, 'up.log');
    return existsSync(log) ? readFileSync(log, 'utf8') : '';
  }

  /** What control and agent have written down, for messages of failed tests. */
  logs(): string {
    const folder = join(this.stateDir, 'log');
    return readdirSync(folder)
      .map((name) => {
        const lines = readFileSync(join(folder, name), 'utf8').split('\n');
        const telling = lines.filter((line) => !line.includes('"msg":"request"'));
        return `--- ${name}\n${telling.slice(-40).join('\n')}`;
      })
      .join('\n');
  }

  async run(verb: string, ...args: string[]): Promise<RunResult> {
    return await stackyard([verb, ...this.words, ...args]);
  }

  async down(): Promise<void> {
    const { code, stderr } = await this.run('down');
    assert.equal(code, 0, stderr);
  }

  async status(): Promise<CloudStatus> {
    return JSON.parse((await this.run('status', '--json')).stdout) as CloudStatus;
  }

  /** Speaks over HTTP, with a token that is asked for once: it outlives control. */
  async as(who: 'admin' | 'demo'): Promise<HttpClient> {
    const known = this.#clients.get(who);
    if (known) return known;
    const url = () => findControl(this.stateDir)?.url ?? 'http://127.0.0.1:1';
    const password = readFileSync(join(this.stateDir, `${who}-password`), 'utf8').trim();
    const client = new HttpClient(url, await logIn(url(), who, password));
    this.#clients.set(who, client);
    return client;
  }

  /** `kill -9`, and nothing else, to one part of the cloud. Resolves when it has ended. */
  async kill(part: 'control' | 'agent' | 'keeper' | 'everything'): Promise<void> {
    if (part === 'control' || part === 'everything') await this.#killControl();
    const residents = listResidents(this.stateDir).filter(({ pid, keeper }) =>
      part === 'everything' ? true : part === 'keeper' ? keeper : part === 'agent' && isAgent(pid),
    );
    for (const mark of residents) signalProcess(mark, 'SIGKILL');
    await waitFor(`${part} has ended`, () => !residents.some(isAlive));
  }

  async #killControl(): Promise<void> {
    const control = findControl(this.stateDir)?.process ?? this.#mark();
    if (!control) return;
    signalProcess(control, 'SIGKILL');
    await waitFor('control has ended', () => !isAlive(control));
  }

  #mark() {
    const pid = this.#control?.pid;
    return pid === undefined ? undefined : markProcess(pid);
  }

  /** The process that the test started, up or not. */
  controlPid(): number | undefined {
    return this.#control?.pid;
  }

  /** The process of a server's guest. */
  guestPid(serverId: string): number | undefined {
    return listResidents(this.stateDir).find(({ pid }) => {
      const words = commandLine(pid);
      return words[0]?.includes('qemu-system') === true && words.includes(serverId);
    })?.pid;
  }

  agentPid(): number | undefined {
    return listResidents(this.stateDir).find(({ pid }) => isAgent(pid))?.pid;
  }

  /** Runs a command in the yard and returns what it printed. */
  async inYard(...argv: string[]): Promise<string> {
    const yard = findYard(this.stateDir);
    assert.ok(yard, 'there is a yard');
    const [command = '', ...args] = [...enterYard(yard, '/'), ...argv];
    const { code, stdout, stderr } = await attempt(command, args, {
      signal: AbortSignal.timeout(20_000),
    });
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** Runs a command in a guest and returns what it printed, trying until ssh answers. */
  async inGuest(server: string, ...argv: string[]): Promise<string> {
    return await waitFor(
      `ssh to ${server} works`,
      async () => {
        const { code, stdout } = await this.run('ssh', server, '--', ...argv);
        return code === 0 && stdout.trim();
      },
      60_000,
      100,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(this.stateDir)) {
      // Without a database there never was a cloud, and nothing to purge.
      const purge = existsSync(join(this.stateDir, 'stackyard.db')) ? ['--purge'] : [];
      const { code, stderr } = await this.run('down', ...purge);
      if (code !== 0) process.stderr.write(`down --purge: ${stderr}\n`);
    }
    const left = this.#mark();
    if (left) signalProcess(left, 'SIGKILL');
    if (existsSync(this.stateDir)) {
      await ensureYardAbsent(this.stateDir, { signal: AbortSignal.timeout(30_000), graceMs: 0 });
    }
    await rm(this.#home, { recursive: true, force: true });
  }
}

function isAgent(pid: number): boolean {
  return commandLine(pid).some((word) => word.endsWith('/agent/main.ts'));
}
