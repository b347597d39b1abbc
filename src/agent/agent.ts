/** The agent: makes one host match the desired document, and reports what is. */
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HostFacts } from '#base/host/document.ts';
import type { Dataplane } from '#drivers/dataplane/dataplane.ts';
import type { Hypervisor } from '#drivers/hypervisor/hypervisor.ts';
import { Fault } from '#platform/fault.ts';
import { HostStreams, type OpenMessage } from '#platform/host/host-streams.ts';
import { MetadataAsks } from '#platform/host/metadata-asks.ts';
import {
  LineLink,
  PROTOCOL_VERSION,
  type HostQuestion,
  type ToAgent,
  type ToControl,
} from '#platform/host/host-protocol.ts';
import type { Logger } from '#platform/log.ts';
import { Desired } from './desired.ts';
import { NetworkKeeper } from './network-keeper.ts';
import { Observations } from './observations.ts';
import { ServerKeeper } from './server-keeper.ts';

export type AgentDeps = {
  /** The name of this host. */
  readonly host: string;
  readonly hypervisor: Hypervisor;
  readonly dataplane: Dataplane;
  readonly log: Logger;
};

export class Agent {
  readonly #deps: AgentDeps;
  readonly #facts: HostFacts;
  readonly #desired = new Desired();
  readonly #observations = new Observations();
  readonly #network: NetworkKeeper;
  readonly #servers: ServerKeeper;
  readonly #asks = new MetadataAsks();
  readonly #stop = new AbortController();
  #link: LineLink<ToControl, ToAgent> | undefined;

  private constructor(deps: AgentDeps, facts: HostFacts) {
    this.#deps = deps;
    this.#facts = facts;
    const shared = {
      desired: this.#desired,
      observations: this.#observations,
      log: deps.log,
      signal: this.#stop.signal,
    };
    this.#network = new NetworkKeeper({
      ...shared,
      dataplane: deps.dataplane,
      holderOf: (portId) => this.#servers.holderOf(portId),
    });
    this.#servers = new ServerKeeper({
      ...shared,
      hypervisor: deps.hypervisor,
      network: this.#network,
    });
    this.#observations.onChange((changes) => this.#link?.send({ type: 'seen', changes }));
    deps.dataplane.onMetadata(async (question) => await this.#asks.ask(this.#link, question));
  }

  /** Looks at the host: what it is, and what an earlier agent has left running on it. */
  static async start(deps: AgentDeps): Promise<Agent> {
    const { host, hypervisor, log } = deps;
    const info = await hypervisor.info({ signal: AbortSignal.timeout(120_000) });
    const agent = new Agent(deps, {
      host,
      hypervisorType: info.type,
      accelerator: info.accelerator,
      acceleratorReason: info.acceleratorReason,
      hypervisorVersion: info.version,
      vcpus: info.vcpus,
      memoryMib: info.memoryMib,
      diskGib: info.diskGib,
      cpuModel: info.cpuModel,
    });
    await agent.#network.begin();
    await agent.#servers.begin();
    log.info({ host }, 'agent started');
    return agent;
  }

  /** Talks to control over this stream from now on. Resolves when the stream has ended; nothing else ends by that. */
  async serve(stream: Duplex): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const link: LineLink<ToControl, ToAgent> = new LineLink(stream, this.#deps.log, {
      line: (message) => this.#take(link, streams, message),
      end: () => {
        streams.end();
        this.#asks.giveUp(link);
        if (this.#link === link) this.#link = undefined;
        resolve();
      },
    });
    const streams = new HostStreams((message) => link.send(message as ToControl));
    this.#link = link;
    // Revisions are counted anew by each control process: what was settled for another means nothing to this one.
    this.#observations.forgetSettled();
    link.send({ type: 'hello', version: PROTOCOL_VERSION, facts: this.#facts });
    link.send({ type: 'seen', changes: this.#observations.all() });
    await promise;
  }

  /** Stops looking after the host. Guests, links and rules stay. */
  async close(): Promise<void> {
    this.#stop.abort(new Fault('unavailable', 'AgentStopping', 'The agent is going down.'));
    this.#link?.close();
    await this.#servers.idle();
    await this.#network.idle();
    await this.#deps.hypervisor.close();
    await this.#deps.dataplane.close();
  }

  #take(link: LineLink<ToControl, ToAgent>, streams: HostStreams, message: ToAgent): void {
    switch (message.type) {
      case 'full':
        this.#desired.replace(message.revision, message.document);
        this.#network.wake();
        this.#servers.wakeAll();
        link.send({ type: 'listed', revision: message.revision });
        break;
      case 'delta':
        if (message.from !== this.#desired.revision) {
          link.send({ type: 'resync' });
          break;
        }
        this.#desired.apply(message.revision, message.changes);
        if (message.changes.some(({ section }) => section !== 'servers')) this.#network.wake();
        for (const { section, id } of message.changes) {
          if (section === 'servers') this.#servers.wake(id);
          if (section === 'ports') this.#servers.wakeHolder(id);
        }
        break;
      case 'read':
        void this.#answer(link, message);
        break;
      case 'open':
        void this.#open(streams, message);
        break;
      case 'data':
      case 'room':
      case 'close':
        streams.take(message);
        break;
      case 'reply':
        this.#asks.replied(message);
        break;
      case 'ping':
        link.send({ type: 'pong' });
        break;
    }
  }

  async #answer(
    link: LineLink<ToControl, ToAgent>,
    { id, type: _type, ...question }: Extract<ToAgent, { type: 'read' }>,
  ): Promise<void> {
    try {
      link.send({ type: 'answer', id, text: await this.#read(question) });
    } catch (error) {
      const fault = error instanceof Fault ? error : undefined;
      this.#deps.log.error({ err: error, question }, 'a question of control could not be answered');
      link.send({
        type: 'refusal',
        id,
        code: fault?.code ?? 'InternalError',
        message:
          fault?.message ?? `The ${question.what} could not be read; the agent's log says why.`,
      });
    }
  }

  /** Joins a guest's console to the stream that control asked for it by. */
  async #open(streams: HostStreams, { stream: number, console }: OpenMessage): Promise<void> {
    const outer = streams.accept(number);
    try {
      const options = { signal: this.#stop.signal };
      const inner = await this.#deps.hypervisor.openConsole(console, options);
      streams.opened(number);
      await pipeline(inner, outer, inner);
    } catch (error) {
      outer.destroy(error as Error);
      if (!(error instanceof Fault))
        this.#deps.log.debug({ err: error, console }, 'a console broke');
    }
  }

  async #read(question: HostQuestion): Promise<string> {
    const { hypervisor, dataplane } = this.#deps;
    const options = { signal: this.#stop.signal };
    switch (question.what) {
      case 'console':
        return await hypervisor.readConsole(question.server, question.lines, options);
      case 'counters':
        return JSON.stringify(Object.fromEntries(await dataplane.counters(options)));
    }
  }
}
