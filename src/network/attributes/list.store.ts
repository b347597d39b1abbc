/** What the stores of all resources do alike: pages of a list, filters, tags, what belongs to many rows. */
import {
  sql,
  type Expression,
  type ExpressionBuilder,
  type ReferenceExpression,
  type Selectable,
  type SelectQueryBuilder,
  type SqlBool,
  type Updateable,
} from 'kysely';
import { applyPage } from '#platform/db/page.ts';
import { flag as asFlag, type Db, type Tables } from '#platform/db/tables.ts';
import type { NetworksTable, PortsTable } from '#platform/db/tables/network.ts';
import type { Filter, ListQuery, TagFilters } from './list-query.ts';

/** Where an attribute is kept, when not in the column of its own name; or how it is filtered by. */
export type OwnFilters<TB extends keyof Tables> = Readonly<
  Record<
    string,
    (eb: ExpressionBuilder<Tables, TB>, values: Filter['values']) => Expression<SqlBool>
  >
>;

/**
 * One page of a list. `select` finds what the caller may see of `table`; `marker` is the row that the page
 * comes after. `own` says of attributes that are not a column of the same name how they are filtered by; it
 * needs one for each attribute of kind `own`.
 */
export async function listPage<TB extends keyof Tables, O>(
  select: SelectQueryBuilder<Tables, TB, O>,
  {
    table,
    query,
    marker,
    own = {},
    sortedBy = {},
  }: {
    readonly table: TB;
    readonly query: ListQuery;
    readonly marker: Readonly<Record<string, unknown>> | undefined;
    readonly own?: OwnFilters<TB>;
    /** Sort keys that are no column of their own name; the marker has their values by the key. */
    readonly sortedBy?: Readonly<Record<string, Expression<unknown>>>;
  },
): Promise<readonly O[]> {
  const { page } = query;
  const columns = Object.fromEntries(
    ['id', ...page.sort.map(({ key }) => key)].map((key) => [
      key,
      sortedBy[key] ?? columnOf(table, key),
    ]),
  );
  const found = select.where((eb) => listConditions(eb, table, query, own));
  const rows = await applyPage(found, page, columns, marker).execute();
  return page.reverse ? rows.toReversed() : rows;
}

function columnOf<TB extends keyof Tables>(table: TB, name: string) {
  return `${table}.${name}` as ReferenceExpression<Tables, TB>;
}

/** Everything that a list query asks of the rows of `table`, as one condition. */
function listConditions<TB extends keyof Tables>(
  eb: ExpressionBuilder<Tables, TB>,
  table: TB,
  { filters, tags, changedSince }: ListQuery,
  own: OwnFilters<TB>,
): Expression<SqlBool> {
  const column = (name: string) => columnOf(table, name);
  const conditions = filters.map((filter) => {
    if (filter.values.length === 0) return sql<SqlBool>`1 = 1`;
    const ownFilter = own[filter.name];
    if (ownFilter) return ownFilter(eb, filter.values);
    // Times are kept finer than they are shown, and are found by what is shown.
    if (TIMES.has(filter.name))
      return eb.or(filter.values.map((shown) => isShownAs(eb, column(filter.name), shown)));
    if (filter.kind === 'own') throw new Error(`no filter is known for '${filter.name}'`);
    return oneOf(eb, column(filter.name), filter.values);
  });
  if (changedSince !== null) {
    conditions.push(eb(column('updated_at'), '>=', changedSince as never));
  }
  return eb.and([...conditions, ...tagConditions(eb, column('id'), tags)]);
}

const TIMES = new Set(['created_at', 'updated_at']);

function isShownAs<TB extends keyof Tables>(
  eb: ExpressionBuilder<Tables, TB>,
  column: ReferenceExpression<Tables, TB>,
  shown: Filter['values'][number],
): Expression<SqlBool> {
  const second = String(shown).replace(/Z$/, '');
  return eb.and([eb(column, '>=', second as never), eb(column, '<', `${second}~` as never)]);
}

/** The column has one of the values. */
export function oneOf<TB extends keyof Tables>(
  eb: ExpressionBuilder<Tables, TB>,
  column: ReferenceExpression<Tables, TB>,
  values: Filter['values'],
): Expression<SqlBool> {
  const stored = values.map((value) => (typeof value === 'boolean' ? asFlag(value) : value));
  return stored.length === 1
    ? eb(column, '=', stored[0] as never)
    : eb(column, 'in', stored as never);
}

function tagConditions<TB extends keyof Tables>(
  eb: ExpressionBuilder<Tables, TB>,
  id: ReferenceExpression<Tables, TB>,
  tags: TagFilters,
): Expression<SqlBool>[] {
  const has = (anyOf: readonly string[]) =>
    sql<SqlBool>`${eb.ref(id as never)} in (select resource_id from resource_tags where tag in (${sql.join([...anyOf])}))`;
  const hasAll = (all: readonly string[]) => eb.and(all.map((tag) => has([tag])));
  return [
    ...(tags.all ? [hasAll(tags.all)] : []),
    ...(tags.any ? [has(tags.any)] : []),
    ...(tags.notAll ? [eb.not(hasAll(tags.notAll))] : []),
    ...(tags.notAny ? [eb.not(has(tags.notAny))] : []),
  ];
}

/** The tags of resources by their id, sorted; resources without any are left out. */
export async function tagsOf(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  return await inChunks(ids, async (some) => {
    const rows = await db
      .selectFrom('resource_tags')
      .select(['resource_id', 'tag'])
      .where('resource_id', 'in', some)
      .orderBy('tag')
      .execute();
    return grouped(
      rows,
      (row) => row.resource_id,
      (row) => row.tag,
    );
  });
}

/** Takes all tags from a resource that is being deleted. */
export async function deleteTags(db: Db, id: string): Promise<void> {
  await db.deleteFrom('resource_tags').where('resource_id', '=', id).execute();
}

/** Changes a row, counts the change, and returns the row as it is then. */
export async function updateRow<
  T extends 'networks' | 'subnets' | 'ports' | 'routers' | 'floating_ips' | 'port_forwardings',
>(db: Db, table: T, id: string, change: Updateable<Tables[T]>): Promise<Selectable<Tables[T]>> {
  // Said of networks, since types cannot say it of all; the others have these columns too.
  const row = await db
    .updateTable(table as 'networks')
    .set((eb) => ({
      ...(change as Updateable<NetworksTable>),
      revision_number: eb('revision_number', '+', 1),
    }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as unknown as Selectable<Tables[T]>;
}

/** Sets the status and its reason, unless they are so already. Returns whether anything was changed. */
export async function updateStatus(
  db: Db,
  table: 'ports' | 'routers',
  id: string,
  wanted: Pick<PortsTable, 'status' | 'status_reason'>,
  at: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable(table)
    .set((eb) => ({ ...wanted, updated_at: at, revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .where((eb) =>
      eb.or([
        eb('status', '!=', wanted.status),
        eb('status_reason', 'is distinct from', wanted.status_reason),
      ]),
    )
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Values by the id of what they belong to, in the order of the rows. */
export function grouped<Row, Value>(
  rows: readonly Row[],
  idOf: (row: Row) => string,
  valueOf: (row: Row) => Value,
): ReadonlyMap<string, readonly Value[]> {
  const values = new Map<string, Value[]>();
  for (const row of rows) {
    const id = idOf(row);
    const known = values.get(id);
    if (known) known.push(valueOf(row));
    else values.set(id, [valueOf(row)]);
  }
  return values;
}

/** How many ids fit into one statement. */
const CHUNK = 1000;

/** Loads what belongs to many rows, a lot of ids at a time. */
export async function inChunks<T>(
  ids: readonly string[],
  load: (some: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): Promise<ReadonlyMap<string, T>> {
  if (ids.length === 0) return new Map();
  if (ids.length <= CHUNK) return await load(ids);
  const all = new Map<string, T>();
  for (let start = 0; start < ids.length; start += CHUNK) {
    for (const [id, value] of await load(ids.slice(start, start + CHUNK))) all.set(id, value);
  }
  return all;
}
