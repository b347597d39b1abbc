/** What can be done with the tags of networks, subnets, ports and security groups. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import { Fault } from '#platform/fault.ts';
import type { Target } from '#platform/policy/check-string.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import { deleteTags, tagsOf } from '../attributes/list.store.ts';
import { timestamp } from '../attributes/standard.ts';
import { checkTagCount, taggedNotFound, tagNotFound, type TaggedResource } from './tag.rules.ts';
import { addTags, deleteTag, touchTagged } from './tag.store.ts';

/**
 * Whose a resource is, for the policy, of those that the caller may see. Throws a `not-found` fault for others.
 */
export type FindTarget = (ctx: Context, id: string) => Promise<Target>;

export type TagDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
  readonly findTarget: Readonly<Record<TaggedResource, FindTarget>>;
};

export const TAGGED: Readonly<Record<TaggedResource, string>> = {
  networks: 'network',
  subnets: 'subnet',
  ports: 'port',
  security_groups: 'security_group',
  routers: 'router',
  floatingips: 'floatingip',
};

const OWNER = 'rule:admin_only or (role:member and project_id:%(project_id)s)';
const NETWORK_OWNER = `${OWNER} or (role:member and project_id:%(network:project_id)s)`;

/** Those of security groups, routers and floating IPs are with them. Who sees a resource sees its tags. */
export const TAG_POLICIES: readonly PolicyRule[] = ['network', 'subnet', 'port'].flatMap((name) => {
  const changes = name === 'subnet' ? NETWORK_OWNER : OWNER;
  return [
    { name: `get_${name}:tags`, check: 'rule:admin_only or role:reader' },
    { name: `create_${name}:tags`, check: changes },
    { name: `update_${name}:tags`, check: changes },
    { name: `delete_${name}:tags`, check: name === 'port' ? NETWORK_OWNER : changes },
  ];
});

/** A resource that has tags, by the names of the address. */
export type Tagged = { readonly resource: TaggedResource; readonly id: string };

export class TagService {
  readonly #deps: TagDeps;

  constructor(deps: TagDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, tagged: Tagged): Promise<readonly string[]> {
    await this.#authorize(ctx, 'get', tagged);
    return await currentTags(this.#deps.db, tagged);
  }

  /** Throws unless the resource has the tag. */
  async check(ctx: Context, tagged: Tagged, tag: string): Promise<void> {
    if (!(await this.list(ctx, tagged)).includes(tag)) throw tagNotFound(tag);
  }

  /** Adds what is not there yet. */
  async add(
    ctx: Context,
    tagged: Tagged,
    tags: readonly string[],
    action: 'create' | 'update',
  ): Promise<void> {
    await this.#authorize(ctx, action, tagged);
    await this.#change(async (tx) => {
      const known = await currentTags(tx, tagged);
      const added = tags.filter((tag) => !known.includes(tag));
      checkTagCount(tagged.resource, [...known, ...added]);
      await addTags(tx, tagged.id, added);
      return added.length > 0;
    }, tagged);
  }

  /** Makes these the tags of the resource, and no others. */
  async replace(ctx: Context, tagged: Tagged, tags: readonly string[]): Promise<void> {
    await this.#authorize(ctx, 'update', tagged);
    checkTagCount(tagged.resource, tags);
    await this.#change(async (tx) => {
      const known = await currentTags(tx, tagged);
      if (known.length === tags.length && known.every((tag) => tags.includes(tag))) return false;
      await deleteTags(tx, tagged.id);
      await addTags(tx, tagged.id, tags);
      return true;
    }, tagged);
  }

  /** Takes one tag away, or all when none is named. */
  async remove(ctx: Context, tagged: Tagged, tag?: string): Promise<void> {
    await this.#authorize(ctx, 'delete', tagged);
    await this.#change(async (tx) => {
      if (tag === undefined) {
        const known = await currentTags(tx, tagged);
        await deleteTags(tx, tagged.id);
        return known.length > 0;
      }
      if (!(await deleteTag(tx, tagged.id, tag))) throw tagNotFound(tag);
      return true;
    }, tagged);
  }

  async #authorize(
    ctx: Context,
    action: 'get' | 'create' | 'update' | 'delete',
    { resource, id }: Tagged,
  ): Promise<void> {
    const { policy, findTarget } = this.#deps;
    const target = await findTarget[resource](ctx, id).catch((error: unknown) => {
      const missing = error instanceof Fault && error.kind === 'not-found';
      throw missing ? taggedNotFound(resource, id) : error;
    });
    policy.authorize(ctx, `${action}_${TAGGED[resource]}:tags`, target);
  }

  /** Runs a change; the resource counts it when it says that there was one. */
  async #change(change: (tx: Tx) => Promise<boolean>, { resource, id }: Tagged): Promise<void> {
    const { db, now } = this.#deps;
    await db.transaction().execute(async (tx) => {
      if (await change(tx)) await touchTagged(tx, resource, id, timestamp(now()));
    });
  }
}

async function currentTags(db: Db, { id }: Tagged): Promise<readonly string[]> {
  return (await tagsOf(db, [id])).get(id) ?? [];
}
