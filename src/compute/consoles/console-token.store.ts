/** SQL of tickets to consoles. */
import type { Db, Tx } from '#platform/db/tables.ts';
import type { ConsoleTokensTable } from '#platform/db/tables/compute-consoles.ts';

export type ConsoleTokenRow = ConsoleTokensTable;

/** Writes a ticket down, and forgets those that have expired. */
export async function insertConsoleToken(db: Db, row: ConsoleTokenRow): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('console_tokens').where('expires_at', '<=', row.created_at).execute();
    await tx.insertInto('console_tokens').values(row).execute();
  });
}

export async function findConsoleToken(
  db: Db,
  hash: string,
  now: string,
): Promise<ConsoleTokenRow | undefined> {
  return await db
    .selectFrom('console_tokens')
    .selectAll()
    .where('token_hash', '=', hash)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

export async function deleteConsoleTokensOf(tx: Tx, serverId: string): Promise<void> {
  await tx.deleteFrom('console_tokens').where('server_id', '=', serverId).execute();
}
