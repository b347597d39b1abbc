/** Who reads the bytes of which image, in SQL. */
import type { Selectable } from 'kysely';
import type { ImageTables } from '#platform/db/tables/image.ts';
import type { Db, Tx } from '#platform/db/tables.ts';

export type HoldRow = Selectable<ImageTables['image_holds']>;

export async function findHold(
  db: Db,
  imageId: string,
  holderId: string,
): Promise<HoldRow | undefined> {
  return await db
    .selectFrom('image_holds')
    .selectAll()
    .where('image_id', '=', imageId)
    .where('holder_id', '=', holderId)
    .executeTakeFirst();
}

export async function insertHold(tx: Tx, hold: HoldRow): Promise<void> {
  await tx.insertInto('image_holds').values(hold).execute();
}

export async function deleteHold(tx: Tx, imageId: string, holderId: string): Promise<void> {
  await tx
    .deleteFrom('image_holds')
    .where('image_id', '=', imageId)
    .where('holder_id', '=', holderId)
    .execute();
}

/** True when an image or a holder still has the blob. */
export async function isBlobNeeded(db: Db, blob: string): Promise<boolean> {
  const image = await db
    .selectFrom('images')
    .select('id')
    .where('blob', '=', blob)
    .executeTakeFirst();
  if (image) return true;
  const hold = await db
    .selectFrom('image_holds')
    .select('holder_id')
    .where('blob', '=', blob)
    .executeTakeFirst();
  return hold !== undefined;
}

/** Every blob that an image or a holder has. */
export async function neededBlobs(db: Db): Promise<ReadonlySet<string>> {
  const images = await db
    .selectFrom('images')
    .select('blob')
    .where('blob', 'is not', null)
    .execute();
  const holds = await db.selectFrom('image_holds').select('blob').distinct().execute();
  return new Set([...images, ...holds].flatMap(({ blob }) => (blob === null ? [] : [blob])));
}
