/** With whom an image is shared, in SQL. */
import type { ImageTables, MemberStatus } from '#platform/db/tables/image.ts';
import type { Db, Tx } from '#platform/db/tables.ts';

export type MemberRow = ImageTables['image_members'];

/** The members of an image in the order in which they were added; only one project's when it is named. */
export async function listMembers(
  db: Db,
  imageId: string,
  only?: string,
): Promise<readonly MemberRow[]> {
  let query = db.selectFrom('image_members').selectAll().where('image_id', '=', imageId);
  if (only !== undefined) query = query.where('member_id', '=', only);
  return await query.orderBy('created_at').orderBy('member_id').execute();
}

/** Returns false when the project is a member already. */
export async function insertMember(tx: Tx, member: MemberRow): Promise<boolean> {
  const result = await tx
    .insertInto('image_members')
    .values(member)
    .onConflict((conflict) => conflict.columns(['image_id', 'member_id']).doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function setMemberStatus(
  tx: Tx,
  { image_id, member_id }: MemberRow,
  status: MemberStatus,
  at: string,
): Promise<void> {
  await tx
    .updateTable('image_members')
    .set({ status, updated_at: at })
    .where('image_id', '=', image_id)
    .where('member_id', '=', member_id)
    .execute();
}

export async function deleteMember(tx: Tx, { image_id, member_id }: MemberRow): Promise<void> {
  await tx
    .deleteFrom('image_members')
    .where('image_id', '=', image_id)
    .where('member_id', '=', member_id)
    .execute();
}
