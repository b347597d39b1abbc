/** Filters that Nova treats as regular expressions, matched in time linear to the text: nobody can hang the API with one. */
import { badRequest } from '../compute.faults.ts';

/** What a filter looks for. `literal`: it holds no operators, so a plain search finds the same. */
export type TextPattern = {
  readonly literal: string | null;
  /** True when the pattern is found anywhere in the text, whatever the case. */
  readonly matches: (text: string) => boolean;
};

/** One character that may come next. */
type Test = (char: string) => boolean;
type State =
  | { kind: 'char'; test: Test; next: number }
  | { kind: 'split'; next: number; other: number }
  | { kind: 'start'; next: number }
  | { kind: 'end'; next: number }
  | { kind: 'match' };

const MAX_LENGTH = 255;
const MAX_STATES = 2000;
const OPERATORS = /[\\^$.|?*+()[\]{}]/;

/** Reads a pattern: literals, `.`, classes, `^`, `$`, groups, `|`, `*`, `+`, `?`. Throws Nova's refusal of anything else. */
export function textPattern(source: string): TextPattern {
  if (!OPERATORS.test(source)) {
    const wanted = source.toLowerCase();
    return { literal: source, matches: (text) => text.toLowerCase().includes(wanted) };
  }
  const machine = new Compiler(source.toLowerCase()).compile();
  return { literal: null, matches: (text) => run(machine, Array.from(text.toLowerCase())) };
}

/** Follows every way through the machine at once. */
function run(
  { states, start }: { states: readonly State[]; start: number },
  text: readonly string[],
) {
  let current = new Set<number>();
  const follow = (into: Set<number>, from: number, at: number): boolean => {
    const todo = [from];
    for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
      if (into.has(index)) continue;
      into.add(index);
      const state = states[index];
      if (!state || state.kind === 'match') return true;
      if (state.kind === 'split') todo.push(state.next, state.other);
      else if (state.kind === 'start' && at === 0) todo.push(state.next);
      else if (state.kind === 'end' && at === text.length) todo.push(state.next);
    }
    return false;
  };
  for (let at = 0; at <= text.length; at++) {
    if (follow(current, start, at)) return true;
    const next = new Set<number>();
    const char = text[at];
    if (char === undefined) break;
    for (const index of current) {
      const state = states[index];
      if (state?.kind === 'char' && state.test(char) && follow(next, state.next, at + 1))
        return true;
    }
    current = next;
  }
  return false;
}

/** Builds the machine back to front: each part is told where to go on when it has matched. */
type Part = (next: number) => number;

class Compiler {
  readonly #source: readonly string[];
  readonly #states: State[] = [{ kind: 'match' }];
  #at = 0;

  constructor(source: string) {
    this.#source = Array.from(source);
    // Groups within groups are read by functions that call one another.
    if (this.#source.length > MAX_LENGTH) throw this.#bad();
  }

  compile(): { states: readonly State[]; start: number } {
    const part = this.#either();
    if (this.#at < this.#source.length) throw this.#bad();
    return { start: part(0), states: this.#states };
  }

  #either(): Part {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.reduce((left, right) => (next) => {
      const [one, other] = [left(next), right(next)];
      return this.#add({ kind: 'split', next: one, other });
    });
  }

  #sequence(): Part {
    const parts: Part[] = [];
    let char = this.#source[this.#at];
    while (char !== undefined && char !== '|' && char !== ')') {
      parts.push(this.#repeated());
      char = this.#source[this.#at];
    }
    return (next) => parts.reduceRight((after, part) => part(after), next);
  }

  #repeated(): Part {
    let part = this.#one();
    for (;;) {
      const inner = part;
      if (this.#take('*')) part = (next) => this.#loop(inner, next);
      else if (this.#take('+')) part = (next) => inner(this.#loop(inner, next));
      else if (this.#take('?')) {
        part = (next) => this.#add({ kind: 'split', next: inner(next), other: next });
      } else return part;
    }
  }

  #loop(inner: Part, next: number): number {
    const split = { kind: 'split' as const, next: 0, other: next };
    const index = this.#add(split);
    split.next = inner(index);
    return index;
  }

  #one(): Part {
    const char = this.#source[this.#at];
    this.#at += 1;
    switch (char) {
      case '(': {
        if (this.#take('?')) throw this.#bad();
        const part = this.#either();
        if (!this.#take(')')) throw this.#bad();
        return part;
      }
      case '[':
        return this.#char(this.#class());
      case '.':
        return this.#char(() => true);
      case '^':
        return (next) => this.#add({ kind: 'start', next });
      case '$':
        return (next) => this.#add({ kind: 'end', next });
      case '\\':
        return this.#char(this.#escape());
      case undefined:
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#bad();
      default:
        return this.#char((other) => other === char);
    }
  }

  #class(): Test {
    const negated = this.#take('^');
    const tests: Test[] = [];
    for (let first = true; first || this.#source[this.#at] !== ']'; first = false) {
      let char = this.#source[this.#at];
      this.#at += 1;
      if (char === undefined) throw this.#bad();
      if (char === '\\') {
        tests.push(this.#escape());
        continue;
      }
      const upTo = this.#source[this.#at + 1];
      if (this.#source[this.#at] === '-' && upTo !== undefined && upTo !== ']') {
        const from = char;
        this.#at += 2;
        tests.push((other) => other >= from && other <= upTo);
        continue;
      }
      const only = char;
      char = undefined;
      tests.push((other) => other === only);
    }
    this.#at += 1;
    return (other) => tests.some((test) => test(other)) !== negated;
  }

  #escape(): Test {
    const char = this.#source[this.#at];
    this.#at += 1;
    if (char === undefined) throw this.#bad();
    switch (char) {
      case 'd':
        return (other) => /\d/.test(other);
      case 'w':
        return (other) => /\w/.test(other);
      case 's':
        return (other) => /\s/.test(other);
      default:
        return (other) => other === char;
    }
  }

  #char(test: Test): Part {
    return (next) => this.#add({ kind: 'char', test, next });
  }

  #add(state: State): number {
    if (this.#states.length >= MAX_STATES) throw this.#bad();
    this.#states.push(state);
    return this.#states.length - 1;
  }

  #take(char: string): boolean {
    if (this.#source[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #bad() {
    const text = this.#source.join('').slice(0, 100);
    return badRequest(
      `Invalid input received: '${text}' is not a regular expression that can be searched for.`,
    );
  }
}
