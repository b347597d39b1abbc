/** How a fake hypervisor is to misbehave: slowly, or by failing. */
import { readFileSync } from 'node:fs';
import { delay } from '#base/async.ts';
import { isJsonObject } from '#base/json.ts';
import { Fault, type FaultKind } from '#platform/fault.ts';
import type { CallOptions, Hypervisor } from '../hypervisor.ts';

/** The calls that can be slowed down or made to fail. */
export type FakeCall = Exclude<keyof Hypervisor, 'onChange' | 'close'>;

export type FakeFailure = {
  readonly method: FakeCall;
  /** Only for the domain or port with this id, or the domain with this name; for all when absent. */
  readonly match?: string;
  /** How many calls fail before one succeeds; all of them when absent. */
  readonly times?: number;
  /** `internal` when absent. */
  readonly kind?: FaultKind;
  readonly message?: string;
};

export type FakeBehaviour = {
  /** How long each call that changes something takes. */
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

  /** Waits and fails as it is told to; `about` are the ids and names that the call concerns. */
  async apply(method: FakeCall, about: readonly string[], options: CallOptions): Promise<void> {
    this.#read();
    options.signal.throwIfAborted();
    const { delayMs = 0, failures = [] } = this.#behaviour;
    const asks = method === 'info' || method === 'list' || method === 'observe';
    if (delayMs > 0 && !asks) await delay(delayMs, options.signal);
    for (const [index, failure] of failures.entries()) {
      if (failure.method !== method) continue;
      if (failure.match !== undefined && !about.includes(failure.match)) continue;
      const used = this.#used[index] ?? 0;
      if (used >= (failure.times ?? Infinity)) continue;
      this.#used[index] = used + 1;
      throw new Fault(
        failure.kind ?? 'internal',
        'FakeFailure',
        failure.message ?? `The fake hypervisor was told to fail '${method}'.`,
      );
    }
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
