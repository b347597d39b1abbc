/** Limits of a project on images: how many, and how many bytes of them. */
import type { Db } from '#platform/db/tables.ts';
import { findLimits } from '#platform/quota/quota.store.ts';
import { overLimit } from '../image.faults.ts';
import { usageOf } from '../images/image.store.ts';

/** Limits that a project has when nothing else was said; -1 is none. Sizes are in MiB, as in Glance. */
export const DEFAULT_IMAGE_LIMITS = {
  image_size_total: 1_048_576,
  image_stage_total: 1_048_576,
  image_count_total: 10_000,
  image_count_uploading: 1_000,
} as const;
export type ImageResource = keyof typeof DEFAULT_IMAGE_LIMITS;
export type ImageLimits = Readonly<Record<ImageResource, number>>;

const MIB = 1 << 20;

export class QuotaService {
  readonly #db: Db;
  readonly #defaults: ImageLimits;

  constructor(db: Db, defaults: Partial<ImageLimits> = {}) {
    this.#db = db;
    this.#defaults = { ...DEFAULT_IMAGE_LIMITS, ...defaults };
  }

  /** Limit and usage of each resource. */
  async usage(
    projectId: string,
    db: Db = this.#db,
  ): Promise<Readonly<Record<ImageResource, { limit: number; usage: number }>>> {
    const own = await findLimits(db, 'image', projectId);
    const used = await usageOf(db, projectId);
    const counted: Record<ImageResource, number> = {
      image_size_total: Math.floor(used.bytes / MIB),
      image_stage_total: Math.floor(used.stagedBytes / MIB),
      image_count_total: used.images,
      image_count_uploading: used.uploading,
    };
    const entry = (name: ImageResource) => ({
      limit: own[name] ?? this.#defaults[name],
      usage: counted[name],
    });
    return {
      image_size_total: entry('image_size_total'),
      image_stage_total: entry('image_stage_total'),
      image_count_total: entry('image_count_total'),
      image_count_uploading: entry('image_count_uploading'),
    };
  }

  /** Refuses what would go over a limit; a project that is just at its limit may go on with 0 more. Without a project there are no limits. */
  async check(
    projectId: string,
    resource: ImageResource,
    delta: number,
    db: Db = this.#db,
  ): Promise<void> {
    if (projectId === '') return;
    const { limit, usage } = (await this.usage(projectId, db))[resource];
    if (limit >= 0 && usage + delta > limit) {
      throw overLimit({ projectId, resource, limit, usage, delta });
    }
  }

  /** How many more bytes the project's images may have; null for any number. */
  async bytesLeft(projectId: string | null, db: Db = this.#db): Promise<number | null> {
    if (projectId === null) return null;
    const own = await findLimits(db, 'image', projectId);
    const limit = own['image_size_total'] ?? this.#defaults.image_size_total;
    if (limit < 0) return null;
    const { bytes } = await usageOf(db, projectId);
    return Math.max(0, limit * MIB - bytes);
  }
}
