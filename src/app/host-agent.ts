/** The embedded host: the yard, and the agent's process in it, kept alive as long as control lives. */
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay } from '#base/async.ts';
import {
  commandLine,
  isAlive,
  markProcess,
  signalProcess,
  type ProcessMark,
} from '#drivers/processes.ts';
import { start } from '#drivers/run.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { ensureYard, enterYard, YARD_STATE_DIR } from '#drivers/yard/yard.ts';
import { statePaths, type CloudConfig } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import type { HostGate } from '#platform/host/host-gate.ts';
import { PROTOCOL_VERSION } from '#platform/host/host-protocol.ts';
import type { Logger } from '#platform/log.ts';

export type HostAgentOptions = {
  readonly config: CloudConfig;
  readonly host: string;
  readonly gate: HostGate;
  readonly log: Logger;
};

const WATCH_MS = 250;
/** An agent that cannot be started is tried every two seconds: often enough for work that waits for it. */
const SLOWEST = 3;
const AGENT = join(dirname(fileURLToPath(import.meta.url)), '../agent/main.ts');

/** Opens the door that agents come through, and sees to it that one is there. */
export class HostAgent {
  readonly #options: HostAgentOptions;
  readonly #server: Server;
  readonly #stop = new AbortController();
  /** Agents that came before they are heard. */
  readonly #early = new Set<Socket>();
  #open = false;
  #watching: Promise<void> = Promise.resolve();
  #agent: ProcessMark | undefined;

  private constructor(options: HostAgentOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** An agent may come before it is let in by `letIn`. */
  static async open(options: HostAgentOptions): Promise<HostAgent> {
    const { agentSocket } = statePaths(options.config.stateDir);
    // A socket that a killed control has left; the lock on the database says that no other control lives.
    rmSync(agentSocket, { force: true });
    const agent = new HostAgent(options);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once('error', reject);
      agent.#server.listen(agentSocket, resolve);
    });
    // Whoever can open it speaks for the host.
    chmodSync(agentSocket, 0o600);
    await agent.#ensure();
    agent.#watching = agent.#watch();
    return agent;
  }

  /** From now on whoever comes is heard. */
  letIn(): void {
    this.#open = true;
    for (const socket of this.#early) this.#accept(socket);
    this.#early.clear();
  }

  /** Leaves the agent and all that it looks after running. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    this.#server.close();
    for (const socket of this.#early) socket.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#open) {
      if (!socket.destroyed) this.#options.gate.accept(socket);
      return;
    }
    this.#early.add(socket);
    // One that breaks is followed by another: the agent comes again.
    socket.on('error', () => this.#early.delete(socket));
  }

  async #watch(): Promise<void> {
    const { log } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        await delay(WATCH_MS * 2 ** Math.min(failures, SLOWEST), this.#stop.signal);
        failures = (await this.#ensure()) ? failures + 1 : 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures += 1;
        log.error({ err: error }, 'the agent could not be started');
      }
    }
  }

  /** Starts the agent when none lives. Returns whether it had to. */
  async #ensure(): Promise<boolean> {
    const { config, host, log } = this.#options;
    const paths = statePaths(config.stateDir);
    // A keeper that was killed is missed even while the agent lives: nobody else could enter the yard.
    const yard = await ensureYard(config.stateDir, { signal: this.#stop.signal });
    this.#agent ??= findAgent(config.stateDir);
    if (this.#agent && isAlive(this.#agent)) {
      if (isOfUse(this.#agent, config)) return false;
      // An earlier control was told to use other drivers, or spoke another version of the host protocol.
      await endAgent(config.stateDir, this.#stop.signal);
    }
    const out = openSync(paths.agentLog, 'a', 0o600);
    const [command = '', ...args] = [
      ...enterYard(yard, '/'),
      process.execPath,
      // An agent makes little garbage, and there is one on every host.
      '--max-semi-space-size=1',
      AGENT,
      `--state-dir=${YARD_STATE_DIR}`,
      `--host=${host}`,
      ...wordsOfUse(config),
      `--log-level=${config.logLevel}`,
      ...(yard.rootless ? [] : [`--guest-uid=${guestUid(config.stateDir)}`]),
    ];
    try {
      const child = start(command, args, { detached: true, stdio: ['ignore', out, out] });
      const pid = await new Promise<number>((resolve, reject) => {
        child.once('error', reject);
        child.once('spawn', () => resolve(child.pid ?? 0));
      });
      child.unref();
      // `nsenter` becomes the agent: it is the same process.
      const mark = markProcess(pid);
      if (!mark)
        throw new Fault(
          'internal',
          'AgentEnded',
          `The agent ended at once; see ${paths.agentLog}.`,
        );
      this.#agent = mark;
      log.info({ pid }, 'agent started');
    } finally {
      closeSync(out);
    }
    return true;
  }
}

/** What an agent must have been started with for this control to work with it. */
function wordsOfUse({ hypervisor, dataplane }: CloudConfig): readonly string[] {
  return [
    `--hypervisor=${hypervisor}`,
    `--dataplane=${dataplane}`,
    `--protocol=${PROTOCOL_VERSION}`,
  ];
}

function isOfUse({ pid }: ProcessMark, config: CloudConfig): boolean {
  const words = commandLine(pid);
  // Empty when it has just ended: then there is nothing to replace.
  return words.length === 0 || wordsOfUse(config).every((word) => words.includes(word));
}

/** Ends the agent of a state directory, if one lives, and waits until it has. Guests stay. */
export async function endAgent(stateDir: string, signal: AbortSignal): Promise<void> {
  const mark = findAgent(stateDir);
  if (!mark) return;
  const killFrom = Date.now() + 5_000;
  signalProcess(mark, 'SIGTERM');
  while (isAlive(mark)) {
    if (Date.now() > killFrom) signalProcess(mark, 'SIGKILL');
    await delay(10, signal);
  }
}

/**
 * The agent that lives in a state directory's yard, whoever started it. Found by looking at the yard's processes: a
 * file that says so could be missing when control was killed at the wrong moment.
 */
export function findAgent(stateDir: string): ProcessMark | undefined {
  return listResidents(stateDir).find(({ pid }) => commandLine(pid).includes(AGENT));
}

/**
 * The user that guests of a root cloud run as: one that has no name and owns nothing else, from the range that
 * systemd keeps for such. Clouds with different state directories get different ones, as far as possible.
 */
export function guestUid(stateDir: string): number {
  let hash = 0;
  for (const char of stateDir) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 4000;
  return 61_184 + hash;
}
