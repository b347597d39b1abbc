/** Opens the control plane's database on SQLite. */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, sql, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';
import type { Tables } from './tables.ts';

/** `:memory:` gives a throwaway database. One process at a time may hold a file. `committed` is told of each commit. */
export function openSqlite(path: string, committed: () => void = () => undefined): Kysely<Tables> {
  if (path !== ':memory:') ensurePrivate(path);
  const handle = new DatabaseSync(path);
  // `full`: a write is on disk when it returns. `exclusive`: a second process is refused, and WAL needs no shared memory.
  handle.exec('pragma busy_timeout = 500; pragma locking_mode = exclusive');
  handle.exec(
    'pragma journal_mode = wal; pragma cache_size = -16000; pragma synchronous = full; pragma foreign_keys = on',
  );
  return new Kysely<Tables>({
    dialect: new SqliteDialect({ database: new CachedStatements(handle, committed) }),
  });
}

/** It holds secrets. What SQLite keeps beside it has the modes of the file itself. */
function ensurePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`]) {
    if (existsSync(file)) chmodSync(file, 0o600);
  }
}

/**
 * Gives Kysely the statement interface it expects, over `node:sqlite`, and keeps
 * compiled statements: Kysely compiles the same SQL text again and again, and
 * preparing it costs more than running it.
 */
class CachedStatements implements SqliteDatabase {
  readonly #handle: DatabaseSync;
  readonly #committed: () => void;
  readonly #statements = new Map<string, SqliteStatement>();
  #transaction: 'none' | 'clean' | 'written' = 'none';

  constructor(handle: DatabaseSync, committed: () => void) {
    this.#handle = handle;
    this.#committed = committed;
  }

  prepare(text: string): SqliteStatement {
    const known = this.#statements.get(text);
    if (known) return known;
    const raw = this.#handle.prepare(text);
    const note = this.#noteOf(text);
    const noted = <T>(result: T): T => {
      note?.();
      return result;
    };
    const names = raw.columns().map(({ name }) => name);
    const rowOf = rowMaker(names);
    raw.setReturnArrays(true);
    const statement: SqliteStatement = {
      reader: names.length > 0,
      all: (values) => noted(raw.all(...(values as SQLInputValue[])).map(rowOf)),
      run: (values) => noted(raw.run(...(values as SQLInputValue[]))),
      iterate: (values) => noted(each(raw.iterate(...(values as SQLInputValue[])), rowOf)),
    };
    // A text with a list of values has a form for each length; the oldest form gives way.
    if (this.#statements.size >= 1000) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(text, statement);
    return statement;
  }

  /** What a statement means for commits, once it has run; undefined for one that only reads. */
  #noteOf(text: string): (() => void) | undefined {
    switch (/^\s*(\w*)/.exec(text)?.[1]?.toLowerCase()) {
      case 'select':
      case 'pragma':
        return undefined;
      case 'begin':
        return () => (this.#transaction = 'clean');
      case 'rollback':
        // A savepoint's rollback names it, and ends nothing.
        return /\bto\b/i.test(text) ? undefined : () => (this.#transaction = 'none');
      case 'commit':
        return () => {
          if (this.#transaction === 'written') this.#committed();
          this.#transaction = 'none';
        };
      default:
        return () => {
          if (this.#transaction === 'none') this.#committed();
          else this.#transaction = 'written';
        };
    }
  }

  close(): void {
    this.#statements.clear();
    this.#handle.close();
  }
}

/** From now on a commit does not wait for the disk; a `Durability` knows when it is there. */
export async function commitWithoutWaiting(db: Kysely<Tables>): Promise<void> {
  await sql`pragma synchronous = normal`.execute(db);
}

/**
 * Makes objects of the values of rows. Those that `node:sqlite` makes itself are dictionaries to the engine,
 * three times as large and slow to read; copies of one object have its shape.
 */
function rowMaker(names: readonly string[]): (values: unknown) => unknown {
  const empty: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, null]));
  return (values) => {
    const row = { ...empty };
    let index = 0;
    for (const name of names) row[name] = (values as readonly unknown[])[index++];
    return row;
  };
}

function* each<T>(rows: Iterable<unknown>, rowOf: (values: unknown) => T): IterableIterator<T> {
  for (const values of rows) yield rowOf(values);
}
