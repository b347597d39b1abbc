/** The keys that tokens are encrypted with: made once, kept in the database, read once. */
import { randomBytes } from 'node:crypto';
import type { Db } from '#platform/db/tables.ts';
import { findTokenKeys, insertTokenKeys } from './token.store.ts';

export class TokenKeys {
  readonly #db: Db;
  #loading: Promise<readonly Buffer[]> | undefined;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Newest first. */
  async load(): Promise<readonly Buffer[]> {
    this.#loading ??= this.#loadOrMake().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return await this.#loading;
  }

  async #loadOrMake(): Promise<readonly Buffer[]> {
    let keys = await findTokenKeys(this.#db);
    if (!keys) {
      await insertTokenKeys(this.#db, [randomBytes(32).toString('base64')]);
      keys = (await findTokenKeys(this.#db)) ?? [];
    }
    return keys.map((key) => Buffer.from(key, 'base64'));
  }
}
