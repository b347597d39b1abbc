/** Keyset paging: the page after a row is found by that row's values, not by counting rows. */
import {
  sql,
  type ExpressionBuilder,
  type ReferenceExpression,
  type SelectQueryBuilder,
  type SqlBool,
} from 'kysely';
import type { Page } from '../http/list-query.ts';

/**
 * Orders and cuts a query to one page.
 *
 * `columns` maps each sort key to its column; `id` is added as the last key, so that the order is total.
 * `marker` is the row named by `page.marker` (the caller has looked it up and refused an unknown one).
 * A page before the marker (`page.reverse`) comes back to front; the caller turns it round.
 */
export function applyPage<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  page: Page,
  columns: Readonly<Record<string, ReferenceExpression<DB, TB>>>,
  marker: Readonly<Record<string, unknown>> | undefined,
): SelectQueryBuilder<DB, TB, O> {
  const keys = page.sort.some(({ key }) => key === 'id')
    ? page.sort
    : [...page.sort, { key: 'id', dir: 'asc' as const }];
  let result = query;
  const order = keys.map(({ key, dir }) => {
    const column = columns[key];
    if (column === undefined) throw new Error(`no column is known for the sort key '${key}'`);
    return {
      key,
      column,
      dir: page.reverse === (dir === 'asc') ? ('desc' as const) : ('asc' as const),
    };
  });
  if (marker) {
    result = result.where((eb) =>
      eb.or(
        order.map((_, last) =>
          eb.and([
            ...order.slice(0, last).map(({ key, column }) => same(eb, column, marker[key])),
            beyond(eb, order[last] as (typeof order)[number], marker),
          ]),
        ),
      ),
    );
  }
  for (const { column, dir } of order) {
    // SQLite's own order, said aloud for PostgreSQL, whose own is the other way round.
    result = result.orderBy(column as never, (by) =>
      dir === 'asc' ? by.asc().nullsFirst() : by.desc().nullsLast(),
    );
  }
  return page.limit === null ? result : result.limit(page.limit);
}

function same<DB, TB extends keyof DB>(
  eb: ExpressionBuilder<DB, TB>,
  column: ReferenceExpression<DB, TB>,
  value: unknown,
) {
  return value === null || value === undefined
    ? eb(column, 'is', null)
    : eb(column, '=', value as never);
}

function beyond<DB, TB extends keyof DB>(
  eb: ExpressionBuilder<DB, TB>,
  { key, column, dir }: { key: string; column: ReferenceExpression<DB, TB>; dir: 'asc' | 'desc' },
  marker: Readonly<Record<string, unknown>>,
) {
  const value = marker[key];
  if (value === null || value === undefined) {
    return dir === 'asc' ? eb(column, 'is not', null) : sql<SqlBool>`1 = 0`;
  }
  return dir === 'asc'
    ? eb(column, '>', value as never)
    : eb.or([eb(column, '<', value as never), eb(column, 'is', null)]);
}
