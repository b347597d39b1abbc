/** What can be done with an image, apart from its bytes. */
import type { Blobs } from '#drivers/blobs/blobs.ts';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { isBlobNeeded } from '../holds/hold.store.ts';
import {
  badMarker,
  cannotSwitch,
  changedMeanwhile,
  duplicateImage,
  imageToDeleteNotFound,
  isProtected,
  notAuthorized,
  ownerIsAnother,
} from '../image.faults.ts';
import type { QuotaService } from '../quotas/quota.service.ts';
import type { ImageAccess } from './image-access.ts';
import { parseImageList } from './image-list.rules.ts';
import { listImages } from './image-list.store.ts';
import { planPatch, type PatchStep } from './image-patch.rules.ts';
import { planImage } from './image.rules.ts';
import type { ImageObject } from './image.schema.ts';
import * as store from './image.store.ts';
import type { Image } from './image-model.ts';

export type ImageServiceDeps = {
  readonly db: Db;
  readonly blobs: Blobs;
  readonly policy: Policy;
  readonly access: ImageAccess;
  readonly quotas: QuotaService;
  readonly now: () => Date;
  readonly newId: () => string;
};

export class ImageService {
  readonly #deps: ImageServiceDeps;

  constructor(deps: ImageServiceDeps) {
    this.#deps = deps;
  }

  async create(ctx: Context, wanted: ImageObject): Promise<Image> {
    const { db, quotas, now, newId } = this.#deps;
    const image = planImage(wanted, { id: newId(), projectId: ctx.projectId, now: now() });
    this.#authorizeCreate(ctx, image, wanted.visibility ?? 'private');
    await db.transaction().execute(async (tx) => {
      await quotas.check(ctx.projectId, 'image_count_total', 1, tx);
      if (!(await store.insertImage(tx, image))) throw duplicateImage(image.id);
    });
    return image;
  }

  async get(ctx: Context, id: string): Promise<Image> {
    const { db, access } = this.#deps;
    const image = await access.getSeen(ctx, db, id);
    access.authorize(ctx, 'get_image', image);
    return image;
  }

  /** Images that the caller sees and asks for, and whether more may follow. */
  async list(ctx: Context, query: Query): Promise<{ images: Image[]; more: boolean }> {
    const { db, access, policy } = this.#deps;
    const { filters, page, memberStatus } = parseImageList(query);
    policy.authorize(ctx, 'get_images');
    const marker =
      page.marker === null ? undefined : await access.getSeen(ctx, db, page.marker, badMarker);
    const viewer = { admin: access.isAdmin(ctx), projectId: ctx.projectId, memberStatus };
    const images = await listImages(db, viewer, filters, page, marker);
    return { images, more: images.length > 0 && images.length === page.limit };
  }

  async update(ctx: Context, id: string, steps: readonly PatchStep[]): Promise<Image> {
    const { db, access, now } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, id);
      if (steps.length === 0) return image;
      const plan = planPatch(image, steps, {
        isAdmin: access.isAdmin(ctx),
        authorize: (name, value) => access.authorizeChange(ctx, image, name, value),
      });
      const changes = { ...plan.changes, updated_at: now().toISOString() };
      if (!(await store.updateImage(tx, image, changes))) throw changedMeanwhile(id);
      await store.setProperties(tx, id, plan.properties);
      await store.setTags(tx, id, plan.tags);
      return { ...image, ...changes, properties: plan.properties, tags: plan.tags };
    });
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { db, access, blobs } = this.#deps;
    const left = await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, id, imageToDeleteNotFound);
      access.authorize(ctx, 'delete_image', image);
      if (image.protected === 1) throw isProtected(id);
      await store.deleteImage(tx, id);
      if (image.blob === null || (await isBlobNeeded(tx, image.blob))) return null;
      return image.blob;
    });
    // Killed here, the start finds a blob that nobody needs.
    if (left !== null) await blobs.remove(left);
  }

  async deactivate(ctx: Context, id: string): Promise<void> {
    await this.#switch(ctx, id, 'deactivate');
  }

  async reactivate(ctx: Context, id: string): Promise<void> {
    await this.#switch(ctx, id, 'reactivate');
  }

  async #switch(ctx: Context, id: string, verb: 'deactivate' | 'reactivate'): Promise<void> {
    const { db, access, now } = this.#deps;
    const [from, to] =
      verb === 'deactivate'
        ? (['active', 'deactivated'] as const)
        : (['deactivated', 'active'] as const);
    await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, id);
      access.authorize(ctx, verb, image);
      if (image.status === to) return;
      if (image.status !== from) throw cannotSwitch(verb, image.status);
      await store.updateImage(tx, image, { status: to, updated_at: now().toISOString() });
    });
  }

  #authorizeCreate(ctx: Context, image: Image, visibility: string): void {
    const { policy, access } = this.#deps;
    const target = { project_id: image.owner, owner: image.owner, visibility };
    if (!policy.allows(ctx, 'add_image', target)) {
      throw image.owner !== null && image.owner !== ctx.projectId
        ? ownerIsAnother(image.owner)
        : notAuthorized('add_image');
    }
    access.authorizeVisibility(ctx, visibility, target);
  }
}
