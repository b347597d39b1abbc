/** Tags of an image, one at a time. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { changedMeanwhile, imageGivenNotFound, nothingThere, tagLimit } from '../image.faults.ts';
import type { ImageAccess } from '../images/image-access.ts';
import { MOST_TAGS } from '../images/image.rules.ts';
import { setTags, updateImage } from '../images/image.store.ts';

export type TagDeps = {
  readonly db: Db;
  readonly access: ImageAccess;
  readonly now: () => Date;
};

export class TagService {
  readonly #deps: TagDeps;

  constructor(deps: TagDeps) {
    this.#deps = deps;
  }

  async add(ctx: Context, imageId: string, tag: string): Promise<void> {
    await this.#change(ctx, imageId, (tags) => {
      const all = [...new Set([...tags, tag])];
      if (all.length > MOST_TAGS) throw tagLimit(imageId, all.length, MOST_TAGS);
      return all;
    });
  }

  async delete(ctx: Context, imageId: string, tag: string): Promise<void> {
    await this.#change(ctx, imageId, (tags) => {
      if (!tags.includes(tag)) throw nothingThere();
      return tags.filter((other) => other !== tag);
    });
  }

  async #change(
    ctx: Context,
    imageId: string,
    change: (tags: readonly string[]) => readonly string[],
  ): Promise<void> {
    const { db, access, now } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, imageId, imageGivenNotFound);
      access.authorize(ctx, 'modify_image', image);
      const tags = change(image.tags);
      const updated_at = now().toISOString();
      if (!(await updateImage(tx, image, { updated_at }))) throw changedMeanwhile(imageId);
      await setTags(tx, imageId, tags);
    });
  }
}
