/** Servers in SQL. */
import type { Db } from '#platform/db/tables.ts';
import type { ServerChange, ServerRow, Usage } from './server-row.ts';

export async function nextServerNumber(db: Db): Promise<number> {
  const row = await db
    .selectFrom('servers')
    .select((eb) => eb.fn.max('number').as('last'))
    .executeTakeFirst();
  return (row?.last ?? 0) + 1;
}

export async function insertServers(db: Db, rows: readonly ServerRow[]): Promise<void> {
  // A row has 48 columns and a statement takes 32,766 values at most.
  for (let at = 0; at < rows.length; at += 500) {
    await db
      .insertInto('servers')
      .values(rows.slice(at, at + 500))
      .execute();
  }
}

/** A server that is not deleted. */
export async function findServer(db: Db, id: string): Promise<ServerRow | undefined> {
  return await db
    .selectFrom('servers')
    .selectAll()
    .where('id', '=', id)
    .where('deleted', '=', 0)
    .executeTakeFirst();
}

/** Those of the servers that are there and not deleted. */
export async function findServersById(
  db: Db,
  ids: readonly string[],
): Promise<readonly ServerRow[]> {
  const found: ServerRow[] = [];
  // A statement takes 32,766 values at most.
  for (let at = 0; at < ids.length; at += 1000) {
    const rows = await db
      .selectFrom('servers')
      .selectAll()
      .where('id', 'in', ids.slice(at, at + 1000))
      .where('deleted', '=', 0)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** A server, deleted or not. */
export async function findAnyServer(db: Db, id: string): Promise<ServerRow | undefined> {
  return await db.selectFrom('servers').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Changes a server and counts its revision up. Returns the new row; undefined when the server is not there. */
export async function updateServer(
  db: Db,
  id: string,
  change: ServerChange,
): Promise<ServerRow | undefined> {
  return await db
    .updateTable('servers')
    .set(change)
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .where('deleted', '=', 0)
    .returningAll()
    .executeTakeFirst();
}

/** As `updateServer`, but only when nothing has changed since the row was read. */
export async function updateServerAt(
  db: Db,
  { id, revision_number: revision }: Pick<ServerRow, 'id' | 'revision_number'>,
  change: ServerChange,
): Promise<ServerRow | undefined> {
  return await db
    .updateTable('servers')
    .set({ ...change, revision_number: revision + 1 })
    .where('id', '=', id)
    .where('deleted', '=', 0)
    .where('revision_number', '=', revision)
    .returningAll()
    .executeTakeFirst();
}

/** Servers that are on a host. */
export async function listPlacedServers(db: Db, host?: string): Promise<readonly ServerRow[]> {
  let query = db.selectFrom('servers').selectAll().where('deleted', '=', 0);
  query = host === undefined ? query.where('host', '!=', '') : query.where('host', '=', host);
  return await query.orderBy('number').execute();
}

/** What a project's servers take of its quota. */
export async function usageOf(db: Db, projectId: string): Promise<Usage> {
  const row = await db
    .selectFrom('servers')
    .select((eb) => [
      eb.fn.countAll().as('instances'),
      eb.fn.sum('vcpus').as('cores'),
      eb.fn.sum('memory_mb').as('ram'),
    ])
    .where('project_id', '=', projectId)
    .where('deleted', '=', 0)
    .executeTakeFirstOrThrow();
  return {
    instances: Number(row.instances),
    cores: Number(row.cores ?? 0),
    ram: Number(row.ram ?? 0),
  };
}

/** How many servers each host has. */
export async function serversByHost(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('servers')
    .select((eb) => ['host', eb.fn.countAll().as('count')])
    .where('deleted', '=', 0)
    .where('host', '!=', '')
    .groupBy('host')
    .execute();
  return new Map(rows.map(({ host, count }) => [host, Number(count)]));
}
