/** Control's end of the host protocol: lets agents in, tells them what should be, takes in what is. */
import type { Duplex } from 'node:stream';
import { orAborted } from '#base/async.ts';
import type { HostObservations } from '#base/host/document.ts';
import { Fault } from '../fault.ts';
import type { Logger } from '../log.ts';
import type { DesiredChange, DesiredHosts } from './desired-hosts.ts';
import {
  LineLink,
  PROTOCOL_VERSION,
  type MemberChange,
  type ToAgent,
  type ToControl,
} from './host-protocol.ts';
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
}

export type HostGateDeps = {
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly log: Logger;
  readonly now: () => Date;
  /** Resolves when everything written so far is on disk: no host acts on what could be forgotten. */
  readonly settled?: () => Promise<void>;
};

type Guest = {
  readonly link: LineLink<ToAgent, ToControl>;
  /** The revision that the agent has when it has read everything sent so far. */
  sent: number;
  waiting: DesiredChange[];
};

type Read = {
  readonly link: LineLink<ToAgent, ToControl>;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
};

const PING_EVERY_MS = 5_000;
/** An agent that has said nothing for this long is taken for dead. */
const SILENCE_MS = 30_000;

export class HostGate implements HostReader {
  readonly #deps: HostGateDeps;
  readonly #guests = new Map<string, Guest>();
  readonly #reads = new Map<number, Read>();
  readonly #links = new Set<LineLink<ToAgent, ToControl>>();
  readonly #stopListening: () => void;
  readonly #pinger: NodeJS.Timeout;
  #reading = 0;

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
    const guest = this.#guests.get(host);
    if (!guest) {
      throw new Fault('unavailable', 'HostDown', `The agent of host '${host}' cannot be reached.`);
    }
    this.#reading += 1;
    const id = this.#reading;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#reads.set(id, { link: guest.link, resolve, reject });
    guest.link.send({ type: 'read', id, what: 'console', server: serverId, lines });
    try {
      return await orAborted(promise, signal);
    } finally {
      this.#reads.delete(id);
    }
  }

  close(): void {
    clearInterval(this.#pinger);
    this.#stopListening();
    for (const link of this.#links) link.close();
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
    if (before) this.#drop(facts.host, before.link);
    const revision = desired.revision(facts.host);
    this.#guests.set(facts.host, { link, sent: revision, waiting: [] });
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
        this.#reads.get(message.id)?.resolve(message.text);
        break;
      case 'refusal':
        this.#reads
          .get(message.id)
          ?.reject(new Fault('unavailable', message.code, message.message));
        break;
      case 'hello':
      case 'pong':
        break;
    }
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
    if (this.#guests.get(host)?.link !== link) return;
    this.#guests.delete(host);
    observed.disconnected(host, now());
    this.#drop(host, link);
    log.warn({ host }, 'agent disconnected');
  }

  /** Ends a link, and tells whoever waits for an answer on it. */
  #drop(host: string, link: LineLink<ToAgent, ToControl>): void {
    link.close();
    for (const read of this.#reads.values()) {
      if (read.link !== link) continue;
      read.reject(
        new Fault('unavailable', 'HostDown', `The agent of host '${host}' went away while asked.`),
      );
    }
  }
}
