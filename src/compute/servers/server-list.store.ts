/** Lists of servers in SQL. */
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { applyPage } from '#platform/db/page.ts';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { Page } from '#platform/http/list-query.ts';
import type { ServerFilter } from './server-list.rules.ts';
import { SERVER_SORT_COLUMNS } from './server-list.schema.ts';
import type { ServerRow } from './server-row.ts';
import { findAnyServer } from './server.store.ts';

type Builder = ExpressionBuilder<Tables, 'servers'>;
type Column = keyof ServerRow;

/** What a page may be ordered by. */
const COLUMNS = { ...SERVER_SORT_COLUMNS, id: 'id' } as const;

/** One page; `only` narrows it down to these ids. */
export async function listServers(
  db: Db,
  filter: ServerFilter,
  page: Page,
  only: readonly string[] | undefined,
): Promise<readonly ServerRow[]> {
  let query = db
    .selectFrom('servers')
    .selectAll()
    .where((eb) => eb.and(conditions(eb, filter)));
  if (only !== undefined) query = query.where('id', 'in', [...only]);
  const marker = page.marker === null ? undefined : await findAnyServer(db, page.marker);
  const values =
    marker &&
    Object.fromEntries(
      Object.entries(COLUMNS).map(([key, column]) => [key, marker[column as Column]]),
    );
  return await applyPage(query, page, COLUMNS, values).execute();
}

/** Texts to be matched by patterns that SQL does not know. */
export async function listServerTexts(
  db: Db,
  filter: ServerFilter,
  columns: readonly string[],
): Promise<readonly (Pick<ServerRow, 'id'> & Record<string, unknown>)[]> {
  return await db
    .selectFrom('servers')
    .select(['id', ...(columns as Column[])])
    .where((eb) => eb.and(conditions(eb, filter)))
    .execute();
}

function conditions(eb: Builder, filter: ServerFilter): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = [];
  const add = (condition: Expression<SqlBool> | undefined) => condition && all.push(condition);
  if (filter.projectId !== undefined) add(eb('project_id', '=', filter.projectId));
  if (filter.deleted !== 'any') add(eb('deleted', '=', filter.deleted ? 1 : 0));
  if (filter.changesSince !== undefined) add(eb('updated_at', '>=', filter.changesSince));
  if (filter.changesBefore !== undefined) add(eb('updated_at', '<=', filter.changesBefore));
  if (filter.states !== undefined) {
    add(
      eb.or(
        filter.states.map(({ vm, task }) =>
          task === undefined
            ? eb('vm_state', '=', vm)
            : eb.and([eb('vm_state', '=', vm), eb('task_state', 'is', task)]),
        ),
      ),
    );
  }
  for (const [column, value] of Object.entries(filter.exact)) {
    add(eb(column as Column, '=', value as never));
  }
  for (const [column, { literal }] of Object.entries(filter.patterns)) {
    if (literal !== null) add(like(eb, column as Column, `%${escapeLike(literal)}%`));
  }
  for (const [key, value] of filter.metadata) {
    const text = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    add(like(eb, 'metadata', `%${escapeLike(text)}%`));
  }
  if (filter.locked !== undefined) {
    add(eb('locked_by', filter.locked ? 'is not' : 'is', null));
  }
  const tagged = (tag: string) => like(eb, 'tags', `%,${escapeLike(tag)},%`);
  for (const tag of filter.tags) add(tagged(tag));
  if (filter.tagsAny.length > 0) add(eb.or(filter.tagsAny.map(tagged)));
  if (filter.notTags.length > 0) add(eb.not(eb.and(filter.notTags.map(tagged))));
  for (const tag of filter.notTagsAny) add(eb.not(tagged(tag)));
  return all;
}

function like(eb: Builder, column: Column, pattern: string): Expression<SqlBool> {
  return sql<SqlBool>`${eb.ref(column)} like ${pattern} escape '!'`;
}

function escapeLike(text: string): string {
  return text.replaceAll(/[!%_]/g, '!$&');
}
