/** What can be done with regions. Authorises, gathers facts, writes once. */
import type { Context } from '#platform/context.ts';
import { checkSameId, extraOf, overlaid } from '../attributes.ts';
import type { IdentityCore } from '../identity-core.ts';
import { circularRegion, conflict, invalid, notFound, regionInUse } from '../identity.faults.ts';
import type { Listed, Listing } from '../listing.ts';
import { REGION_ATTRIBUTES, type RegionCreate, type RegionUpdate } from './region.schema.ts';
import * as store from './region.store.ts';

export class RegionService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, listing: Listing): Promise<Listed<store.RegionRow>> {
    this.#core.policy.authorize(ctx, 'identity:list_regions');
    return await store.listRegions(this.#core.db, listing);
  }

  async show(ctx: Context, id: string): Promise<store.RegionRow> {
    this.#core.policy.authorize(ctx, 'identity:get_region');
    return await this.#get(id);
  }

  /** `pathId` is the id in the path, when the caller chose it there. */
  async create(ctx: Context, wanted: RegionCreate, pathId?: string): Promise<store.RegionRow> {
    const { db, policy, writes, newId } = this.#core;
    policy.authorize(ctx, 'identity:create_region');
    const chosen = wanted.id ? wanted.id : undefined;
    if (pathId !== undefined && chosen !== undefined && chosen !== pathId) {
      throw invalid(`Conflicting region IDs specified: "${pathId}" != "${chosen}"`);
    }
    const id = pathId ?? chosen ?? newId();
    if (await store.findRegion(db, id)) throw conflict('region', `Duplicate ID, ${id}.`);
    if (wanted.parent_region_id) await this.#get(wanted.parent_region_id);
    return await writes.run(
      async (tx) =>
        await store.insertRegion(tx, {
          id,
          parent_region_id: wanted.parent_region_id ?? null,
          description: wanted.description ?? '',
          extra: JSON.stringify(extraOf(wanted, REGION_ATTRIBUTES)),
        }),
    );
  }

  async update(ctx: Context, id: string, change: RegionUpdate): Promise<store.RegionRow> {
    const { db, policy, writes } = this.#core;
    policy.authorize(ctx, 'identity:update_region');
    const region = await this.#get(id);
    checkSameId(change, id);
    const parentId = change.parent_region_id;
    if (parentId) {
      await this.#get(parentId);
      if ((await store.regionTree(db, id)).includes(parentId)) throw circularRegion(parentId);
    }
    return await writes.run(
      async (tx) =>
        await store.updateRegion(tx, id, {
          extra: JSON.stringify(overlaid(region.extra, extraOf(change, REGION_ATTRIBUTES))),
          ...(parentId !== undefined && { parent_region_id: parentId }),
          ...(change.description !== undefined && { description: change.description ?? '' }),
        }),
    );
  }

  /** The regions below go with it. */
  async delete(ctx: Context, id: string): Promise<void> {
    const { db, policy, writes } = this.#core;
    policy.authorize(ctx, 'identity:delete_region');
    await this.#get(id);
    const ids = await store.regionTree(db, id);
    if (await store.haveEndpoints(db, ids)) throw regionInUse(id);
    await writes.run(async (tx) => await store.deleteRegions(tx, ids));
  }

  async #get(id: string): Promise<store.RegionRow> {
    const region = await store.findRegion(this.#core.db, id);
    if (!region) throw notFound('region', id);
    return region;
  }
}
