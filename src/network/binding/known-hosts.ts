/** Hosts that have ever been heard of. They are remembered, since ports are bound to them also while they are away. */
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import { findKnownHosts, insertKnownHost } from './binding.store.ts';

export type KnownHostsDeps = {
  readonly db: Db;
  readonly observed: ObservedHosts;
  readonly log: Logger;
};

export class KnownHosts {
  readonly #deps: KnownHostsDeps;
  readonly #remembered = new Set<string>();
  readonly #writes = new Set<Promise<void>>();

  constructor(deps: KnownHostsDeps) {
    this.#deps = deps;
  }

  has(host: string): boolean {
    return this.#remembered.has(host) || this.#deps.observed.status(host) !== undefined;
  }

  /** A host to give work to: the first that is there, or else the first that ever was. */
  first(): string | undefined {
    const { observed } = this.#deps;
    const all = [...new Set([...this.#remembered, ...observed.hosts()])].toSorted();
    return all.find((host) => observed.status(host)?.connected) ?? all[0];
  }

  /** Recalls the hosts of earlier runs. */
  async load(): Promise<void> {
    for (const host of await findKnownHosts(this.#deps.db)) this.#remembered.add(host);
  }

  /** Remembers each host that comes, from now on. Returns the way to stop. */
  start(): () => void {
    return this.#deps.observed.onHost((host) => {
      if (this.#remembered.has(host)) return;
      this.#remembered.add(host);
      const write = this.#write(host).finally(() => this.#writes.delete(write));
      this.#writes.add(write);
    });
  }

  /** Resolves when every host that has come is written down. */
  async idle(): Promise<void> {
    await Promise.all(this.#writes);
  }

  async #write(host: string): Promise<void> {
    const { db, log } = this.#deps;
    try {
      await insertKnownHost(db, host);
    } catch (err) {
      // Not remembered after all: the next time that it is heard of will do.
      this.#remembered.delete(host);
      log.error({ err, host }, 'a host could not be remembered');
    }
  }
}
