/** The bytes of images: uploaded once, downloaded as often as anybody likes. */
import type { Readable } from 'node:stream';
import type { Blobs } from '#drivers/blobs/blobs.ts';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import {
  badTransition,
  imageGone,
  imageNotFound,
  isDeactivated,
  storageQuotaFull,
} from '../image.faults.ts';
import type { ImageAccess } from '../images/image-access.ts';
import type { Image } from '../images/image-model.ts';
import { changeStatus, findImage } from '../images/image.store.ts';
import type { QuotaService } from '../quotas/quota.service.ts';
import { checkFormatsSet, parseRange } from './image-data.rules.ts';
import { newBlobKey } from './blob-keys.ts';
import { HASH_ALGORITHM, takeIn, type ImageBytes, type Intake } from './intake.ts';

export type ImageDataDeps = {
  readonly db: Db;
  readonly blobs: Blobs;
  readonly access: ImageAccess;
  readonly quotas: QuotaService;
  readonly now: () => Date;
  /** No image may have more bytes than this. */
  readonly mostBytes: number;
};

export type Download = {
  readonly bytes: Readable;
  readonly length: number;
  readonly checksum: string | null;
  /** Such as `bytes 0-4/10`; null when all of the image is sent. */
  readonly contentRange: string | null;
};

const MIB = 1 << 20;

export class ImageDataService {
  readonly #deps: ImageDataDeps;

  constructor(deps: ImageDataDeps) {
    this.#deps = deps;
  }

  /**
   * Gives a queued image its bytes. `announced` is how many the client says will come; null when it does not say.
   * Whatever goes wrong, the image is queued again and no byte is left.
   */
  async upload(
    ctx: Context,
    id: string,
    data: ImageBytes,
    announced: number | null,
  ): Promise<void> {
    const { db, access, quotas } = this.#deps;
    await quotas.check(ctx.projectId, 'image_size_total', Math.floor((announced ?? 0) / MIB));
    const image = await access.getSeen(ctx, db, id);
    access.authorize(ctx, 'upload_image', image);
    if (image.status !== 'queued') throw badTransition(image.status, 'saving');
    checkFormatsSet(image);
    await this.store(image, data);
  }

  /** As `upload`, for an image that the caller may give bytes to. */
  async store(image: Image, data: ImageBytes): Promise<void> {
    const { blobs, quotas } = this.#deps;
    const blob = newBlobKey(image.id);
    await this.#begin(image.id, blob);
    try {
      await quotas.check(image.owner ?? '', 'image_count_uploading', 0);
      await using writer = await blobs.create(blob);
      const intake = await takeIn(data, writer, {
        declared: image,
        mostBytes: this.#deps.mostBytes,
        bytesLeft: await quotas.bytesLeft(image.owner),
        lenient: false,
      });
      await writer.keep();
      await this.#finish(image, blob, intake);
    } catch (error) {
      await blobs.remove(blob);
      await this.#takeBack(image.id, blob);
      throw error;
    }
  }

  async download(
    ctx: Context,
    id: string,
    range: string | undefined,
  ): Promise<Download | undefined> {
    const { db, access, blobs } = this.#deps;
    const image = await access.getSeen(ctx, db, id);
    if (image.status === 'deactivated' && !access.isAdmin(ctx)) throw isDeactivated();
    access.authorize(ctx, 'download_image', image);
    const here = image.status === 'active' || image.status === 'deactivated';
    if (!here || image.blob === null || image.size === null) return undefined;
    const part = parseRange(range, image.size);
    return {
      bytes: await blobs.read(image.blob, part ?? undefined),
      length: part?.length ?? image.size,
      checksum: image.checksum,
      contentRange: part
        ? `bytes ${part.offset}-${part.offset + part.length - 1}/${image.size}`
        : null,
    };
  }

  async #begin(id: string, blob: string): Promise<void> {
    const { db, now } = this.#deps;
    const updated_at = now().toISOString();
    const begun = await changeStatus(db, id, ['queued'], { status: 'saving', blob, updated_at });
    if (begun) return;
    const image = await findImage(db, id);
    throw image ? badTransition(image.status, 'saving') : imageNotFound(id);
  }

  async #finish(image: Image, blob: string, intake: Intake): Promise<void> {
    const { db, now, quotas } = this.#deps;
    await db.transaction().execute(async (tx) => {
      // Others may have used the quota up while these bytes came.
      const left = await quotas.bytesLeft(image.owner, tx);
      if (left !== null && intake.size > left) throw storageQuotaFull(intake.size, left);
      const finished = await changeStatus(
        tx,
        image.id,
        ['saving'],
        {
          status: 'active',
          size: intake.size,
          virtual_size: intake.virtualSize,
          checksum: intake.checksum,
          os_hash_algo: HASH_ALGORITHM,
          os_hash_value: intake.hash,
          updated_at: now().toISOString(),
        },
        blob,
      );
      if (!finished) throw imageGone(image.id);
    });
  }

  async #takeBack(id: string, blob: string): Promise<void> {
    const updated_at = this.#deps.now().toISOString();
    const queued = { status: 'queued' as const, blob: null, size: null, updated_at };
    await changeStatus(this.#deps.db, id, ['saving'], queued, blob);
  }
}
