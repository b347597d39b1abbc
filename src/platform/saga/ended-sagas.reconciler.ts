/** Forgets sagas that ended well, some days after: their logs are for people, and would grow for ever. */
import type { Db } from '../db/tables.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { deleteEndedSagas } from './saga.store.ts';

const HOUR_MS = 3_600_000;
const KEPT_MS = 7 * 24 * HOUR_MS;

/** What is stuck stays: it waits for a person. */
export function endedSagasReconciler(deps: {
  readonly db: Db;
  readonly now: () => Date;
}): Reconciler {
  return {
    name: 'ended-sagas',
    everyMs: HOUR_MS,
    run: async () => {
      const before = new Date(deps.now().getTime() - KEPT_MS).toISOString();
      const changed = await deleteEndedSagas(deps.db, before);
      return { seen: changed, changed, failed: [] };
    },
  };
}
