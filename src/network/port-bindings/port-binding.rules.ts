/** One page of a port's bindings. Pure: a port has few, so all are there to choose from. */
import type { ListQuery } from '../attributes/list-query.ts';

type Row = { readonly [name: string]: unknown; readonly host: string };

/**
 * What was asked for, in the order that was asked for, then by host. A binding has no id: its host is the marker. One
 * that is not among the bindings is passed over.
 */
export function pageOf<R extends Row>(
  all: readonly R[],
  { filters, page }: ListQuery,
): readonly R[] {
  const found = all
    .filter((row) => filters.every(({ name, values }) => values.includes(String(row[name]))))
    .toSorted((one, other) => {
      for (const { key, dir } of [...page.sort, { key: 'host', dir: 'asc' as const }]) {
        const [a, b] = [String(one[key]), String(other[key])];
        if (a !== b) return a < b === (dir === 'asc') ? -1 : 1;
      }
      return 0;
    });
  const { limit, marker, reverse } = page;
  // compat: a marker without a limit means nothing.
  if (limit === null) return found;
  const at = found.findIndex(({ host }) => host === marker);
  if (reverse) {
    const before = at === -1 ? found : found.slice(0, at);
    return before.slice(Math.max(0, before.length - limit));
  }
  return found.slice(at + 1, at + 1 + limit);
}
