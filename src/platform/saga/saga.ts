/**
 * Sagas: named steps that are done in order and undone in reverse.
 *
 * A step may run twice (the process died after the effect, before the record), so both
 * `run` and `undo` must be safe to repeat. Results are JSON, because they are stored.
 */
import type { Json } from '#base/json.ts';
import type { Fault } from '../fault.ts';

export type { Json } from '#base/json.ts';

/** What a failed step leaves for those that undo: a fault's code and text, and its kind. */
export type SagaError = {
  readonly step: string;
  readonly kind: Fault['kind'];
  readonly code: string;
  /** For the tenant. */
  readonly message: string;
};

export type RunArgs<Params, Done, Deps> = {
  readonly params: Params;
  /** What the steps before this one returned, by their names. */
  readonly done: Done;
  readonly deps: Deps;
  /** Aborted when the process is asked to stop; the step is run again at the next start. */
  readonly signal: AbortSignal;
};

export type UndoArgs<Params, Done, Deps> = {
  readonly params: Params;
  /** What had been returned before the failure: of this and later steps perhaps nothing. */
  readonly done: Partial<Done>;
  readonly deps: Deps;
  readonly signal: AbortSignal;
  readonly error: SagaError;
};

export type Step<Params, Done, Name extends string, Result extends Json, Deps> = {
  readonly name: Name;
  readonly run: (args: RunArgs<Params, Done, Deps>) => Promise<Result>;
  /** Takes back what `run` did. Also called when `run` failed half way. */
  readonly undo?: (args: UndoArgs<Params, Done & Record<Name, Result>, Deps>) => Promise<void>;
};

export type AnyStep = {
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each step's own types were checked when it was added
  readonly run: (args: any) => Promise<Json>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly undo?: (args: any) => Promise<void>;
};

/** A definition. Each `step` returns a new one, typed by what its steps return. */
export class Saga<Params extends Json, Deps, Done extends object = Record<never, Json>> {
  readonly name: string;
  /** Goes up when the steps change in a way that a saga under way would not survive; such a saga is undone by its results alone. */
  readonly version: number;
  readonly steps: readonly AnyStep[];
  /** Carries the types of the parameters and dependencies; never set. */
  declare readonly types: { readonly params: Params; readonly deps: Deps; readonly done: Done };

  constructor(name: string, version = 1, steps: readonly AnyStep[] = []) {
    this.name = name;
    this.version = version;
    this.steps = steps;
  }

  step<Name extends string, Result extends Json>(
    step: Step<Params, Done, Name, Result, Deps>,
  ): Saga<Params, Deps, Done & Record<Name, Result>> {
    return new Saga(this.name, this.version, [...this.steps, step]);
  }
}

/** Where a saga can be made to fail, to repeat itself or to be killed: after a step's effect, before its record. */
export type InjectionPoint = {
  readonly sagaId: string;
  readonly saga: string;
  readonly step: string;
  readonly when: 'before-run' | 'after-run' | 'before-undo' | 'after-undo';
};

/**
 * Asked at every injection point. May throw (the step fails), never return, or end the process; `repeat`
 * makes the engine run the step or its undo once more.
 */
export type Injector = (point: InjectionPoint) => Promise<'go on' | 'repeat'>;
