/** What every host was last seen to be, as its agent told it. */
import type { HostFacts, HostObservations, ObservedSection } from '#base/host/document.ts';
import { orAborted } from '#base/async.ts';

export type Observed<S extends ObservedSection> = HostObservations[S][string];

/** One member that is seen to be different; `undefined` when it is not there any more. */
export type ObservedChange = {
  readonly host: string;
  readonly section: ObservedSection;
  readonly id: string;
  readonly value: Observed<ObservedSection> | undefined;
};

type Sections = { [S in ObservedSection]: Map<string, Observed<S>> };

type Host = {
  readonly facts: HostFacts;
  readonly sections: Sections;
  /** The revision of the last whole document that the agent has compared with its host. */
  listed: number;
  connected: boolean;
  /** When it was last heard of, by the clock of this process. */
  heardAt: Date;
};

/** The state of a host's agent, for service lists. */
export type HostStatus = {
  readonly facts: HostFacts;
  readonly connected: boolean;
  readonly heardAt: Date;
  /** Above 0 once the agent has looked at all of its host: from then on, what it has not told of is not there. */
  readonly listed: number;
};

export class ObservedHosts {
  readonly #hosts = new Map<string, Host>();
  readonly #listeners = new Set<(change: ObservedChange) => void>();
  readonly #hostListeners = new Set<(host: string, status: HostStatus) => void>();

  /** An agent has come and has told everything that it sees. */
  connected(facts: HostFacts, now: Date): void {
    const host: Host = {
      facts,
      sections: { networks: new Map(), ports: new Map(), routers: new Map(), servers: new Map() },
      listed: 0,
      connected: true,
      heardAt: now,
    };
    this.#hosts.set(facts.host, host);
    for (const listener of this.#hostListeners) listener(facts.host, host);
  }

  /** The agent has looked at all of its host: what it has not told of is not there. */
  listed(name: string, revision: number): void {
    const host = this.#hosts.get(name);
    if (!host) return;
    host.listed = revision;
    for (const listener of this.#hostListeners) listener(name, host);
  }

  /** The agent is gone; what it last saw stays, and is known to be old. */
  disconnected(name: string, now: Date): void {
    const host = this.#hosts.get(name);
    if (!host) return;
    host.connected = false;
    host.heardAt = now;
    for (const listener of this.#hostListeners) listener(name, host);
  }

  heard(name: string, now: Date): void {
    const host = this.#hosts.get(name);
    if (host) host.heardAt = now;
  }

  /** Takes over what an agent saw of one member. */
  observe<S extends ObservedSection>(
    name: string,
    section: S,
    id: string,
    value: Observed<S> | undefined,
  ): void {
    const host = this.#hosts.get(name);
    if (!host) return;
    const members: Map<string, Observed<S>> = host.sections[section];
    if (value === undefined) members.delete(id);
    else members.set(id, value);
    const change = { host: name, section, id, value };
    for (const listener of this.#listeners) listener(change);
  }

  find<S extends ObservedSection>(name: string, section: S, id: string): Observed<S> | undefined {
    const members: Map<string, Observed<S>> | undefined = this.#hosts.get(name)?.sections[section];
    return members?.get(id);
  }

  ids(name: string, section: ObservedSection): readonly string[] {
    return [...(this.#hosts.get(name)?.sections[section].keys() ?? [])];
  }

  status(name: string): HostStatus | undefined {
    return this.#hosts.get(name);
  }

  hosts(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /** Called at each observation, at once. Returns the way to stop listening. */
  onChange(listener: (change: ObservedChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when an agent comes or goes. Returns the way to stop listening. */
  onHost(listener: (host: string, status: HostStatus) => void): () => void {
    this.#hostListeners.add(listener);
    return () => this.#hostListeners.delete(listener);
  }

  /**
   * Resolves with what `accept` returns as soon as that is not undefined: asked now, and again at each
   * observation of the member. Rejects with the signal's reason. What `accept` throws goes to the caller.
   */
  async wait<S extends ObservedSection, T>(
    name: string,
    section: S,
    id: string,
    accept: (seen: Observed<S> | undefined) => T | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    const first = accept(this.find(name, section, id));
    if (first !== undefined) return first;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const stop = this.onChange((change) => {
      if (change.host !== name || change.section !== section || change.id !== id) return;
      try {
        const accepted = accept(change.value as Observed<S> | undefined);
        if (accepted !== undefined) resolve(accepted);
      } catch (error) {
        reject(error);
      }
    });
    try {
      return await orAborted(promise, signal);
    } finally {
      stop();
    }
  }

  /**
   * Resolves when the host is known to hold nothing of a server whose removal was asked for at `revision`. That no
   * observation tells of it is not enough: the agent may be about to make it.
   */
  async waitGone(name: string, id: string, revision: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      const host = this.#hosts.get(name);
      const seen = host?.sections.servers.get(id);
      const gone = seen
        ? seen.power === 'absent' && seen.settled >= revision
        : host !== undefined && host.listed >= revision;
      if (gone) resolve();
    };
    const stops = [this.onChange(look), this.onHost(look)];
    look();
    try {
      await orAborted(promise, signal);
    } finally {
      for (const stop of stops) stop();
    }
  }
}
