/** Numbered migrations: run once each, in order, at start. One way only. */
import { sql } from 'kysely';
import { Fault } from '../fault.ts';
import type { Db } from './tables.ts';

export type Migration = {
  readonly number: number;
  readonly name: string;
  /** Statements that both SQLite and PostgreSQL understand. */
  readonly up: readonly string[];
};

/**
 * Brings the database up to the newest migration and returns how many were run.
 * Refuses, with a `DatabaseTooNew` fault and without a change, a database that a newer program has written.
 */
export async function migrate(db: Db, migrations: readonly Migration[]): Promise<number> {
  await sql`create table if not exists migrations (number integer primary key, name text not null, at text not null)`.execute(
    db,
  );
  const done = await sql<{ number: number; name: string }>`
    select number, name from migrations order by number desc`.execute(db);
  const newest = done.rows[0];
  const known = migrations.at(-1)?.number ?? 0;
  if (newest && newest.number > known) {
    throw new Fault(
      'conflict',
      'DatabaseTooNew',
      `The database was written by a newer Stackyard (migration ${newest.number}, '${newest.name}'; ` +
        `this program knows ${known}). Use that version, or another --state-dir.`,
    );
  }
  const todo = migrations.filter(({ number }) => number > (newest?.number ?? 0));
  for (const migration of todo) {
    await db.transaction().execute(async (tx) => {
      for (const statement of migration.up) await sql.raw(statement).execute(tx);
      const at = new Date().toISOString();
      await sql`insert into migrations (number, name, at) values (${migration.number}, ${migration.name}, ${at})`.execute(
        tx,
      );
    });
  }
  return todo.length;
}
