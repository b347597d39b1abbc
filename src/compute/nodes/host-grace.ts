/** Agents may be away for a moment, while they or control are started again: how long one waits for them. */
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { hostUnreachable } from '../compute.faults.ts';
import { listComputeNodes } from './compute-node.store.ts';

export type HostGraceDeps = {
  readonly observed: ObservedHosts;
  readonly now: () => Date;
  /** An agent that has been away for this long is down. */
  readonly graceMs: number;
};

/** Tells when a host is given up. Dispose of it when nobody waits any more. */
export type HostWatch = { readonly lost: AbortSignal } & Disposable;

export class HostGrace {
  readonly #deps: HostGraceDeps;
  /** Until a host has been heard of, it counts as away since then. */
  readonly #since: Date;

  constructor(deps: HostGraceDeps) {
    this.#deps = deps;
    this.#since = deps.now();
  }

  isUp(host: string): boolean {
    return this.#deps.observed.status(host)?.connected === true;
  }

  /** How long an absent host is still waited for; 0 for one that is down. */
  left(host: string): number {
    const { observed, now, graceMs } = this.#deps;
    const awaySince = observed.status(host)?.heardAt ?? this.#since;
    return Math.max(0, graceMs - (now().getTime() - awaySince.getTime()));
  }

  /** Whether a host that is away may be back soon, so that it is too early to say that none will do. */
  async isAwaited(db: Db): Promise<boolean> {
    const nodes = await listComputeNodes(db);
    // Before the first agent has come, whichever it is.
    if (nodes.length === 0) return this.left('') > 0;
    return nodes.some(({ host }) => !this.isUp(host) && this.left(host) > 0);
  }

  /** `lost` is aborted, with the fault to be told, as soon as the host is down. */
  watch(host: string): HostWatch {
    const lost = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      clearTimeout(timer);
      if (this.isUp(host)) return;
      const left = this.left(host);
      if (left === 0) lost.abort(hostUnreachable(host));
      else timer = setTimeout(look, left);
    };
    const stop = this.#deps.observed.onHost((name) => {
      if (name === host) look();
    });
    look();
    return {
      lost: lost.signal,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        stop();
      },
    };
  }
}
