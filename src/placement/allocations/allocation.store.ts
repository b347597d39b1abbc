/** What consumers have taken, in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Consumer, Resources } from '../placement-api.ts';

export type Allocation = { readonly providerId: string; readonly resources: Resources };

/** By consumer id. A consumer takes of one provider here. */
export async function allocationsOf(
  db: Db,
  consumerIds: readonly string[],
): Promise<ReadonlyMap<string, Allocation>> {
  if (consumerIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('allocations')
    .selectAll()
    .where('consumer_id', 'in', consumerIds)
    .execute();
  const allocations = new Map<string, Allocation>();
  for (const { consumer_id, provider_id, resource_class, used } of rows) {
    const before = allocations.get(consumer_id)?.resources;
    allocations.set(consumer_id, {
      providerId: provider_id,
      resources: { ...before, [resource_class]: used },
    });
  }
  return allocations;
}

export async function insertAllocations(
  tx: Tx,
  consumer: Consumer,
  providerId: string,
  resources: Resources,
  now: string,
): Promise<void> {
  await tx
    .insertInto('consumers')
    .values({
      id: consumer.id,
      project_id: consumer.projectId,
      user_id: consumer.userId,
      created_at: now,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const rows = Object.entries(resources)
    .filter(([, used]) => used > 0)
    .map(([resource_class, used]) => ({
      consumer_id: consumer.id,
      provider_id: providerId,
      resource_class,
      used,
    }));
  if (rows.length > 0) await tx.insertInto('allocations').values(rows).execute();
}

/** With the consumer go its allocations. */
export async function deleteConsumer(tx: Tx, consumerId: string): Promise<void> {
  await tx.deleteFrom('consumers').where('id', '=', consumerId).execute();
}
