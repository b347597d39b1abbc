/** The keys that tokens are made with, and what has been revoked, in SQL. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { TokenRevocationsTable } from '#platform/db/tables/identity.ts';

const KEYS = 'identity.token_keys';

/** The keys in base64, newest first; undefined before the first start. */
export async function findTokenKeys(db: Db): Promise<readonly string[] | undefined> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', KEYS)
    .executeTakeFirst();
  return row && (JSON.parse(row.value) as string[]);
}

/** Keeps the keys, unless another process was first. */
export async function insertTokenKeys(db: Db, keys: readonly string[]): Promise<void> {
  await db
    .insertInto('settings')
    .values({ name: KEYS, value: JSON.stringify(keys) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

export type Revoked = Pick<TokenRevocationsTable, 'kind' | 'subject_id'>;

/** Revokes what was issued until `at`, and whatever was issued since the last time. */
export async function insertRevocation(tx: Tx, revoked: Revoked, at: number): Promise<void> {
  const [before] = await findRevocations(tx, [revoked]);
  const issued_before = Math.max(at, (before?.issued_before ?? 0) + 1);
  await tx
    .insertInto('token_revocations')
    .values({ ...revoked, issued_before })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'subject_id']).doUpdateSet({ issued_before }),
    )
    .execute();
}

/** Forgets revocations of tokens that have expired by themselves. */
export async function deleteRevocationsBefore(tx: Tx, before: number): Promise<void> {
  await tx.deleteFrom('token_revocations').where('issued_before', '<', before).execute();
}

/** The revocations that name one of these. */
export async function findRevocations(
  db: Db,
  marks: readonly Revoked[],
): Promise<readonly Pick<TokenRevocationsTable, 'kind' | 'issued_before'>[]> {
  return await db
    .selectFrom('token_revocations')
    .select(['kind', 'issued_before'])
    .where((eb) =>
      eb.or(
        marks.map(({ kind, subject_id }) =>
          eb.and([eb('kind', '=', kind), eb('subject_id', '=', subject_id)]),
        ),
      ),
    )
    .execute();
}
