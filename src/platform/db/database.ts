/** Opens the control plane's database and brings it up to date. */
import { Fault } from '../fault.ts';
import { MIGRATIONS } from './migrations/all.ts';
import type { Durability } from './durability.ts';
import { migrate } from './migrate.ts';
import { commitWithoutWaiting, openSqlite } from './sqlite.ts';
import type { Db } from './tables.ts';

/**
 * `:memory:` gives a throwaway database. Close it with `db.destroy()`.
 * Without a `durability` to ask, every commit waits for the disk.
 */
export async function openDatabase(
  path: string,
  durability?: Pick<Durability, 'committed'>,
): Promise<Db> {
  await using undo = new AsyncDisposableStack();
  try {
    const db = openSqlite(path, () => durability?.committed());
    undo.defer(async () => await db.destroy());
    await migrate(db, MIGRATIONS);
    if (durability) await commitWithoutWaiting(db);
    undo.move();
    return db;
  } catch (error) {
    if (error instanceof Error && error.message.includes('database is locked')) {
      throw new Fault(
        'conflict',
        'DatabaseInUse',
        `The database '${path}' is held by another process. Is this cloud up already? See 'stackyard status'.`,
        { cause: error },
      );
    }
    throw error;
  }
}
