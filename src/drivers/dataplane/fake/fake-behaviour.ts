/** How a fake data plane is to misbehave: slowly, or by failing. */
import { readFileSync } from 'node:fs';
import { isJsonObject } from '#base/json.ts';
import { Fault, type FaultKind } from '#platform/fault.ts';

export type FakeFailure = {
  readonly method: 'apply' | 'observe';
  /** In `apply`, only the network or port with this id fails; the whole call when absent. */
  readonly match?: string;
  /** How many calls fail before one succeeds; all of them when absent. */
  readonly times?: number;
  /** `internal` when absent. */
  readonly kind?: FaultKind;
  readonly message?: string;
};

export type FakeBehaviour = {
  /** How long each `apply` takes. */
  readonly delayMs?: number;
  readonly failures?: readonly FakeFailure[];
};

/** Applies a behaviour that may be changed at any time, by this program or, in its file, by another. */
export class FakeMoods {
  readonly #file: string | null;
  #behaviour: FakeBehaviour;
  #text = '';
  #used: number[] = [];

  constructor(behaviour: FakeBehaviour, file: string | null) {
    this.#behaviour = behaviour;
    this.#file = file;
  }

  set(behaviour: FakeBehaviour): void {
    this.#behaviour = behaviour;
    this.#used = [];
  }

  get delayMs(): number {
    this.#read();
    return this.#behaviour.delayMs ?? 0;
  }

  /** The failure that is due for a call as a whole, or for one id in it. */
  take(method: FakeFailure['method'], id?: string): Fault | null {
    this.#read();
    for (const [index, failure] of (this.#behaviour.failures ?? []).entries()) {
      if (failure.method !== method || failure.match !== id) continue;
      const used = this.#used[index] ?? 0;
      if (used >= (failure.times ?? Infinity)) continue;
      this.#used[index] = used + 1;
      const about = id === undefined ? '' : ` ${id}`;
      const message =
        failure.message ?? `The fake data plane was told to fail '${method}'${about}.`;
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
    if (!isBehaviour(behaviour)) {
      throw new Fault('invalid', 'InvalidFakeBehaviour', `'${this.#file}' is no fake behaviour.`);
    }
    this.set(behaviour);
  }
}

function isBehaviour(value: unknown): value is FakeBehaviour {
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
