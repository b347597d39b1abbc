/** What compute wants of hosts: one domain for each server that has something to boot from. */
import type { ServerObservation } from '#base/host/document.ts';
import type { DomainSpec } from '#base/host/domain.ts';
import { Fault } from '#platform/fault.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import {
  listAllInterfaces,
  listInterfaces,
  type InterfaceRow,
} from '../interfaces/interface.store.ts';
import type { HostGrace } from '../nodes/host-grace.ts';
import { planDomain } from './plan-domain.ts';
import type { ServerRow } from './server-row.ts';
import { findServer, listPlacedServers } from './server.store.ts';

export type DesiredServersDeps = {
  readonly db: Db;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly grace: HostGrace;
};

export class DesiredServers {
  readonly #deps: DesiredServersDeps;
  /** The revision of its host's document at which each server has its present spec. */
  readonly #revisions = new Map<string, number>();
  /** Servers that someone wants gone: whoever waits for such a guest to come up need not. */
  readonly #going = new Map<string, AbortController>();

  constructor(deps: DesiredServersDeps) {
    this.#deps = deps;
  }

  /** Tells all hosts all of it, from the rows. Before agents are let in. */
  async loadAll(): Promise<void> {
    const { db, desired } = this.#deps;
    const interfaces = await listAllInterfaces(db);
    const byHost = Map.groupBy(await listPlacedServers(db), ({ host }) => host);
    for (const host of new Set([...desired.hosts(), ...byHost.keys()])) {
      const specs = new Map<string, DomainSpec>();
      for (const server of byHost.get(host) ?? []) {
        const spec = isWanted(server)
          ? planDomain(server, interfaces.get(server.id) ?? [])
          : undefined;
        if (spec) specs.set(server.id, spec);
      }
      const revision = desired.replace(host, 'servers', specs);
      for (const id of specs.keys()) this.#revisions.set(id, revision);
    }
  }

  /** Tells a server's host what it should be now. Returns the revision at which the host knows. */
  async publish(serverId: string): Promise<number> {
    const { db } = this.#deps;
    const server = await findServer(db, serverId);
    if (!server) throw new Error(`server '${serverId}' is gone and cannot be published`);
    return this.tell(server, await listInterfaces(db, serverId));
  }

  /** As `publish`, of rows that were just read. */
  tell(server: ServerRow, interfaces: readonly InterfaceRow[]): number {
    const spec = planDomain(server, interfaces);
    if (!spec || server.host === '') throw new Error(`server '${server.id}' has no host yet`);
    const revision = this.#deps.desired.set(server.host, 'servers', server.id, spec);
    this.#revisions.set(server.id, revision);
    return revision;
  }

  /** Tells a host that a server is not wanted there. Returns the revision at which it knows. */
  withdraw(host: string, serverId: string): number {
    this.#revisions.delete(serverId);
    return this.#deps.desired.set(host, 'servers', serverId, null);
  }

  /** True when the host has dealt with the spec that the server has now. */
  isSettled(server: Pick<ServerRow, 'id'>, seen: ServerObservation): boolean {
    return seen.settled >= (this.#revisions.get(server.id) ?? Number.POSITIVE_INFINITY);
  }

  /** What the host was last seen to make of a server. */
  seen(server: Pick<ServerRow, 'id' | 'host'>): ServerObservation | undefined {
    return this.#deps.observed.find(server.host, 'servers', server.id);
  }

  isUp(host: string): boolean {
    return this.#deps.grace.isUp(host);
  }

  /** Marks a server as one that is being deleted: waits for it to come up end at once. */
  markGoing(serverId: string): void {
    this.#goingOf(serverId).abort(new Fault('conflict', 'ServerGoing', 'The server is going.'));
  }

  forgetGoing(serverId: string): void {
    this.#going.delete(serverId);
  }

  /**
   * Resolves when the host has dealt with `revision` and `accept` agrees with what came of it.
   * Throws the host's own fault when it could not, `ComputeServiceUnavailable` when the host is down, and
   * `HostTooSlow` when it takes longer than `withinMs` (null: as long as it takes). Ends as well when the server is
   * to be deleted.
   */
  async settled(
    server: { readonly id: string; readonly host: string },
    revision: number,
    accept: (seen: ServerObservation) => boolean,
    options: { readonly signal: AbortSignal; readonly withinMs: number | null },
  ): Promise<ServerObservation> {
    const { observed, grace } = this.#deps;
    using watch = grace.watch(server.host);
    using late = deadline(server, options.withinMs);
    const going = this.#goingOf(server.id);
    try {
      return await observed.wait(
        server.host,
        'servers',
        server.id,
        (seen) => {
          if (!seen || seen.settled < revision) return undefined;
          if (seen.error) throw hostFault(seen.error);
          return accept(seen) ? seen : undefined;
        },
        AbortSignal.any([options.signal, watch.lost, late.signal, going.signal]),
      );
    } finally {
      if (!going.signal.aborted) this.#going.delete(server.id);
    }
  }

  /**
   * Resolves when the host holds no trace of the server any more, or cannot be asked. The host goes on trying;
   * what keeps it from succeeding is told to `onError`.
   */
  async absent(
    server: { readonly id: string; readonly host: string },
    revision: number,
    options: { readonly signal: AbortSignal; readonly onError: (fault: Fault) => void },
  ): Promise<void> {
    const { observed, grace } = this.#deps;
    using watch = grace.watch(server.host);
    const stop = observed.onChange(({ host, section, id }) => {
      if (host !== server.host || section !== 'servers' || id !== server.id) return;
      const seen = observed.find(host, section, id);
      if (seen?.error && seen.settled >= revision) options.onError(hostFault(seen.error));
    });
    try {
      const signal = AbortSignal.any([options.signal, watch.lost]);
      await observed.waitGone(server.host, server.id, revision, signal);
    } catch (error) {
      // A host that comes back finds the server missing from its document and removes it then.
      if (!watch.lost.aborted || options.signal.aborted) throw error;
    } finally {
      stop();
    }
  }

  #goingOf(serverId: string): AbortController {
    let going = this.#going.get(serverId);
    if (!going) {
      going = new AbortController();
      this.#going.set(serverId, going);
    }
    return going;
  }
}

/** A server whose deletion has begun is wanted nowhere. */
function isWanted(server: ServerRow): boolean {
  return server.task_state !== 'deleting';
}

function hostFault({ code, message }: { code: string; message: string }): Fault {
  return new Fault('unavailable', code, message);
}

/** A signal that is aborted when the time is over. */
function deadline(
  { id, host }: { readonly id: string; readonly host: string },
  withinMs: number | null,
): { readonly signal: AbortSignal } & Disposable {
  const late = new AbortController();
  const end = () => {
    const seconds = Math.round((withinMs ?? 0) / 1000);
    const what = `Host ${host} did not do within ${seconds} s what was asked of instance ${id}.`;
    late.abort(new Fault('unavailable', 'HostTooSlow', what));
  };
  const timer = withinMs === null ? undefined : setTimeout(end, withinMs);
  return { signal: late.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
