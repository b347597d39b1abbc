/** Uploads that were cut off, in SQL. */
import type { Tx } from '#platform/db/tables.ts';

/** Queues again every image that was receiving bytes, and returns their ids. One that is staged whole stays so. */
export async function requeueBroken(tx: Tx, at: string): Promise<readonly string[]> {
  const rows = await tx
    .updateTable('images')
    .set((eb) => ({
      status: 'queued' as const,
      blob: null,
      size: null,
      virtual_size: null,
      updated_at: at,
      revision_number: eb('revision_number', '+', 1),
    }))
    .where((eb) =>
      eb.or([
        eb('status', '=', 'saving'),
        eb.and([
          eb('status', '=', 'uploading'),
          eb('id', 'not in', eb.selectFrom('image_stages').select('image_id')),
        ]),
      ]),
    )
    .returning('id')
    .execute();
  return rows.map(({ id }) => id);
}
