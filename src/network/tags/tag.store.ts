/** Tags in SQL. A resource's tags go with it: whoever deletes the resource calls `deleteTags`. */
import type { Db } from '#platform/db/tables.ts';

/** The collections whose members may have tags. */
export type TaggedResource = 'networks' | 'subnets' | 'ports' | 'security_groups';

/** The tags of many resources at once, by id, sorted. A resource without tags is not a key. */
export async function tagsOf(
  db: Db,
  resource: TaggedResource,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const tags = new Map<string, string[]>();
  if (ids.length === 0) return tags;
  const rows = await db
    .selectFrom('network_tags')
    .select(['resource_id', 'tag'])
    .where('resource', '=', resource)
    .where('resource_id', 'in', ids)
    .orderBy('tag')
    .execute();
  for (const { resource_id, tag } of rows) {
    const known = tags.get(resource_id);
    if (known) known.push(tag);
    else tags.set(resource_id, [tag]);
  }
  return tags;
}

/** Adds tags; those that the resource has already stay. */
export async function addTags(
  db: Db,
  resource: TaggedResource,
  id: string,
  tags: readonly string[],
): Promise<void> {
  if (tags.length === 0) return;
  await db
    .insertInto('network_tags')
    .values([...new Set(tags)].map((tag) => ({ resource, resource_id: id, tag })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Takes tags away: one, or all when none is named. Returns how many there were. */
export async function deleteTags(
  db: Db,
  resource: TaggedResource,
  id: string,
  tag?: string,
): Promise<number> {
  let query = db
    .deleteFrom('network_tags')
    .where('resource', '=', resource)
    .where('resource_id', '=', id);
  if (tag !== undefined) query = query.where('tag', '=', tag);
  const { numDeletedRows } = await query.executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
