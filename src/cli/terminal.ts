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

/** Rows under headings, in columns as wide as they need to be. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join(
    '\n',
  );
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
