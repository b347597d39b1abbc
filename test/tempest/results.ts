/** What Tempest says of each test, and the table that people see. */
import type { LeftOut } from './subset.ts';

export type TestResult = {
  readonly test: string;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'left out';
  readonly seconds: number;
  /** Why it was skipped or left out. */
  readonly reason: string | null;
};

/** `{0} tempest.api.x.Y.test_z [1.2s] ... SKIPPED: why`; a class that is set up in vain has no time. */
const LINE =
  /^\{\d+\} (.+?)(?: \[(\d+(?:\.\d+)?)s\])? \.\.\. (ok|FAILED|SKIPPED|inprogress)(?:: (.*))?$/;

const OUTCOMES: Readonly<Record<string, TestResult['outcome']>> = {
  ok: 'passed',
  FAILED: 'failed',
  SKIPPED: 'skipped',
  // It was broken off, and nobody will hear how it went.
  inprogress: 'failed',
};

/** The result that a line tells of; undefined when it tells of none. */
export function readResult(line: string): TestResult | undefined {
  const [, name = '', seconds = '0', word = '', reason = null] = LINE.exec(line) ?? [];
  const outcome = OUTCOMES[word];
  return outcome && { test: bare(name), outcome, seconds: Number(seconds), reason };
}

/** `setUpClass (x.Y)` is said of class `x.Y`; the test's id in brackets is for machines. */
function bare(name: string): string {
  return name.replace(/^(?:setUp|tearDown)Class \((.*)\)$/, '$1').replace(/\[[^\]]*\]$/, '');
}

/** Those of the selected tests that are not run, with why. */
export function leftOutTests(
  selected: readonly string[],
  leftOut: readonly LeftOut[],
): readonly TestResult[] {
  return selected.flatMap((name) => {
    const why = leftOut.find(({ regex }) => new RegExp(regex).test(name));
    if (!why) return [];
    return [{ test: bare(name), outcome: 'left out' as const, seconds: 0, reason: why.reason }];
  });
}

/** Failed ones last, where they are seen. */
const ORDER: readonly TestResult['outcome'][] = ['passed', 'left out', 'skipped', 'failed'];

export function resultsTable(results: readonly TestResult[]): string {
  const rows = ORDER.flatMap((outcome) =>
    results
      .filter((result) => result.outcome === outcome)
      .toSorted((a, b) => a.test.localeCompare(b.test)),
  );
  const lines = rows.map(({ test, outcome, seconds, reason }) => {
    const time = seconds > 0 ? `${seconds.toFixed(1)} s` : '';
    return `${outcome.padEnd(8)} ${time.padStart(8)}  ${test}${reason === null ? '' : `\n${' '.repeat(19)}${reason}`}`;
  });
  const counts = ORDER.map((outcome) => {
    return `${rows.filter((row) => row.outcome === outcome).length} ${outcome}`;
  });
  return `${[...lines, '', counts.join(', ')].join('\n')}\n`;
}
