/** What the demo tried, with which command, and what was seen. */
import { note, print, table } from '../terminal.ts';

export type Row = {
  readonly scenario: string;
  readonly what: string;
  readonly command: string;
  readonly seen: string;
  readonly passed: boolean;
};

export class Report {
  readonly #rows: Row[] = [];
  #scenario = '';

  begin(scenario: string, topology: string): void {
    this.#scenario = scenario;
    print(`\n${scenario}\n${'='.repeat(scenario.length)}\n\n${topology}\n`);
  }

  /**
   * Tries one thing: `look` returns what was seen, or throws what went wrong. A failure is one row, and
   * the caller decides whether what follows still makes sense.
   */
  async try(what: string, command: string, look: () => Promise<string>): Promise<boolean> {
    const started = Date.now();
    let row: Row;
    try {
      const seen = await look();
      row = { scenario: this.#scenario, what, command, seen, passed: true };
    } catch (error) {
      const seen = error instanceof Error ? error.message : String(error);
      row = { scenario: this.#scenario, what, command, seen, passed: false };
    }
    this.#rows.push(row);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    note(
      `  ${row.passed ? 'passed' : 'FAILED'}  ${what} (${seconds} s)${row.passed ? '' : `: ${row.seen}`}`,
    );
    return row.passed;
  }

  get passed(): boolean {
    return this.#rows.length > 0 && this.#rows.every((row) => row.passed);
  }

  /** The whole, as a table a scenario. */
  print(): void {
    for (const scenario of new Set(this.#rows.map((row) => row.scenario))) {
      print(`\n${scenario}\n`);
      const rows = this.#rows.filter((row) => row.scenario === scenario);
      print(
        table(
          ['', 'what was tried', 'with which command', 'what was seen'],
          rows.map(({ what, command, seen, passed }) => [
            passed ? 'passed' : 'FAILED',
            what,
            command,
            seen.trim().replaceAll(/\s+/g, ' '),
          ]),
        ),
      );
    }
    const failed = this.#rows.filter((row) => !row.passed).length;
    print(`\n${this.#rows.length - failed} passed, ${failed} failed`);
  }
}

/** Throws when what was seen is not what must be. */
export function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
