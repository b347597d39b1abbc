/** What a row of the benchmark is: something measured, what it should be, and the floor below it. */

export type Unit = 'ms' | 'MB' | 'x' | 'Mbit/s' | '%' | '/s';

export type Row = {
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** What `design.md` promises; null for a row that only explains another. */
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | null;
  /** The least that this can cost here and now, measured in the same run; null where there is nothing below it. */
  readonly floor: { readonly what: string; readonly value: number } | null;
};

/** Measures some rows; says on `tell` what it is doing. */
export type Measure = (tell: (line: string) => void) => Promise<readonly Row[]>;

export function met({ value, target }: Row): boolean | null {
  if (target === null) return null;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

const HEAD = ['what', 'measured', 'target', '', 'floor', 'ratio', 'floor is'];

/** The rows as a table for people. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const { what, value, unit, target, floor } = row;
    const verdict = met(row);
    return [
      what,
      `${rounded(value)} ${unit}`,
      target === null ? '' : `${'atMost' in target ? '<=' : '>='} ${targetOf(row)} ${unit}`,
      verdict === null ? '' : verdict ? 'met' : 'MISSED',
      floor === null ? '' : `${rounded(floor.value)} ${unit}`,
      floor === null || floor.value <= 0 ? '' : `${rounded(value / floor.value)} x`,
      floor?.what ?? '',
    ];
  });
  const widths = HEAD.map((_, column) =>
    Math.max(...[HEAD, ...cells].map((line) => (line[column] ?? '').length)),
  );
  const lines = [HEAD, widths.map((width) => '-'.repeat(width)), ...cells].map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column > 0 && column < 6 && column !== 3 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

function targetOf({ target }: Row): string {
  if (target === null) return '';
  return String('atMost' in target ? target.atMost : target.atLeast);
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
