/** One section of the document beside what of it is real on this host: what differs, found without a look at the rest. */
import { isDeepStrictEqual } from 'node:util';

/** What one pass makes of a section. */
export type Turn<T> = {
  readonly wanted: readonly T[];
  readonly unwanted: readonly string[];
  /** Looked at, and already as it should be. */
  readonly same: readonly string[];
  /** Not wanted, but may not go yet. */
  readonly kept: readonly string[];
};

export class SectionInStep<T extends { readonly id: string }> {
  readonly #desired: () => ReadonlyMap<string, T>;
  /** What was applied last, without an error. */
  readonly #applied = new Map<string, T>();
  /** What is known to be on the host, applied by us or found. */
  readonly #there = new Set<string>();
  readonly #failures = new Map<string, Error>();
  /** What may differ; all else is known not to. */
  #due = new Set<string>();

  constructor(desired: () => ReadonlyMap<string, T>) {
    this.#desired = desired;
  }

  get there(): ReadonlySet<string> {
    return this.#there;
  }

  get applied(): ReadonlyMap<string, T> {
    return this.#applied;
  }

  /** Why what is wanted could not be applied when it was last tried. */
  get failures(): ReadonlyMap<string, Error> {
    return this.#failures;
  }

  isFailing(): boolean {
    return [...this.#failures.keys()].some((id) => this.#desired().has(id));
  }

  isInStep(id: string): boolean {
    const wanted = this.#desired().get(id);
    return wanted !== undefined && isDeepStrictEqual(this.#applied.get(id), wanted);
  }

  /** The document may say something else of it now. */
  touch(id: string): void {
    this.#due.add(id);
  }

  /** It is on the host, whoever made it. */
  found(id: string): void {
    if (this.#there.has(id)) return;
    this.#there.add(id);
    this.#due.add(id);
  }

  /** Nothing is sure any more: the next pass applies everything again. */
  doubt(): void {
    this.#applied.clear();
    for (const id of [...this.#desired().keys(), ...this.#there]) this.#due.add(id);
  }

  /** What a pass has to do. It ends with `settle`, or with `giveBack` when nobody knows what became of it. */
  take(mayGo: (id: string) => boolean): Turn<T> {
    const turn = { wanted: [] as T[], unwanted: [] as string[], same: [] as string[] };
    const kept: string[] = [];
    for (const id of this.#due) {
      const wanted = this.#desired().get(id);
      if (wanted === undefined) {
        this.#failures.delete(id);
        if (!this.#there.has(id)) continue;
        if (mayGo(id)) turn.unwanted.push(id);
        else kept.push(id);
      } else if (isDeepStrictEqual(this.#applied.get(id), wanted)) {
        this.#failures.delete(id);
        turn.same.push(id);
      } else {
        this.#there.add(id);
        turn.wanted.push(wanted);
      }
    }
    this.#due = new Set(kept);
    return { ...turn, kept };
  }

  settle({ wanted, unwanted }: Turn<T>, failures: ReadonlyMap<string, Error>): void {
    for (const one of wanted) {
      const failure = failures.get(one.id);
      if (failure === undefined) {
        this.#applied.set(one.id, one);
        this.#failures.delete(one.id);
      } else {
        this.#failures.set(one.id, failure);
        this.#due.add(one.id);
      }
    }
    for (const id of unwanted) {
      if (failures.has(id)) {
        this.#due.add(id);
      } else {
        this.#applied.delete(id);
        this.#there.delete(id);
      }
    }
  }

  giveBack({ wanted, unwanted }: Turn<T>): void {
    for (const id of [...wanted.map((one) => one.id), ...unwanted]) {
      this.#applied.delete(id);
      this.#due.add(id);
    }
  }
}
