/** Aggregates in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { AggregatesTable } from '#platform/db/tables/compute-aggregates.ts';

export type AggregateRow = Omit<AggregatesTable, 'metadata'> & {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the alphabet. */
  readonly hosts: readonly string[];
};

/** All that are not deleted, the oldest first. */
export async function listAggregates(db: Db): Promise<readonly AggregateRow[]> {
  const rows = await db
    .selectFrom('aggregates')
    .selectAll()
    .where('deleted', '=', 0)
    .orderBy('number')
    .execute();
  const members = await db.selectFrom('aggregate_hosts').selectAll().orderBy('host').execute();
  return rows.map((row) => ({
    ...row,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    hosts: members
      .filter(({ aggregate_number }) => aggregate_number === row.number)
      .map(({ host }) => host),
  }));
}

/** Returns the new aggregate's number. */
export async function insertAggregate(
  tx: Tx,
  row: Omit<AggregateRow, 'number' | 'hosts' | 'updated_at' | 'deleted'>,
): Promise<number> {
  const last = await tx
    .selectFrom('aggregates')
    .select((eb) => eb.fn.max('number').as('number'))
    .executeTakeFirst();
  const number = (last?.number ?? 0) + 1;
  await tx
    .insertInto('aggregates')
    .values({
      ...row,
      number,
      metadata: JSON.stringify(row.metadata),
      updated_at: null,
      deleted: 0,
    })
    .execute();
  return number;
}

export async function updateAggregate(
  tx: Tx,
  number: number,
  change: Pick<AggregateRow, 'name' | 'metadata' | 'updated_at'>,
): Promise<void> {
  await tx
    .updateTable('aggregates')
    .set({ ...change, metadata: JSON.stringify(change.metadata) })
    .where('number', '=', number)
    .execute();
}

/** Its number is not given again. */
export async function deleteAggregate(tx: Tx, number: number): Promise<void> {
  await tx.updateTable('aggregates').set({ deleted: 1 }).where('number', '=', number).execute();
}

export async function insertAggregateHost(tx: Tx, number: number, host: string): Promise<void> {
  await tx.insertInto('aggregate_hosts').values({ aggregate_number: number, host }).execute();
}

/** Takes a host out of one aggregate. */
export async function deleteAggregateHost(tx: Tx, number: number, host: string): Promise<void> {
  await tx
    .deleteFrom('aggregate_hosts')
    .where('host', '=', host)
    .where('aggregate_number', '=', number)
    .execute();
}

/** Takes a host out of every aggregate. */
export async function deleteHostFromAggregates(tx: Tx, host: string): Promise<void> {
  await tx.deleteFrom('aggregate_hosts').where('host', '=', host).execute();
}
