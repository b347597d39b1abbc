/** Keeps the data plane of this host as it should be: one pass at a time, each with all that has changed meanwhile. */
import { isDeepStrictEqual } from 'node:util';
import type { ObservedError, PortObservation } from '#base/host/document.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { NO_CHANGE, type Dataplane, type DataplaneChange } from '#drivers/dataplane/dataplane.ts';
import type { Logger } from '#platform/log.ts';
import type { Desired } from './desired.ts';
import { observedError, observedFault } from './errors.ts';
import type { Observations } from './observations.ts';

export type NetworkKeeperDeps = {
  readonly desired: Desired;
  readonly observations: Observations;
  readonly dataplane: Dataplane;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The running server that holds a port's tap: its card goes before the tap does. */
  readonly holderOf: (portId: string) => string | undefined;
};

/** What is not so for reasons of its own (somebody deleted a link) is found at least this often. */
const LOOK_EVERY_MS = 30_000;
const RETRY_MS = 2_000;

export class NetworkKeeper {
  readonly #deps: NetworkKeeperDeps;
  /** What was applied last, without an error. */
  readonly #networks = new Map<string, NetworkSpec>();
  readonly #ports = new Map<string, PortSpec>();
  /** What is known to be on the host, applied by us or found. */
  readonly #thereNetworks = new Set<string>();
  readonly #therePorts = new Set<string>();
  readonly #waiters = new Set<() => void>();
  #passing: Promise<void> | undefined;
  #again = false;
  #retry: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #repairing: Promise<void> | undefined;
  /** Whether something holds the other end of a port, as last told. */
  readonly #carriers = new Map<string, boolean>();

  constructor(deps: NetworkKeeperDeps) {
    this.#deps = deps;
    deps.dataplane.onPortChange((id, carrier) => this.#carrierChanged(id, carrier));
    deps.signal.addEventListener('abort', () => {
      clearTimeout(this.#retry);
      clearInterval(this.#look);
      this.#tellWaiters();
    });
  }

  /** Finds what an earlier agent has left. */
  async begin(): Promise<void> {
    await this.#observe();
    this.#look = setInterval(() => void this.#repair(), LOOK_EVERY_MS);
    this.#look.unref();
  }

  /** Makes what has changed real soon. */
  wake(): void {
    // Until control has spoken nothing is known to be unwanted.
    if (this.#deps.signal.aborted || !this.#deps.desired.known) return;
    if (this.#passing) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#retry);
    this.#passing = this.#pass();
  }

  async idle(): Promise<void> {
    while (this.#passing) await this.#passing;
    await this.#repairing;
  }

  /** Resolves when the port is as the document says; rejects with why it cannot be. */
  async plugged(portId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const wanted = this.#deps.desired.ports.get(portId);
      // Control has taken it back: there is nothing to wait for.
      if (!wanted) return;
      if (isDeepStrictEqual(this.#ports.get(portId), wanted)) return;
      const seen = this.#deps.observations.find('ports', portId);
      if (seen?.error && seen.settled >= this.#deps.desired.revision)
        throw observedFault(seen.error);
      await this.#nextPass(signal);
    }
  }

  async #nextPass(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    this.wake();
    await promise;
    this.#waiters.delete(resolve);
  }

  async #pass(): Promise<void> {
    const { desired, log, signal } = this.#deps;
    const revision = desired.revision;
    let failed = false;
    try {
      failed = await this.#applyChange(this.#change(), revision);
    } catch (error) {
      failed = true;
      if (!signal.aborted) log.error({ err: error }, 'the data plane could not be brought in line');
    }
    this.#passing = undefined;
    this.#tellWaiters();
    if (signal.aborted) return;
    if (this.#again) {
      this.#again = false;
      this.wake();
    } else if (failed) {
      this.#retry = setTimeout(() => this.wake(), RETRY_MS);
    }
  }

  /** What of the document is not there yet, and what is there and not in the document. */
  #change(): DataplaneChange {
    const { desired, holderOf } = this.#deps;
    const absentPorts = [...this.#therePorts].filter(
      (id) => !desired.ports.has(id) && holderOf(id) === undefined,
    );
    const going = new Set(absentPorts);
    const busy = new Set(
      [...this.#therePorts]
        .filter((id) => !going.has(id))
        .map((id) => (desired.ports.get(id) ?? this.#ports.get(id))?.networkId),
    );
    return {
      ...NO_CHANGE,
      networks: [...desired.networks.values()].filter(
        (network) => !isDeepStrictEqual(this.#networks.get(network.id), network),
      ),
      ports: [...desired.ports.values()].filter(
        (port) => !isDeepStrictEqual(this.#ports.get(port.id), port),
      ),
      absentNetworks: [...this.#thereNetworks].filter(
        (id) => !desired.networks.has(id) && !busy.has(id),
      ),
      absentPorts,
    };
  }

  async #applyChange(change: DataplaneChange, revision: number): Promise<boolean> {
    const { dataplane, observations, log, signal } = this.#deps;
    const names = [...change.networks, ...change.ports].map(({ id }) => id);
    if (names.length + change.absentNetworks.length + change.absentPorts.length === 0) return false;
    for (const { id } of change.networks) this.#thereNetworks.add(id);
    for (const { id } of change.ports) this.#therePorts.add(id);
    const failures = await dataplane.apply(change, { signal });
    for (const [id, error] of failures) {
      log.error({ err: error, id }, 'a network or port could not be brought in line');
    }
    const errorOf = (id: string): ObservedError | null => {
      const failure = failures.get(id);
      return failure ? observedError(failure) : null;
    };
    for (const network of change.networks) {
      if (!failures.has(network.id)) this.#networks.set(network.id, network);
    }
    for (const port of change.ports) {
      if (!failures.has(port.id)) this.#ports.set(port.id, port);
    }
    for (const id of change.absentNetworks.filter((gone) => !failures.has(gone))) {
      this.#networks.delete(id);
      this.#thereNetworks.delete(id);
    }
    for (const id of change.absentPorts.filter((gone) => !failures.has(gone))) {
      this.#ports.delete(id);
      this.#therePorts.delete(id);
      this.#carriers.delete(id);
    }
    observations.set(
      'networks',
      change.networks.map(({ id }) => [id, { settled: revision, error: errorOf(id) }]),
    );
    observations.set(
      'networks',
      change.absentNetworks.filter((id) => !failures.has(id)).map((id) => [id, null]),
    );
    observations.set(
      'ports',
      change.ports.map(({ id }): [string, PortObservation] => [
        id,
        {
          settled: revision,
          error: errorOf(id),
          plugged: !failures.has(id),
          carrier: this.#carrierOf(id),
          storm: 'ok',
        },
      ]),
    );
    observations.set(
      'ports',
      change.absentPorts.filter((id) => !failures.has(id)).map((id) => [id, null]),
    );
    return failures.size > 0;
  }

  #carrierChanged(id: string, carrier: boolean): void {
    this.#carriers.set(id, carrier);
    this.holderChanged(id);
  }

  /** A guest has got or lost a port's card, or its tap has got or lost its carrier. */
  holderChanged(id: string): void {
    const { observations } = this.#deps;
    const seen = observations.find('ports', id);
    if (seen) observations.set('ports', [[id, { ...seen, carrier: this.#carrierOf(id) }]]);
  }

  /** Something holds the other end, and it is a guest of ours that runs. */
  #carrierOf(id: string): boolean {
    return this.#carriers.get(id) === true && this.#deps.holderOf(id) !== undefined;
  }

  /** Looks at the host, and forgets what is believed to be applied, so that the next pass mends what is not so. */
  async #repair(): Promise<void> {
    if (this.#repairing) return;
    const { log, signal } = this.#deps;
    this.#repairing = this.#observe().catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'the data plane could not be looked at');
    });
    await this.#repairing;
    this.#repairing = undefined;
    this.#networks.clear();
    this.#ports.clear();
    this.wake();
  }

  async #observe(): Promise<void> {
    const { dataplane, observations, signal } = this.#deps;
    const state = await dataplane.observe({ signal });
    for (const id of state.networks) this.#thereNetworks.add(id);
    for (const { id, carrier } of state.ports) {
      this.#therePorts.add(id);
      this.#carriers.set(id, carrier);
    }
    const plugged = new Set(state.ports.filter((port) => port.plugged).map(({ id }) => id));
    // A port that is just being made may not be there yet: its pass says what became of it.
    const ids = new Set([...state.ports.map(({ id }) => id), ...this.#ports.keys()]);
    observations.set(
      'ports',
      [...ids].map((id): [string, PortObservation] => [
        id,
        {
          settled: observations.find('ports', id)?.settled ?? 0,
          error: observations.find('ports', id)?.error ?? null,
          plugged: plugged.has(id),
          carrier: this.#carrierOf(id),
          storm: 'ok',
        },
      ]),
    );
  }

  #tellWaiters(): void {
    for (const resolve of this.#waiters) resolve();
  }
}
