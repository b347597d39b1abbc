/** What a person reads: results on standard output, progress and refusals on standard error. */
import { Fault } from '#platform/fault.ts';

/** A line of a result. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** A line about what is being done; said only to a person at a terminal, so that logs stay quiet. */
export function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
}

/** A line that must be seen, terminal or not. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The widest that a table may be where no terminal says otherwise. */
const WIDTH = 140;
const GAP = '  ';

/** Rows under headings. Columns are as wide as they need to be; when that is too much, the widest ones are wrapped. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: number = process.stdout.columns ?? WIDTH,
): string {
  const needed = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const widths = fit(needed, width - GAP.length * (headings.length - 1));
  const line = (cells: readonly string[]) => {
    const wrapped = widths.map((room, column) => wrap(cells[column] ?? '', room));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, index) =>
      wrapped
        .map((lines, column) => (lines[index] ?? '').padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    ).join('\n');
  };
  const rule = widths.map((room) => '-'.repeat(room)).join(GAP);
  return [line(headings), rule, ...rows.map(line)].join('\n');
}

/** Takes from the widest until all of them fit; none becomes narrower than a word. */
function fit(needed: readonly number[], room: number): number[] {
  const widths = [...needed];
  const NARROW = 20;
  while (widths.reduce((sum, one) => sum + one, 0) > room) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= NARROW) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Lines of at most `room` characters, broken at blanks where there are any. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const blank = rest.lastIndexOf(' ', room);
    const at = blank > 0 ? blank : room;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Says what went wrong, in a person's words; the stack only when asked for. */
export function explain(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? error.message;
  if (error instanceof Fault) {
    const detail = [error.detail['line'], error.detail['stderr']].filter(
      (part) => typeof part === 'string' && part !== '',
    );
    return [`stackyard: ${error.message}`, ...detail.map((part) => `  ${String(part)}`)].join('\n');
  }
  const text = error instanceof Error ? error.message : String(error);
  return `stackyard: ${text}\n  Run it again with --debug to see where this comes from.`;
}
