/** Applies what a caller asks of a list to a query. */
import { sql, type ReferenceExpression, type SelectQueryBuilder, type SqlBool } from 'kysely';
import type { Filter, Listed, Listing } from './listing.ts';

/**
 * Filters, orders by id, cuts to a page, and runs the query.
 *
 * `columns` maps each attribute that may be filtered on to its column, and `id` to the key.
 */
export async function runListing<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  listing: Listing,
  columns: Readonly<Record<string, ReferenceExpression<DB, TB>>>,
): Promise<Listed<O>> {
  let filtered = query;
  for (const filter of listing.filters) {
    const column = columns[filter.attribute];
    if (column === undefined) throw new Error(`no column is known for '${filter.attribute}'`);
    filtered = filtered.where(condition(sql.ref(column as string), filter));
  }
  const id = sql.ref<string>((columns['id'] ?? 'id') as string);
  if (listing.marker !== null) filtered = filtered.where(sql<SqlBool>`${id} > ${listing.marker}`);
  const rows = await filtered
    .orderBy(id)
    .limit(listing.limit + 1)
    .execute();
  return { rows: rows.slice(0, listing.limit), truncated: rows.length > listing.limit };
}

function condition(column: ReturnType<typeof sql.ref>, { how, value }: Filter) {
  if (value === null) return sql<SqlBool>`${column} is null`;
  if (typeof value === 'boolean') return sql<SqlBool>`${column} = ${value ? 1 : 0}`;
  const plain = value.replaceAll(/[\\%_]/g, String.raw`\$&`);
  switch (how) {
    case 'equals':
      return sql<SqlBool>`lower(${column}) = lower(${value})`;
    case 'contains':
      return sql<SqlBool>`lower(${column}) like lower(${`%${plain}%`}) escape '\\'`;
    case 'startswith':
      return sql<SqlBool>`lower(${column}) like lower(${`${plain}%`}) escape '\\'`;
    case 'endswith':
      return sql<SqlBool>`lower(${column}) like lower(${`%${plain}`}) escape '\\'`;
  }
}
