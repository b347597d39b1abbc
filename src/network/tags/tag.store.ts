/** Changes of tags in SQL; reading them is a part of every list (`attributes/list.store.ts`). */
import type { Db, Tables } from '#platform/db/tables.ts';
import type { TaggedResource } from './tag.rules.ts';

/** Adds tags that the resource does not have yet. */
export async function addTags(db: Db, id: string, tags: readonly string[]): Promise<void> {
  if (tags.length === 0) return;
  await db
    .insertInto('resource_tags')
    .values(tags.map((tag) => ({ resource_id: id, tag })))
    .execute();
}

/** Takes one tag away. False when the resource does not have it. */
export async function deleteTag(db: Db, id: string, tag: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('resource_tags')
    .where('resource_id', '=', id)
    .where('tag', '=', tag)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Where they are kept. */
const TABLES = {
  networks: 'networks',
  subnets: 'subnets',
  ports: 'ports',
  security_groups: 'security_groups',
  routers: 'routers',
  floatingips: 'floating_ips',
} as const satisfies Record<TaggedResource, keyof Tables>;

/** Counts one more change of the resource. */
export async function touchTagged(
  db: Db,
  resource: TaggedResource,
  id: string,
  at: string,
): Promise<void> {
  await db
    .updateTable(TABLES[resource])
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: at }))
    .where('id', '=', id)
    .execute();
}
