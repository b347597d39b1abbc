/** Control's end of the host protocol: lets agents in, tells them what should be, takes in what is. */
import type { Duplex } from 'node:stream';
import { orAborted } from '#base/async.ts';
import type { ConsoleRef } from '#base/host/console.ts';
import type { HostObservations } from '#base/host/document.ts';
import type { PortCounters } from '#base/host/firewall.ts';
import { plainAnswer } from '#base/host/metadata-answers.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { Fault } from '../fault.ts';
import type { Logger } from '../log.ts';
import type { DesiredChange, DesiredHosts } from './desired-hosts.ts';
import {
  LineLink,
  PROTOCOL_VERSION,
  type HostQuestion,
  type MemberChange,
  type ToAgent,
  type ToControl,
} from './host-protocol.ts';
import { HostQuestions } from './host-questions.ts';
import { HostStreams } from './host-streams.ts';
import { replyTo, type AskMessage } from './metadata-asks.ts';
import type { ObservedHosts } from './observed-hosts.ts';

/** Asks a host for what is in no document. */
export interface HostReader {
  /** The last `lines` lines of a server's serial console; all that is kept when null. */
  readConsole(
    host: string,
    serverId: string,
    lines: number | null,
    signal: AbortSignal,
  ): Promise<string>;
  /** What went through the ports of a host and was dropped, by port id, as of now. */
  readCounters(host: string, signal: AbortSignal): Promise<ReadonlyMap<string, PortCounters>>;
}

/** Sits down in front of guests. */
export interface HostConsoles {
  /** A guest's console, both ways; ends when the guest does. */
  openConsole(host: string, console: ConsoleRef, signal: AbortSignal): Promise<Duplex>;
}

export type HostGateDeps = {
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly log: Logger;
  readonly now: () => Date;
  /** Resolves when everything written so far is on disk: no host acts on what could be forgotten. */
  readonly settled?: () => Promise<void>;
  /** What guests ask about themselves; without it there is nothing to tell them. */
  readonly answerMetadata?: (question: MetadataQuestion) => Promise<HttpAnswer>;
};

type Guest = {
  readonly link: LineLink<ToAgent, ToControl>;
  readonly streams: HostStreams;
  /** The revision that the agent has when it has read everything sent so far. */
  sent: number;
  waiting: DesiredChange[];
};

const PING_EVERY_MS = 5_000;
/** An agent that has said nothing for this long is taken for dead. */
const SILENCE_MS = 30_000;
const COUNTERS_WITHIN_MS = 10_000;

export class HostGate implements HostReader, HostConsoles {
  readonly #deps: HostGateDeps;
  readonly #guests = new Map<string, Guest>();
  readonly #questions = new HostQuestions();
  /** Counters that are being read, by host. */
  readonly #counting = new Map<string, Promise<ReadonlyMap<string, PortCounters>>>();
  readonly #links = new Set<LineLink<ToAgent, ToControl>>();
  readonly #stopListening: () => void;
  readonly #pinger: NodeJS.Timeout;

  constructor(deps: HostGateDeps) {
    this.#deps = deps;
    this.#stopListening = deps.desired.onChange((change) => this.#tell(change));
    this.#pinger = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#pinger.unref();
  }

  /** Takes in an agent's stream. Whoever can open one is trusted to be a host: guard the door. */
  accept(stream: Duplex): void {
    const { log } = this.#deps;
    let host = '';
    const link: LineLink<ToAgent, ToControl> = new LineLink(stream, log, {
      line: (message) => {
        if (message.type === 'hello') {
          host = this.#hello(link, message);
        } else if (host !== '') {
          this.#take(host, link, message);
        }
      },
      end: () => {
        this.#links.delete(link);
        if (host !== '') this.#leave(host, link);
      },
    });
    this.#links.add(link);
  }

  async readConsole(
    host: string,
    serverId: string,
    lines: number | null,
    signal: AbortSignal,
  ): Promise<string> {
    return await this.#ask(host, { what: 'console', server: serverId, lines }, signal);
  }

  async readCounters(
    host: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PortCounters>> {
    signal.throwIfAborted();
    let counting = this.#counting.get(host);
    if (!counting) {
      counting = this.#count(host);
      this.#counting.set(host, counting);
    }
    return await orAborted(counting, signal);
  }

  async openConsole(host: string, console: ConsoleRef, signal: AbortSignal): Promise<Duplex> {
    return await this.#guest(host).streams.open(console, signal);
  }

  close(): void {
    clearInterval(this.#pinger);
    this.#stopListening();
    for (const link of this.#links) link.close();
  }

  async #ask(host: string, question: HostQuestion, signal: AbortSignal): Promise<string> {
    return await this.#questions.ask(this.#guest(host).link, question, signal);
  }

  #guest(host: string): Guest {
    const guest = this.#guests.get(host);
    if (guest) return guest;
    throw new Fault('unavailable', 'HostDown', `The agent of host '${host}' cannot be reached.`);
  }

  /** Reads the counters of a host for everybody who asks meanwhile, however soon one of them loses patience. */
  async #count(host: string): Promise<ReadonlyMap<string, PortCounters>> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(hostSlow(host)), COUNTERS_WITHIN_MS);
    try {
      const text = await this.#ask(host, { what: 'counters' }, patience.signal);
      return new Map(Object.entries(JSON.parse(text) as Record<string, PortCounters>));
    } finally {
      clearTimeout(timer);
      this.#counting.delete(host);
    }
  }

  #hello(
    link: LineLink<ToAgent, ToControl>,
    { version, facts }: Extract<ToControl, { type: 'hello' }>,
  ): string {
    const { desired, observed, log, now } = this.#deps;
    if (version !== PROTOCOL_VERSION) {
      log.error({ host: facts.host, version }, 'an agent of another version was turned away');
      link.close();
      return '';
    }
    // An agent that comes again has lost its earlier link, even when we have not noticed yet.
    const before = this.#guests.get(facts.host);
    if (before) this.#drop(facts.host, before);
    const revision = desired.revision(facts.host);
    const streams = new HostStreams((message) => link.send(message as ToAgent));
    this.#guests.set(facts.host, { link, streams, sent: revision, waiting: [] });
    observed.connected(facts, now());
    link.send({ type: 'full', revision, document: desired.document(facts.host) });
    log.info({ host: facts.host, revision }, 'agent connected');
    return facts.host;
  }

  #take(host: string, link: LineLink<ToAgent, ToControl>, message: ToControl): void {
    const { desired, observed, now } = this.#deps;
    const guest = this.#guests.get(host);
    if (guest?.link !== link) return;
    observed.heard(host, now());
    switch (message.type) {
      case 'seen':
        for (const change of message.changes) this.#see(host, change);
        break;
      case 'listed':
        observed.listed(host, message.revision);
        break;
      case 'resync':
        guest.waiting = [];
        guest.sent = desired.revision(host);
        link.send({ type: 'full', revision: guest.sent, document: desired.document(host) });
        break;
      case 'answer':
      case 'refusal':
        this.#questions.answered(message);
        break;
      case 'opened':
      case 'data':
      case 'room':
      case 'close':
        guest.streams.take(message);
        break;
      case 'ask':
        void this.#reply(host, link, message);
        break;
      case 'hello':
      case 'pong':
        break;
    }
  }

  /** A host is told of servers of its own only. */
  async #reply(
    host: string,
    link: LineLink<ToAgent, ToControl>,
    message: AskMessage,
  ): Promise<void> {
    const { answerMetadata, desired, log } = this.#deps;
    const isHere = desired.find(host, 'ports', message.question.portId) !== undefined;
    link.send(await replyTo(message, (isHere && answerMetadata) || answerNothing, log));
  }

  #see(host: string, { section, id, value }: MemberChange<HostObservations>): void {
    this.#deps.observed.observe(host, section, id, value ?? undefined);
  }

  #tell(change: DesiredChange): void {
    const guest = this.#guests.get(change.host);
    if (!guest) return;
    guest.waiting.push(change);
    // What one request changes travels together.
    if (guest.waiting.length === 1) setImmediate(() => void this.#flushSettled(guest));
  }

  async #flushSettled(guest: Guest): Promise<void> {
    try {
      await this.#deps.settled?.();
      this.#flush(guest);
    } catch (error) {
      // Nobody knows what is on disk. The host is told everything when control comes again.
      this.#deps.log.error({ err: error }, 'the database cannot be written to disk');
      guest.link.close();
    }
  }

  #flush(guest: Guest): void {
    const changes = guest.waiting;
    const last = changes.at(-1);
    if (!last) return;
    guest.waiting = [];
    guest.link.send({
      type: 'delta',
      from: guest.sent,
      revision: last.revision,
      changes: changes.map(({ section, id, value }) => ({ section, id, value })),
    });
    guest.sent = last.revision;
  }

  #ping(): void {
    const { observed, now } = this.#deps;
    for (const [host, guest] of this.#guests) {
      const heardAt = observed.status(host)?.heardAt.getTime() ?? 0;
      if (now().getTime() - heardAt > SILENCE_MS) guest.link.close();
      else guest.link.send({ type: 'ping' });
    }
  }

  #leave(host: string, link: LineLink<ToAgent, ToControl>): void {
    const { observed, log, now } = this.#deps;
    const guest = this.#guests.get(host);
    if (guest?.link !== link) return;
    this.#guests.delete(host);
    observed.disconnected(host, now());
    this.#drop(host, guest);
    log.warn({ host }, 'agent disconnected');
  }

  /** Ends a link, and tells whoever waits for an answer on it. */
  #drop(host: string, { link, streams }: Guest): void {
    link.close();
    streams.end();
    const message = `The agent of host '${host}' went away while asked.`;
    this.#questions.giveUp(link, new Fault('unavailable', 'HostDown', message));
  }
}

async function answerNothing(): Promise<HttpAnswer> {
  return plainAnswer(404, 'Nothing is known of whoever asks.');
}

function hostSlow(host: string): Fault {
  const message = `The agent of host '${host}' has not told its counters within ${COUNTERS_WITHIN_MS / 1000} s; its log may say why.`;
  return new Fault('unavailable', 'HostSlow', message);
}
