/** Runs every reconciler when it is woken and every so often, one run of each at a time. */
import type { Logger } from '../log.ts';
import type { Reconciler, Tally } from './reconciler.ts';

export type ReconcilerStatus = {
  readonly name: string;
  readonly running: boolean;
  readonly lastRunAt: string | null;
  readonly lastTally: Tally | null;
  /** Why the last run broke off; null when it came to its end. */
  readonly lastError: string | null;
};

type Slot = {
  readonly reconciler: Reconciler;
  timer: NodeJS.Timeout | undefined;
  running: Promise<void> | undefined;
  /** Woken while running: one more run is owed, since the present one may have looked too early. */
  again: boolean;
  failures: number;
  status: Omit<ReconcilerStatus, 'name' | 'running'>;
};

const MAX_BACKOFF_MS = 60_000;

export class ReconcilerRunner {
  readonly #slots = new Map<string, Slot>();
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #stop = new AbortController();

  constructor(deps: { readonly log: Logger; readonly now: () => Date }) {
    this.#log = deps.log;
    this.#now = deps.now;
  }

  /** Adds a reconciler and runs it for the first time soon. */
  add(reconciler: Reconciler): void {
    this.#slots.set(reconciler.name, {
      reconciler,
      timer: undefined,
      running: undefined,
      again: false,
      failures: 0,
      status: { lastRunAt: null, lastTally: null, lastError: null },
    });
    this.wake(reconciler.name);
  }

  /** Runs a reconciler soon. Waking it often costs one run. */
  wake(name: string): void {
    const slot = this.#slots.get(name);
    if (!slot || this.#stop.signal.aborted) return;
    if (slot.running) {
      slot.again = true;
      return;
    }
    clearTimeout(slot.timer);
    slot.running = this.#run(slot);
  }

  statuses(): readonly ReconcilerStatus[] {
    return [...this.#slots.values()].map(({ reconciler, running, status }) => ({
      name: reconciler.name,
      running: running !== undefined,
      ...status,
    }));
  }

  /** Resolves when nothing is running or owed. */
  async idle(): Promise<void> {
    let running = this.#running();
    while (running.length > 0) {
      await Promise.all(running);
      running = this.#running();
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const slot of this.#slots.values()) clearTimeout(slot.timer);
    await Promise.all(this.#running());
  }

  #running(): Promise<void>[] {
    return [...this.#slots.values()].flatMap(({ running }) => running ?? []);
  }

  async #run(slot: Slot): Promise<void> {
    const { reconciler } = slot;
    try {
      const tally = await reconciler.run(this.#stop.signal);
      slot.failures = tally.failed.length > 0 ? slot.failures + 1 : 0;
      slot.status = { lastRunAt: this.#now().toISOString(), lastTally: tally, lastError: null };
      for (const { id, why } of tally.failed) {
        this.#log.warn({ reconciler: reconciler.name, id, why }, 'could not be reconciled');
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        slot.failures += 1;
        const lastError = error instanceof Error ? error.message : String(error);
        slot.status = { ...slot.status, lastRunAt: this.#now().toISOString(), lastError };
        this.#log.error({ reconciler: reconciler.name, err: error }, 'reconciler failed');
      }
    }
    slot.running = undefined;
    if (this.#stop.signal.aborted) return;
    if (slot.again) {
      slot.again = false;
      slot.running = this.#run(slot);
      return;
    }
    const wait = slot.failures === 0 ? reconciler.everyMs : backoff(slot.failures, reconciler);
    slot.timer = setTimeout(() => this.wake(reconciler.name), wait);
    slot.timer.unref();
  }
}

/** What failed is tried again sooner than its turn, and less and less eagerly. */
function backoff(failures: number, { everyMs }: Reconciler): number {
  return Math.min(everyMs, MAX_BACKOFF_MS, 500 * 2 ** Math.min(failures, 10));
}
