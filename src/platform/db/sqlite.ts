/** Opens the control plane's database on SQLite. */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';
import type { Tables } from './tables.ts';

/** `:memory:` gives a throwaway database. One process at a time may hold a file. */
export function openSqlite(path: string): Kysely<Tables> {
  if (path !== ':memory:') ensurePrivate(path);
  const handle = new DatabaseSync(path);
  // `full`: an acknowledged write is on disk. `exclusive`: a second process is refused, and WAL needs no shared memory.
  handle.exec('pragma busy_timeout = 500; pragma locking_mode = exclusive');
  handle.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
  return new Kysely<Tables>({
    dialect: new SqliteDialect({ database: new CachedStatements(handle) }),
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
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(handle: DatabaseSync) {
    this.#handle = handle;
  }

  prepare(text: string): SqliteStatement {
    const known = this.#statements.get(text);
    if (known) return known;
    const raw = this.#handle.prepare(text);
    const statement: SqliteStatement = {
      reader: raw.columns().length > 0,
      all: (values) => raw.all(...(values as SQLInputValue[])),
      run: (values) => raw.run(...(values as SQLInputValue[])),
      iterate: (values) => raw.iterate(...(values as SQLInputValue[])),
    };
    // A text with a list of values has a form for each length; the oldest form gives way.
    if (this.#statements.size >= 1000) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(text, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#handle.close();
  }
}
