/**
 * Runs sagas and remembers how far they came.
 *
 * Before and after each step a row is written, so that a process that is killed between any two
 * instructions leaves a log from which the next one goes on. What a `done` row says is never run again;
 * a step that was only `started` is, which is why steps are safe to repeat. A saga is held by a lease,
 * so that several processes on one database never run the same one.
 */
import { orAborted, delay } from '#base/async.ts';
import type { Json } from '#base/json.ts';
import type { Db, Tx } from '../db/tables.ts';
import type { SagaEventsTable, SagasTable } from '../db/tables/engine.ts';
import { Fault } from '../fault.ts';
import type { Logger } from '../log.ts';
import type { AnyStep, InjectionPoint, Injector, Saga, SagaError } from './saga.ts';
import * as store from './saga.store.ts';

export type SagaEngineDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  /** This process, among those that share the database. */
  readonly owner: string;
  readonly inject?: Injector;
  /** The first wait after an undo that failed; doubled each time. */
  readonly undoRetryMs?: number;
};

/** For whom a saga works. */
export type SagaSubject = {
  readonly resourceId: string;
  readonly projectId: string;
  readonly requestId: string;
};

export type SagaEnd =
  | { readonly state: 'done'; readonly results: Readonly<Record<string, Json>> }
  | { readonly state: 'undone' | 'stuck'; readonly error: SagaError };

const LEASE_MS = 30_000;
const AT_ONCE = 64;
/** Tries of one undo before the saga is left for the next start, and for people. */
const UNDO_TRIES = 8;

type Definition = { readonly saga: Saga<Json, unknown, object>; readonly deps: unknown };

export class SagaEngine {
  readonly #deps: SagaEngineDeps;
  readonly #definitions = new Map<string, Definition>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiters = new Map<string, Set<(end: SagaEnd) => void>>();
  readonly #stop = new AbortController();
  #claiming: Promise<void> = Promise.resolve();
  #keeper: NodeJS.Timeout | undefined;

  constructor(deps: SagaEngineDeps) {
    this.#deps = deps;
  }

  /** Makes a definition known, with what its steps need. Before `begin`. */
  register<P extends Json, D, R extends object>(saga: Saga<P, D, R>, deps: D): void {
    this.#definitions.set(saga.name, { saga, deps });
  }

  get definitions(): readonly Saga<Json, unknown, object>[] {
    return [...this.#definitions.values()].map(({ saga }) => saga);
  }

  /** Takes up what an earlier process left, and begins to look for work. */
  async begin(): Promise<void> {
    await store.releaseAllLeases(this.#deps.db);
    await store.reviveStuckSagas(this.#deps.db);
    this.#keeper = setInterval(() => this.#keep(), LEASE_MS / 3);
    this.#keeper.unref();
    this.wake();
  }

  /**
   * Writes a saga down in the caller's transaction, and returns its id. Call `wake` after the commit:
   * forgetting that only costs time.
   */
  async start<P extends Json, D, R extends object>(
    tx: Tx,
    saga: Saga<P, D, R>,
    params: P,
    subject: SagaSubject,
  ): Promise<string> {
    if (!this.#definitions.has(saga.name)) throw new Error(`saga '${saga.name}' is not registered`);
    const at = this.#deps.now().toISOString();
    const id = this.#deps.newId();
    await store.insertSaga(tx, {
      id,
      name: saga.name,
      version: saga.version,
      resource_id: subject.resourceId,
      project_id: subject.projectId,
      request_id: subject.requestId,
      params: JSON.stringify(params),
      state: 'running',
      error: null,
      lease_owner: null,
      lease_until: null,
      created_at: at,
      updated_at: at,
    });
    return id;
  }

  /** Looks for work soon. */
  wake(): void {
    this.#claiming = this.#claiming.then(async () => {
      try {
        await this.#claim();
      } catch (error) {
        this.#deps.log.error({ err: error }, 'looking for sagas failed');
      }
    });
  }

  /** Resolves when the saga has ended, however. Rejects with the signal's reason; the saga goes on. */
  async wait(id: string, signal: AbortSignal): Promise<SagaEnd> {
    const { promise, resolve } = Promise.withResolvers<SagaEnd>();
    const waiters = this.#waiters.get(id) ?? new Set();
    waiters.add(resolve);
    this.#waiters.set(id, waiters);
    try {
      const ended = await this.#endOf(id);
      return ended ?? (await orAborted(promise, signal));
    } finally {
      waiters.delete(resolve);
      if (waiters.size === 0) this.#waiters.delete(id);
    }
  }

  /** Resolves when nothing is under way in this process. */
  async idle(): Promise<void> {
    do {
      await this.#claiming;
      await Promise.all(this.#running.values());
    } while (this.#running.size > 0);
  }

  /** Leaves everything where it is, to be taken up at the next start. */
  async close(): Promise<void> {
    clearInterval(this.#keeper);
    this.#stop.abort(new Fault('unavailable', 'Stopping', 'The cloud is going down.'));
    await this.#claiming;
    await Promise.all(this.#running.values());
  }

  async #claim(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const room = AT_ONCE - this.#running.size;
    if (room <= 0) return;
    const { db, now, owner } = this.#deps;
    const at = now();
    const until = new Date(at.getTime() + LEASE_MS).toISOString();
    for (const row of await store.claimableSagas(db, at.toISOString(), room)) {
      if (!(await store.claimSaga(db, row, owner, until))) continue;
      const work = this.#work(row).finally(() => {
        this.#running.delete(row.id);
        // There may have been no room for others.
        if (!this.#stop.signal.aborted) this.wake();
      });
      this.#running.set(row.id, work);
    }
  }

  #keep(): void {
    const { db, log, now, owner } = this.#deps;
    const until = new Date(now().getTime() + LEASE_MS).toISOString();
    store.extendLeases(db, owner, until).catch((error: unknown) => {
      log.error({ err: error }, 'keeping the leases of sagas failed');
    });
    this.wake();
  }

  async #work(row: SagasTable): Promise<void> {
    const log = this.#deps.log.child({
      saga_id: row.id,
      saga: row.name,
      resource_id: row.resource_id,
      request_id: row.request_id,
    });
    try {
      const run = await SagaRun.load(this.#deps, this.#definitions, row, log, this.#stop.signal);
      const end = await run.toTheEnd();
      for (const resolve of this.#waiters.get(row.id) ?? []) resolve(end);
    } catch (error) {
      // Stopping is no failure: the log says where to go on.
      if (this.#stop.signal.aborted) return;
      log.error({ err: error }, 'a saga could not go on; it is tried again when its lease ends');
    }
  }

  async #endOf(id: string): Promise<SagaEnd | undefined> {
    const row = await store.findSaga(this.#deps.db, id);
    if (!row) throw new Error(`no saga has the id '${id}'`);
    switch (row.state) {
      case 'running':
      case 'unwinding':
        return undefined;
      case 'done':
        return {
          state: 'done',
          results: resultsOf(await store.listSagaEvents(this.#deps.db, id)),
        };
      case 'undone':
      case 'stuck':
        return { state: row.state, error: JSON.parse(row.error ?? 'null') as SagaError };
    }
  }
}

/** One saga, from where its log ends to its own end. */
class SagaRun {
  readonly #deps: SagaEngineDeps;
  readonly #definition: Definition;
  readonly #row: SagasTable;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  readonly #params: Json;
  readonly #results: Record<string, Json>;
  readonly #undone: Set<string>;
  readonly #begun: Set<string>;
  #seq: number;
  #error: SagaError | null;

  private constructor(
    deps: SagaEngineDeps,
    definition: Definition,
    row: SagasTable,
    events: readonly SagaEventsTable[],
    log: Logger,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#definition = definition;
    this.#row = row;
    this.#log = log;
    this.#signal = signal;
    this.#params = JSON.parse(row.params) as Json;
    this.#results = resultsOf(events);
    this.#begun = new Set(events.filter(({ kind }) => kind === 'started').map(({ step }) => step));
    this.#undone = new Set(events.filter(({ kind }) => kind === 'undone').map(({ step }) => step));
    this.#seq = events.at(-1)?.seq ?? 0;
    this.#error = row.error === null ? null : (JSON.parse(row.error) as SagaError);
  }

  static async load(
    deps: SagaEngineDeps,
    definitions: ReadonlyMap<string, Definition>,
    row: SagasTable,
    log: Logger,
    signal: AbortSignal,
  ): Promise<SagaRun> {
    const definition = definitions.get(row.name);
    if (!definition || definition.saga.version < row.version) {
      throw new Error(`this program does not know saga '${row.name}' version ${row.version}`);
    }
    const events = await store.listSagaEvents(deps.db, row.id);
    const run = new SagaRun(deps, definition, row, events, log, signal);
    if (definition.saga.version > row.version && row.state === 'running') {
      // Its steps are no longer those that it began with: what was done is taken back, nothing is guessed.
      await run.#fail('', new Fault('unavailable', 'SagaOutdated', 'The cloud was upgraded.'));
    }
    return run;
  }

  async toTheEnd(): Promise<SagaEnd> {
    const { steps } = this.#definition.saga;
    if (this.#error === null) {
      for (const [index, step] of steps.entries()) {
        if (step.name in this.#results) continue;
        const failure = await this.#run(step, index === steps.length - 1);
        if (failure !== undefined) {
          await this.#fail(step.name, failure);
          break;
        }
      }
    }
    if (this.#error === null) return { state: 'done', results: this.#results };
    for (const step of steps.toReversed()) {
      if (!this.#begun.has(step.name) || this.#undone.has(step.name)) continue;
      if (!(await this.#undo(step, this.#error))) {
        await this.#end('stuck');
        return { state: 'stuck', error: this.#error };
      }
    }
    await this.#end('undone');
    return { state: 'undone', error: this.#error };
  }

  /** Runs a step and records it. Returns what went wrong; throws only when the process is stopping. */
  async #run(step: AnyStep, last: boolean): Promise<unknown> {
    if (!this.#begun.has(step.name)) {
      await this.#record(step.name, 'started', null);
      this.#begun.add(step.name);
    }
    try {
      await this.#point(step, 'before-run');
      const args = {
        params: this.#params,
        done: this.#results,
        deps: this.#definition.deps,
        signal: this.#signal,
      };
      let result = await step.run(args);
      if ((await this.#point(step, 'after-run')) === 'repeat') result = await step.run(args);
      this.#results[step.name] = result ?? null;
    } catch (error) {
      this.#signal.throwIfAborted();
      return error ?? new Error('a step threw nothing');
    }
    const data = JSON.stringify(this.#results[step.name]);
    if (last) {
      await this.#recordAnd(step.name, 'done', data, { state: 'done' });
    } else {
      await this.#record(step.name, 'done', data);
    }
    this.#log.debug({ step: step.name }, 'step done');
    return undefined;
  }

  async #undo(step: AnyStep, error: SagaError): Promise<boolean> {
    let wait = this.#deps.undoRetryMs ?? 200;
    for (let tries = 1; ; tries++) {
      try {
        await this.#point(step, 'before-undo');
        const args = {
          params: this.#params,
          done: this.#results,
          deps: this.#definition.deps,
          signal: this.#signal,
          error,
        };
        await step.undo?.(args);
        if ((await this.#point(step, 'after-undo')) === 'repeat') await step.undo?.(args);
        await this.#record(step.name, 'undone', null);
        this.#undone.add(step.name);
        return true;
      } catch (failure) {
        this.#signal.throwIfAborted();
        this.#log.error({ err: failure, step: step.name, tries }, 'undoing a step failed');
        await this.#record(step.name, 'undo-failed', JSON.stringify(errorOf(step.name, failure)));
        if (tries >= UNDO_TRIES) return false;
        await delay(wait, this.#signal);
        wait *= 2;
      }
    }
  }

  async #fail(step: string, failure: unknown): Promise<void> {
    this.#error = errorOf(step, failure);
    const level = failure instanceof Fault && failure.kind !== 'internal' ? 'info' : 'error';
    this.#log[level]({ err: failure, step }, 'a step failed; the saga is undone');
    const error = JSON.stringify(this.#error);
    await this.#recordAnd(step, 'failed', error, { state: 'unwinding', error });
  }

  async #end(state: 'undone' | 'stuck'): Promise<void> {
    const updated_at = this.#deps.now().toISOString();
    await store.setSagaState(this.#deps.db, this.#row.id, { state, updated_at });
    this.#log.info({ state }, 'saga ended');
  }

  async #point(step: AnyStep, when: InjectionPoint['when']): Promise<'go on' | 'repeat'> {
    if (!this.#deps.inject) return 'go on';
    return await this.#deps.inject({
      sagaId: this.#row.id,
      saga: this.#row.name,
      step: step.name,
      when,
    });
  }

  async #record(step: string, kind: SagaEventsTable['kind'], data: string | null): Promise<void> {
    await store.insertSagaEvents(this.#deps.db, [this.#event(step, kind, data)]);
  }

  /** One transaction: the saga's state never says other than its log. */
  async #recordAnd(
    step: string,
    kind: SagaEventsTable['kind'],
    data: string | null,
    change: Partial<Pick<SagasTable, 'state' | 'error'>>,
  ): Promise<void> {
    const event = this.#event(step, kind, data);
    await this.#deps.db.transaction().execute(async (tx) => {
      await store.insertSagaEvents(tx, [event]);
      await store.setSagaState(tx, this.#row.id, { ...change, updated_at: event.at });
    });
  }

  #event(step: string, kind: SagaEventsTable['kind'], data: string | null): SagaEventsTable {
    this.#seq += 1;
    const at = this.#deps.now().toISOString();
    return { saga_id: this.#row.id, seq: this.#seq, step, kind, data, at };
  }
}

function resultsOf(events: readonly SagaEventsTable[]): Record<string, Json> {
  return Object.fromEntries(
    events
      .filter(({ kind }) => kind === 'done')
      .map(({ step, data }) => [step, JSON.parse(data ?? 'null') as Json]),
  );
}

function errorOf(step: string, failure: unknown): SagaError {
  if (failure instanceof Fault) {
    return { step, kind: failure.kind, code: failure.code, message: failure.message };
  }
  // What nobody expected is for the log; a tenant is told only that it happened.
  return {
    step,
    kind: 'internal',
    code: 'InternalError',
    message: 'An unexpected error occurred.',
  };
}
