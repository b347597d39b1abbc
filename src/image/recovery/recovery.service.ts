/** Ends, at the start of the program, what a crash has left half done. */
import type { Blobs } from '#drivers/blobs/blobs.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Logger } from '#platform/log.ts';
import { neededBlobs } from '../holds/hold.store.ts';
import { requeueBroken } from './recovery.store.ts';

/** What was found and put right. */
export type Recovered = {
  /** Images whose upload was cut off; they can be uploaded again. */
  readonly requeued: readonly string[];
  /** Blobs that nobody needed. */
  readonly removed: readonly string[];
};

export type RecoveryDeps = {
  readonly db: Db;
  readonly blobs: Blobs;
  readonly log: Logger;
  readonly now: () => Date;
};

export class RecoveryService {
  readonly #deps: RecoveryDeps;

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  async recover(): Promise<Recovered> {
    const { db, blobs, log, now } = this.#deps;
    const requeued = await db
      .transaction()
      .execute(async (tx) => await requeueBroken(tx, now().toISOString()));
    const removed = await blobs.sweep(await neededBlobs(db));
    if (requeued.length > 0)
      log.warn({ image_ids: requeued }, 'uploads were cut off; queued again');
    if (removed.length > 0) log.info({ blobs: removed }, 'removed blobs that nobody needs');
    return { requeued, removed };
  }
}
