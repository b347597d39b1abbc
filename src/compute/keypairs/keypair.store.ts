/** Key pairs in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { KeyPairsTable } from '#platform/db/tables/compute-keypairs.ts';

export type KeypairRow = KeyPairsTable;

export async function findKeypair(
  db: Db,
  userId: string,
  name: string,
): Promise<KeypairRow | undefined> {
  return await db
    .selectFrom('key_pairs')
    .selectAll()
    .where('user_id', '=', userId)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** A user's key pairs by name, after `marker`. */
export async function listKeypairs(
  db: Db,
  userId: string,
  page: { readonly marker: string | null; readonly limit: number },
): Promise<readonly KeypairRow[]> {
  let query = db
    .selectFrom('key_pairs')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('name')
    .limit(page.limit);
  if (page.marker !== null) query = query.where('name', '>', page.marker);
  return await query.execute();
}

export async function countKeypairs(db: Db, userId: string): Promise<number> {
  const row = await db
    .selectFrom('key_pairs')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export async function insertKeypair(tx: Tx, row: Omit<KeypairRow, 'number'>): Promise<void> {
  const last = await tx
    .selectFrom('key_pairs')
    .select((eb) => eb.fn.max('number').as('number'))
    .executeTakeFirst();
  await tx
    .insertInto('key_pairs')
    .values({ ...row, number: (last?.number ?? 0) + 1 })
    .execute();
}

export async function deleteKeypair(db: Db, userId: string, name: string): Promise<boolean> {
  const result = await db
    .deleteFrom('key_pairs')
    .where('user_id', '=', userId)
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
