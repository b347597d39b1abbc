/** The saga log in SQL. */
import type { Db } from '../db/tables.ts';
import type { SagaEventsTable, SagasTable } from '../db/tables/engine.ts';

export async function insertSaga(db: Db, row: SagasTable): Promise<void> {
  await db.insertInto('sagas').values(row).execute();
}

export async function findSaga(db: Db, id: string): Promise<SagasTable | undefined> {
  return await db.selectFrom('sagas').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Live sagas that nobody works on: never claimed, or their lease has run out. Oldest first. */
export async function claimableSagas(
  db: Db,
  now: string,
  limit: number,
): Promise<readonly SagasTable[]> {
  return await db
    .selectFrom('sagas')
    .selectAll()
    .where('state', 'in', ['running', 'unwinding'])
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<', now)]))
    .orderBy('created_at')
    .limit(limit)
    .execute();
}

/** Takes a saga by replacing the lease that was seen. False when somebody else was quicker. */
export async function claimSaga(
  db: Db,
  saga: Pick<SagasTable, 'id' | 'lease_owner' | 'lease_until'>,
  owner: string,
  until: string,
): Promise<boolean> {
  const result = await db
    .updateTable('sagas')
    .set({ lease_owner: owner, lease_until: until })
    .where('id', '=', saga.id)
    .where('lease_owner', saga.lease_owner === null ? 'is' : '=', saga.lease_owner)
    .where('lease_until', saga.lease_until === null ? 'is' : '=', saga.lease_until)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Keeps all sagas of an owner. */
export async function extendLeases(db: Db, owner: string, until: string): Promise<void> {
  await db
    .updateTable('sagas')
    .set({ lease_until: until })
    .where('lease_owner', '=', owner)
    .where('state', 'in', ['running', 'unwinding'])
    .execute();
}

/** Lets go of every lease: on SQLite there is one process, so whoever held one is dead. */
export async function releaseAllLeases(db: Db): Promise<void> {
  await db
    .updateTable('sagas')
    .set({ lease_owner: null, lease_until: null })
    .where('state', 'in', ['running', 'unwinding'])
    .execute();
}

/** `stuck` sagas are tried again at each start. */
export async function reviveStuckSagas(db: Db): Promise<void> {
  await db
    .updateTable('sagas')
    .set({ state: 'unwinding', lease_owner: null, lease_until: null })
    .where('state', '=', 'stuck')
    .execute();
}

export async function setSagaState(
  db: Db,
  id: string,
  change: Partial<Pick<SagasTable, 'state' | 'error' | 'updated_at'>>,
): Promise<void> {
  await db.updateTable('sagas').set(change).where('id', '=', id).execute();
}

export async function insertSagaEvents(db: Db, events: readonly SagaEventsTable[]): Promise<void> {
  if (events.length > 0)
    await db
      .insertInto('saga_events')
      .values([...events])
      .execute();
}

export async function listSagaEvents(db: Db, id: string): Promise<readonly SagaEventsTable[]> {
  return await db
    .selectFrom('saga_events')
    .selectAll()
    .where('saga_id', '=', id)
    .orderBy('seq')
    .execute();
}

export async function listSagas(db: Db, limit: number): Promise<readonly SagasTable[]> {
  return await db
    .selectFrom('sagas')
    .selectAll()
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

export async function listLiveSagas(db: Db, resourceId?: string): Promise<readonly SagasTable[]> {
  let query = db.selectFrom('sagas').selectAll().where('state', 'in', ['running', 'unwinding']);
  if (resourceId !== undefined) query = query.where('resource_id', '=', resourceId);
  return await query.orderBy('created_at').execute();
}

/** Forgets sagas that ended well or were undone before a time, with their logs. */
export async function deleteEndedSagas(db: Db, before: string): Promise<number> {
  const result = await db
    .deleteFrom('sagas')
    .where('state', 'in', ['done', 'undone'])
    .where('updated_at', '<', before)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
