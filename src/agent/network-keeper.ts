/** Keeps the data plane of this host as it should be: one pass at a time, each with all that has changed meanwhile. */
import type { Dataplane } from '#drivers/dataplane/dataplane.ts';
import type { Logger } from '#platform/log.ts';
import { changeOf, DataplaneInStep, isNothing, type DataplaneTurn } from './dataplane-in-step.ts';
import type { Desired } from './desired.ts';
import { observedError, observedFault } from './errors.ts';
import type { Observations } from './observations.ts';
import { PortReports } from './port-reports.ts';

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
  readonly #inStep: DataplaneInStep;
  readonly #reports: PortReports;
  readonly #waiters = new Set<() => void>();
  #passing: Promise<void> | undefined;
  #again = false;
  #retry: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #repairing: Promise<void> | undefined;

  constructor(deps: NetworkKeeperDeps) {
    this.#deps = deps;
    this.#inStep = new DataplaneInStep(deps.desired);
    this.#reports = new PortReports({ ...deps, inStep: this.#inStep });
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
    this.#retry = undefined;
    this.#passing = this.#pass();
  }

  async idle(): Promise<void> {
    while (this.#passing) await this.#passing;
    await this.#repairing;
  }

  /** Resolves when the port is as the document says, with its rules; rejects with why it cannot be. */
  async plugged(portId: string, signal: AbortSignal): Promise<void> {
    const { desired, observations } = this.#deps;
    for (;;) {
      signal.throwIfAborted();
      // Control has taken it back: there is nothing to wait for.
      if (!desired.ports.has(portId)) return;
      const seen = observations.find('ports', portId);
      const error = seen?.error ?? null;
      if (error === null && this.#inStep.ports.isInStep(portId)) return;
      if (error !== null && seen && seen.settled >= desired.revision) throw observedFault(error);
      await this.#nextPass(signal);
    }
  }

  /** A guest has got or lost a port's card. */
  holderChanged(portId: string): void {
    this.#reports.refresh(portId);
  }

  async #nextPass(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    // What has just failed is not tried again at once, however many wait for it.
    if (!this.#passing && this.#retry === undefined) this.wake();
    await promise;
    this.#waiters.delete(resolve);
  }

  async #pass(): Promise<void> {
    const { desired, log, signal } = this.#deps;
    const revision = desired.revision;
    let failed = false;
    try {
      failed = await this.#converge(revision);
    } catch (error) {
      failed = true;
      if (!signal.aborted) log.error({ err: error }, 'the data plane could not be brought in line');
    }
    this.#passing = undefined;
    if (!signal.aborted) {
      if (this.#again) {
        this.#again = false;
        this.wake();
      } else if (failed) {
        this.#retry = setTimeout(() => this.wake(), RETRY_MS);
      }
    }
    this.#tellWaiters();
  }

  /** Returns whether anything is to be tried again. */
  async #converge(revision: number): Promise<boolean> {
    const { dataplane, holderOf, log, signal } = this.#deps;
    const turn = this.#inStep.take((portId) => holderOf(portId) !== undefined);
    const change = changeOf(turn);
    let failures: ReadonlyMap<string, Error> = new Map();
    if (!isNothing(change)) {
      try {
        failures = await dataplane.apply(change, { signal });
      } catch (error) {
        this.#inStep.giveBack(turn);
        throw error;
      }
    }
    for (const [id, error] of failures) {
      log.error({ err: error, id }, 'a part of the data plane could not be brought in line');
    }
    this.#inStep.settle(turn, failures);
    this.#report('networks', turn.networks, revision);
    this.#report('routers', turn.routers, revision);
    this.#reports.passed(turn.ports, revision);
    return failures.size > 0;
  }

  #report(
    section: 'networks' | 'routers',
    { wanted, same, unwanted }: DataplaneTurn['networks' | 'routers'],
    revision: number,
  ): void {
    const { observations } = this.#deps;
    const { failures, there } = this.#inStep[section];
    const seen = [...wanted.map(({ id }) => id), ...same].map((id) => {
      const failure = failures.get(id);
      return [id, { settled: revision, error: failure ? observedError(failure) : null }] as const;
    });
    const gone = unwanted.filter((id) => !there.has(id)).map((id) => [id, null] as const);
    observations.set(section, [...seen, ...gone]);
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
    this.#inStep.doubt();
    this.wake();
  }

  async #observe(): Promise<void> {
    const { dataplane, signal } = this.#deps;
    const state = await dataplane.observe({ signal });
    this.#inStep.found(state);
    this.#reports.saw(state.ports);
  }

  #tellWaiters(): void {
    for (const resolve of this.#waiters) resolve();
  }
}
