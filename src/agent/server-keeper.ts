/** Keeps the guests of this host as they should be: each by itself, one step at a time. */
import type { ServerObservation } from '#base/host/document.ts';
import type { DomainSpec, DomainState } from '#base/host/domain.ts';
import type { Hypervisor } from '#drivers/hypervisor/hypervisor.ts';
import type { Logger } from '#platform/log.ts';
import type { Desired } from './desired.ts';
import { observedError } from './errors.ts';
import type { NetworkKeeper } from './network-keeper.ts';
import type { Observations } from './observations.ts';

export type ServerKeeperDeps = {
  readonly desired: Desired;
  readonly observations: Observations;
  readonly hypervisor: Hypervisor;
  readonly network: NetworkKeeper;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

type Keep = {
  running: Promise<void> | undefined;
  /** Breaks off what is running when it is not wanted any more. */
  abort: AbortController;
  again: boolean;
  retry: NodeJS.Timeout | undefined;
  failures: number;
  /** The wish (see `wishOf`) that was last fulfilled: a guest that ends after that has ended by itself. */
  fulfilled: string;
};

/** A guest has this long to end by itself, as Nova's `shutdown_timeout`. */
const SOFT_STOP_MS = 60_000;
const MAX_RETRY_MS = 60_000;
/** That a server is gone is said for this long. */
const TOMBSTONE_MS = 600_000;

export class ServerKeeper {
  readonly #deps: ServerKeeperDeps;
  readonly #keeps = new Map<string, Keep>();
  /** Which guest has which port's card, as last seen. */
  readonly #holders = new Map<string, string>();

  constructor(deps: ServerKeeperDeps) {
    this.#deps = deps;
    deps.hypervisor.onChange((id) => this.wake(id));
    deps.signal.addEventListener('abort', () => {
      for (const keep of this.#keeps.values()) clearTimeout(keep.retry);
    });
  }

  /** Finds what an earlier agent has left running. */
  async begin(): Promise<void> {
    const { hypervisor, signal } = this.#deps;
    const ids = await hypervisor.list({ signal });
    await Promise.all(
      ids.map(async (id) => this.#saw(id, await hypervisor.observe(id, { signal }), 0)),
    );
  }

  /** Looks after one server soon. */
  wake(id: string): void {
    if (this.#deps.signal.aborted) return;
    const keep = this.#keep(id);
    clearTimeout(keep.retry);
    if (!keep.running) {
      keep.running = this.#run(id, keep);
      return;
    }
    keep.again = true;
    // Whoever waits for a guest to end politely need not wait for one that shall be deleted.
    if (this.#deps.desired.known && !this.#deps.desired.servers.has(id)) keep.abort.abort();
  }

  /** Looks after every server that is wanted or there. */
  wakeAll(): void {
    const { desired, observations } = this.#deps;
    for (const id of new Set([...desired.servers.keys(), ...observations.ids('servers')])) {
      this.wake(id);
    }
  }

  /** The guest that has this port's card now. */
  holderOf(portId: string): string | undefined {
    return this.#holders.get(portId);
  }

  wakeHolder(portId: string): void {
    const holder = this.#holders.get(portId);
    if (holder !== undefined) this.wake(holder);
  }

  async idle(): Promise<void> {
    for (const { running } of this.#keeps.values()) await running;
  }

  #keep(id: string): Keep {
    let keep = this.#keeps.get(id);
    if (!keep) {
      keep = {
        running: undefined,
        abort: new AbortController(),
        again: false,
        retry: undefined,
        failures: 0,
        fulfilled: '',
      };
      this.#keeps.set(id, keep);
    }
    return keep;
  }

  async #run(id: string, keep: Keep): Promise<void> {
    const { desired, hypervisor, log, signal } = this.#deps;
    const revision = desired.revision;
    keep.abort = new AbortController();
    let failure: unknown;
    try {
      // Until control has spoken, nothing is known to be unwanted.
      if (desired.known)
        await this.#converge(id, keep, AbortSignal.any([signal, keep.abort.signal]));
    } catch (error) {
      // Broken off on purpose: the next pass is due and says what became of it.
      failure = keep.abort.signal.aborted ? undefined : error;
      if (!signal.aborted && failure !== undefined)
        log.error({ err: error, server_id: id }, 'a server could not be brought in line');
    }
    if (!signal.aborted) {
      try {
        this.#saw(id, await hypervisor.observe(id, { signal }), revision, failure);
      } catch (error) {
        failure ??= error;
        log.error({ err: error, server_id: id }, 'a server could not be looked at');
      }
    }
    keep.running = undefined;
    if (signal.aborted) return;
    if (keep.again) {
      keep.again = false;
      keep.running = this.#run(id, keep);
      return;
    }
    keep.failures = failure === undefined ? 0 : keep.failures + 1;
    if (keep.failures > 0) {
      const wait = Math.min(MAX_RETRY_MS, 1000 * 2 ** keep.failures);
      keep.retry = setTimeout(() => this.wake(id), wait);
    } else if (!desired.servers.has(id)) {
      this.#keeps.delete(id);
      setTimeout(() => this.#bury(id), TOMBSTONE_MS).unref();
    }
  }

  async #converge(id: string, keep: Keep, signal: AbortSignal): Promise<void> {
    const { desired, hypervisor, network } = this.#deps;
    const options = { signal };
    const spec = desired.servers.get(id);
    if (!spec) {
      await hypervisor.ensureAbsent(id, options);
      return;
    }
    const wish = wishOf(spec);
    const before = await hypervisor.observe(id, options);
    if (spec.power === 'stopped') {
      await hypervisor.ensureStopped(id, { type: 'soft', softTimeoutMs: SOFT_STOP_MS }, options);
      keep.fulfilled = wish;
      return;
    }
    const wanted = { ...spec, nics: spec.nics.filter(({ portId }) => desired.ports.has(portId)) };
    let runs = before.power === 'running' || before.power === 'paused';
    // A card that a guest runs with is plugged: a change to its port that is refused is no reason to stand still.
    const fresh = runs ? wanted.nics.filter((nic) => !hasCard(before, nic)) : wanted.nics;
    const plugged = fresh.map(async ({ portId }) => await network.plugged(portId, signal));
    const prepared = before.power === 'absent' ? [hypervisor.prepare(wanted, options)] : [];
    // All of it comes to an end before anything else is done with the domain.
    for (const result of await Promise.allSettled([...plugged, ...prepared])) {
      if (result.status === 'rejected') throw result.reason;
    }
    if (before.power !== 'absent' && before.rebootCount < spec.reboot.count) {
      const how = { type: spec.reboot.type, softTimeoutMs: SOFT_STOP_MS };
      await hypervisor.ensureStopped(id, how, options);
      runs = false;
    }
    // A guest that ended by itself is not started again: control hears of it and decides.
    if (!runs && keep.fulfilled === wish) return;
    if (runs) await this.#convergeNics(wanted, before, signal);
    else await hypervisor.ensureStarted(wanted, options);
    await hypervisor.ensurePaused(id, spec.power === 'paused', options);
    keep.fulfilled = wish;
  }

  async #convergeNics(spec: DomainSpec, before: DomainState, signal: AbortSignal): Promise<void> {
    const { hypervisor } = this.#deps;
    const keeps = ({ slot, portId }: { slot: number; portId: string }) =>
      spec.nics.some((nic) => nic.slot === slot && nic.portId === portId);
    for (const nic of before.nics.filter((present) => !keeps(present))) {
      await hypervisor.ensureNicAbsent(spec.id, nic.portId, { signal });
    }
    for (const nic of spec.nics) {
      if (!hasCard(before, nic)) await hypervisor.ensureNic(spec.id, nic, { signal });
    }
  }

  #saw(id: string, state: DomainState, revision: number, failure?: unknown): void {
    const { observations, network } = this.#deps;
    const held = new Set<string>();
    if (state.power === 'running' || state.power === 'paused') {
      for (const { portId } of state.nics) held.add(portId);
    }
    const released = [...this.#holders]
      .filter(([portId, holder]) => holder === id && !held.has(portId))
      .map(([portId]) => portId);
    const taken = [...held].filter((portId) => this.#holders.get(portId) !== id);
    for (const portId of released) this.#holders.delete(portId);
    for (const portId of taken) this.#holders.set(portId, id);
    for (const portId of [...released, ...taken]) network.holderChanged(portId);
    // Their taps may have been waiting to be taken away.
    if (released.length > 0) network.wake();
    const seen: ServerObservation = {
      settled: revision,
      error: failure === undefined ? null : observedError(failure),
      power: state.power,
      rebootCount: state.rebootCount,
      nics: state.nics,
    };
    observations.set('servers', [[id, seen]]);
  }

  #bury(id: string): void {
    const { desired, observations } = this.#deps;
    const seen = observations.find('servers', id);
    if (!desired.servers.has(id) && seen?.power === 'absent')
      observations.set('servers', [[id, null]]);
  }
}

function hasCard({ nics }: DomainState, wanted: DomainState['nics'][number]): boolean {
  return nics.some(({ slot, portId }) => slot === wanted.slot && portId === wanted.portId);
}

/** What asks for a start: having to run at all, and the count of restarts. Being paused or not is no new wish. */
function wishOf({ power, reboot }: DomainSpec): string {
  return `${power === 'stopped' ? 'stopped' : 'running'} ${reboot.count}`;
}
