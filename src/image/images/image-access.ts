/** Which images a caller sees, and what the policy lets them do with one. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Fault } from '#platform/fault.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { Target } from '#platform/policy/check-string.ts';
import { imageNotFound, notAuthorized, nothingThere } from '../image.faults.ts';
import type { Image } from './image-model.ts';
import { findImage, isMember } from './image.store.ts';

/** An image that the caller sees. */
export type SeenImage = Image & {
  /** The caller's project, when the image is shared with it; undefined otherwise. */
  readonly sharedWith: string | undefined;
};

export class ImageAccess {
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  isAdmin(ctx: Context): boolean {
    return this.#policy.allows(ctx, 'context_is_admin');
  }

  /** The image, when the caller may know of it. */
  async findSeen(ctx: Context, db: Db, id: string): Promise<SeenImage | undefined> {
    const image = await findImage(db, id);
    if (!image) return undefined;
    const shared =
      image.visibility === 'shared' &&
      ctx.projectId !== '' &&
      (await isMember(db, id, ctx.projectId));
    const seen =
      shared ||
      image.visibility === 'public' ||
      image.visibility === 'community' ||
      (image.owner !== null && image.owner === ctx.projectId) ||
      this.isAdmin(ctx);
    return seen ? { ...image, sharedWith: shared ? ctx.projectId : undefined } : undefined;
  }

  async getSeen(
    ctx: Context,
    db: Db,
    id: string,
    notFound: (id: string) => Fault = imageNotFound,
  ): Promise<SeenImage> {
    const image = await this.findSeen(ctx, db, id);
    if (!image) throw notFound(id);
    return image;
  }

  /** Throws when the caller may not; in a way that does not tell of an image that it may not get. */
  authorize(ctx: Context, rule: string, image: SeenImage): void {
    const target = targetOf(image);
    if (this.#policy.allows(ctx, rule, target)) return;
    if (rule === 'get_image' || !this.#policy.allows(ctx, 'get_image', target)) {
      throw nothingThere();
    }
    throw notAuthorized(rule);
  }

  allows(ctx: Context, rule: string, image: SeenImage): boolean {
    return this.#policy.allows(ctx, rule, targetOf(image));
  }

  /** Throws when the caller may not set this attribute of the image to this value. */
  authorizeChange(ctx: Context, image: SeenImage, name: string, value: unknown): void {
    if (name === 'visibility' && typeof value === 'string') {
      this.authorizeVisibility(ctx, value, targetOf(image));
    }
    this.authorize(ctx, 'modify_image', image);
  }

  /** Checks a visibility that is asked for against the rule that guards it. */
  authorizeVisibility(ctx: Context, visibility: string, target: Target): void {
    if (visibility === 'public') this.#policy.authorize(ctx, 'publicize_image', target);
    if (visibility === 'community') this.#policy.authorize(ctx, 'communitize_image', target);
  }
}

export function targetOf(image: SeenImage): Target {
  return {
    ...image.properties,
    id: image.id,
    image_id: image.id,
    name: image.name,
    status: image.status,
    visibility: image.visibility,
    protected: image.protected === 1,
    os_hidden: image.os_hidden === 1,
    owner: image.owner,
    project_id: image.owner,
    ...(image.sharedWith === undefined ? {} : { member_id: image.sharedWith }),
  };
}
