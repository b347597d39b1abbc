/** What every resource of the identity service is built on. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Logger } from '#platform/log.ts';
import type { Policy } from '#platform/policy/policy.ts';

export type IdentityCore = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  /** 32 hexadecimal digits. */
  readonly newId: () => string;
  readonly policy: Policy;
  /** Where clients reach this cloud, without a slash at the end. Read each time: it may be known only after listening. */
  readonly publicUrl: () => string;
  readonly writes: Writes;
};

/**
 * Every change of identity's tables goes through here, so that what is remembered of them is forgotten in time.
 *
 * One process holds the database, so a number in memory is enough; with several, it has to be told to all.
 */
export class Writes {
  readonly #db: Db;
  #generation = 0;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Goes up with each change. What was computed in an older generation may be wrong. */
  get generation(): number {
    return this.#generation;
  }

  /** Runs a transaction. */
  async run<T>(change: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.#db.transaction().execute(change);
    } finally {
      this.#generation += 1;
    }
  }
}
