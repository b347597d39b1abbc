/** Staged bytes and the imports made of them, in SQL. */
import type { ImageTables } from '#platform/db/tables/image.ts';
import type { Db, Tx } from '#platform/db/tables.ts';

export type StageRow = ImageTables['image_stages'];
export type TaskRow = ImageTables['image_tasks'];

export async function findStage(db: Db, imageId: string): Promise<StageRow | undefined> {
  return await db
    .selectFrom('image_stages')
    .selectAll()
    .where('image_id', '=', imageId)
    .executeTakeFirst();
}

export async function insertStage(tx: Tx, stage: StageRow): Promise<void> {
  await tx.insertInto('image_stages').values(stage).execute();
}

export async function deleteStage(tx: Tx, imageId: string): Promise<void> {
  await tx.deleteFrom('image_stages').where('image_id', '=', imageId).execute();
}

/** Sets properties of the service's own, which callers cannot. */
export async function setOwnProperties(
  tx: Tx,
  imageId: string,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, value] of Object.entries(properties)) {
    await tx
      .insertInto('image_properties')
      .values({ image_id: imageId, name, value })
      .onConflict((conflict) => conflict.columns(['image_id', 'name']).doUpdateSet({ value }))
      .execute();
  }
}

export async function insertTask(tx: Tx, task: TaskRow): Promise<void> {
  await tx.insertInto('image_tasks').values(task).execute();
}

/** The imports into an image, oldest first. */
export async function listTasks(db: Db, imageId: string): Promise<readonly TaskRow[]> {
  return await db
    .selectFrom('image_tasks')
    .selectAll()
    .where('image_id', '=', imageId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}
