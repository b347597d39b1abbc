/** Where answers differ from the recorded ones on purpose, each with its reason. */
import { readFileSync } from 'node:fs';

export type Difference = {
  /** Routes, such as `GET /networking/v2.0/ports`, by a pattern that matches the whole. */
  readonly where: string;
  /** What differs, by a pattern that matches a part. */
  readonly what: string;
  readonly reason: string;
};

export const PAGE = new URL('../../docs/compat/replay.md', import.meta.url);

export function readDifferences(): readonly Difference[] {
  const text = readFileSync(new URL('differences.json', import.meta.url), 'utf8');
  return JSON.parse(text) as readonly Difference[];
}

/** The one that explains a difference; undefined when nobody has. */
export function explain(
  differences: readonly Difference[],
  route: string,
  what: string,
): Difference | undefined {
  return differences.find(
    (one) => new RegExp(`^(?:${one.where})$`).test(route) && new RegExp(one.what, 's').test(what),
  );
}

/** The page that people read. */
export function pageOf(differences: readonly Difference[]): string {
  const reasons = new Map<string, Difference[]>();
  for (const one of differences) {
    const known = reasons.get(one.reason);
    if (known) known.push(one);
    else reasons.set(one.reason, [one]);
  }
  const sections = [...reasons].map(([reason, all]) => {
    const lines = all.map(({ where, what }) => `| \`${cell(where)}\` | \`${cell(what)}\` |`);
    return `## ${reason}\n\n| route | difference |\n| --- | --- |\n${lines.join('\n')}`;
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');

const HEAD = `# Replay of recorded exchanges

\`test/compat/replay.test.ts\` sends requests that were recorded from a real OpenStack (Zed, Debian's packages) to Stackyard and
compares status, error text and the shape of the body: names of members and types of values. Ids and names are replaced by
those of things that exist in the test's cloud. Everything that differs is fixed or is listed here with its reason; whatever is
neither fails the test.

This page is written by \`node test/compat/write-page.ts\` from \`test/compat/differences.json\`. Both columns are regular expressions.
The facts in \`test/compat/exchanges/\` are extracted from the recordings by \`test/compat/extract-exchanges.ts\`.
`;
