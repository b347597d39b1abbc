/** Everything in a database, to compare before and after. */
import type { Db } from '#platform/db/tables.ts';

/** Rows by table, in the order of their text: what is equal has changed nothing. */
export async function dump(db: Db): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables = await db.introspection.getTables();
  const all: Record<string, readonly string[]> = {};
  for (const { name } of tables) {
    const rows = await db
      .selectFrom(name as 'networks')
      .selectAll()
      .execute();
    all[name] = rows.map((row) => JSON.stringify(row)).toSorted();
  }
  return all;
}
