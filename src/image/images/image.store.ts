/** Images in SQL, each with its custom properties and tags. */
import type { ImageStatus } from '#platform/db/tables/image.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Image, ImageRow } from './image-model.ts';

export type ImageChanges = Partial<ImageRow>;

export async function findImage(db: Db, id: string): Promise<Image | undefined> {
  const row = await db.selectFrom('images').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return undefined;
  const [image] = await withParts(db, [row]);
  return image;
}

/** Adds properties and tags to rows, in two queries however many rows there are. */
export async function withParts(db: Db, rows: readonly ImageRow[]): Promise<Image[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const properties = await db
    .selectFrom('image_properties')
    .selectAll()
    .where('image_id', 'in', ids)
    .orderBy('name')
    .execute();
  const tags = await db
    .selectFrom('image_tags')
    .selectAll()
    .where('image_id', 'in', ids)
    .orderBy('tag')
    .execute();
  const propertiesOf = Map.groupBy(properties, ({ image_id }) => image_id);
  const tagsOf = Map.groupBy(tags, ({ image_id }) => image_id);
  return rows.map((row) => ({
    ...row,
    properties: Object.fromEntries(
      (propertiesOf.get(row.id) ?? []).map(({ name, value }) => [name, value]),
    ),
    tags: (tagsOf.get(row.id) ?? []).map(({ tag }) => tag),
  }));
}

/** Returns false, and changes nothing, when the id is taken. */
export async function insertImage(tx: Tx, image: Image): Promise<boolean> {
  const { properties, tags, ...row } = image;
  const result = await tx
    .insertInto('images')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  if (result.numInsertedOrUpdatedRows === 0n) return false;
  await setProperties(tx, image.id, properties);
  await setTags(tx, image.id, tags);
  return true;
}

/** Returns false when the image is not (any more) as it was read. */
export async function updateImage(tx: Tx, image: Image, changes: ImageChanges): Promise<boolean> {
  const result = await tx
    .updateTable('images')
    .set({ ...changes, revision_number: image.revision_number + 1 })
    .where('id', '=', image.id)
    .where('revision_number', '=', image.revision_number)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Changes the status from one of `from`; returns false when it is another, or another upload's. */
export async function changeStatus(
  db: Db,
  id: string,
  from: readonly ImageStatus[],
  changes: ImageChanges & { status: ImageStatus },
  blob?: string,
): Promise<boolean> {
  let query = db
    .updateTable('images')
    .set((eb) => ({ ...changes, revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .where('status', 'in', from);
  if (blob !== undefined) query = query.where('blob', '=', blob);
  const result = await query.executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function deleteImage(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('images').where('id', '=', id).execute();
}

/** Makes the custom properties exactly these. */
export async function setProperties(
  tx: Tx,
  id: string,
  properties: Readonly<Record<string, string | null>>,
): Promise<void> {
  await tx.deleteFrom('image_properties').where('image_id', '=', id).execute();
  const values = Object.entries(properties).map(([name, value]) => ({ image_id: id, name, value }));
  if (values.length > 0) await tx.insertInto('image_properties').values(values).execute();
}

/** Makes the tags exactly these. */
export async function setTags(tx: Tx, id: string, tags: readonly string[]): Promise<void> {
  await tx.deleteFrom('image_tags').where('image_id', '=', id).execute();
  const values = [...new Set(tags)].map((tag) => ({ image_id: id, tag }));
  if (values.length > 0) await tx.insertInto('image_tags').values(values).execute();
}

/** The membership of a project in an image, whatever its status. */
export async function isMember(db: Db, imageId: string, projectId: string): Promise<boolean> {
  const row = await db
    .selectFrom('image_members')
    .select('member_id')
    .where('image_id', '=', imageId)
    .where('member_id', '=', projectId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Bytes and images of a project, as its quota counts them. */
export async function usageOf(
  db: Db,
  projectId: string,
): Promise<{ bytes: number; stagedBytes: number; images: number; uploading: number }> {
  const rows = await db
    .selectFrom('images')
    .select(({ fn }) => [
      'status',
      fn.countAll<number>().as('images'),
      fn.sum<number | null>('size').as('bytes'),
    ])
    .where('owner', '=', projectId)
    .groupBy('status')
    .execute();
  const count = (statuses: readonly ImageStatus[], what: 'images' | 'bytes') =>
    rows
      .filter(({ status }) => statuses.includes(status))
      .reduce((sum, row) => sum + (row[what] ?? 0), 0);
  return {
    bytes: count(['active', 'deactivated'], 'bytes'),
    stagedBytes: count(['uploading'], 'bytes'),
    images: rows.reduce((sum, row) => sum + row.images, 0),
    uploading: count(['saving', 'uploading'], 'images'),
  };
}
