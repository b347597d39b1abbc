/** How a fake driver is to misbehave: slowly, or by failing. */
import { readFileSync } from 'node:fs';
import { isJsonObject } from '#base/json.ts';
import { Fault, type FaultKind } from '#platform/fault.ts';

export type FakeFailure<Method extends string> = {
  readonly method: Method;
  /** Only for what has this id or name; how it is compared, each driver says. */
  readonly match?: string;
  /** How many calls fail before one succeeds; all of them when absent. */
  readonly times?: number;
  /** `internal` when absent. */
  readonly kind?: FaultKind;
  readonly message?: string;
};

export type FakeBehaviour<Method extends string> = {
  /** How long each call that changes something takes. */
  readonly delayMs?: number;
  readonly failures?: readonly FakeFailure<Method>[];
};

/** Holds a behaviour that may be changed at any time, by this program or, in its file, by another. */
export class FakeMoods<Method extends string> {
  readonly #driver: string;
  readonly #file: string | null;
  #behaviour: FakeBehaviour<Method>;
  #text = '';
  #used: number[] = [];

  /** `driver` is its name for people; `file` may be absent, and is read at each call when it is not null. */
  constructor(driver: string, behaviour: FakeBehaviour<Method>, file: string | null) {
    this.#driver = driver;
    this.#behaviour = behaviour;
    this.#file = file;
  }

  set(behaviour: FakeBehaviour<Method>): void {
    this.#behaviour = behaviour;
    this.#used = [];
  }

  get delayMs(): number {
    this.#read();
    return this.#behaviour.delayMs ?? 0;
  }

  /** The failure that is due for a call, which `concerns` what a failure's `match` names. */
  take(method: Method, concerns: (match: string | undefined) => boolean): Fault | null {
    this.#read();
    for (const [index, failure] of (this.#behaviour.failures ?? []).entries()) {
      if (failure.method !== method || !concerns(failure.match)) continue;
      const used = this.#used[index] ?? 0;
      if (used >= (failure.times ?? Infinity)) continue;
      this.#used[index] = used + 1;
      const about = failure.match === undefined ? '' : ` ${failure.match}`;
      const message =
        failure.message ?? `The fake ${this.#driver} was told to fail '${method}'${about}.`;
      return new Fault(failure.kind ?? 'internal', 'FakeFailure', message);
    }
    return null;
  }

  #read(): void {
    if (this.#file === null) return;
    const text = readIfThere(this.#file);
    if (text === this.#text) return;
    this.#text = text;
    const behaviour: unknown = text === '' ? {} : JSON.parse(text);
    if (!isBehaviour<Method>(behaviour)) {
      throw new Fault('invalid', 'InvalidFakeBehaviour', `'${this.#file}' is no fake behaviour.`);
    }
    this.set(behaviour);
  }
}

function isBehaviour<Method extends string>(value: unknown): value is FakeBehaviour<Method> {
  if (!isJsonObject(value)) return false;
  const { delayMs = 0, failures = [] } = value;
  return (
    typeof delayMs === 'number' &&
    Array.isArray(failures) &&
    failures.every((failure) => isJsonObject(failure) && typeof failure['method'] === 'string')
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw cause;
  }
}
