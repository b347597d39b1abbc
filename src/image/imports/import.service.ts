/**
 * Interoperable import: bytes are staged first, and become the image's by a request of their own.
 *
 * Staging already counts and hashes the bytes, so that the import is one transaction and is over when it is answered.
 */
import type { Blobs } from '#drivers/blobs/blobs.ts';
import type { JsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import * as faults from '../image.faults.ts';
import { newBlobKey } from '../image-data/blob-keys.ts';
import { JUDGED_BYTES, judge } from '../image-data/image-data.rules.ts';
import { HASH_ALGORITHM, takeIn, type ImageBytes } from '../image-data/intake.ts';
import type { ImageAccess } from '../images/image-access.ts';
import type { Image } from '../images/image-model.ts';
import { changeStatus } from '../images/image.store.ts';
import type { QuotaService } from '../quotas/quota.service.ts';
import { checkImportable, STORE } from './import.rules.ts';
import * as store from './import.store.ts';
import type { StageRow, TaskRow } from './import.store.ts';

export type ImportDeps = {
  readonly db: Db;
  readonly blobs: Blobs;
  readonly access: ImageAccess;
  readonly quotas: QuotaService;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly mostBytes: number;
};

const MIB = 1 << 20;

export class ImportService {
  readonly #deps: ImportDeps;

  constructor(deps: ImportDeps) {
    this.#deps = deps;
  }

  /** Takes bytes in beside the image. Whatever goes wrong, the image is queued again and no byte is left. */
  async stage(ctx: Context, id: string, data: ImageBytes, announced: number | null): Promise<void> {
    const { db, blobs, access, quotas, now, mostBytes } = this.#deps;
    const delta = Math.floor((announced ?? 0) / MIB);
    await quotas.check(ctx.projectId, 'image_stage_total', delta);
    const image = await access.getSeen(ctx, db, id);
    access.authorize(ctx, 'modify_image', image);
    const blob = newBlobKey(id);
    const uploading = { status: 'uploading' as const, blob, updated_at: now().toISOString() };
    if (!(await changeStatus(db, id, ['queued'], uploading))) {
      throw faults.badTransition(image.status, 'uploading');
    }
    try {
      await quotas.check(image.owner ?? '', 'image_count_uploading', 0);
      await using writer = await blobs.create(blob);
      const taken = await takeIn(data, writer, {
        declared: image,
        mostBytes,
        bytesLeft: await quotas.bytesLeft(image.owner),
        // The formats may still be changed before the import, so they are judged then.
        lenient: true,
      });
      await writer.keep();
      await db.transaction().execute(async (tx) => {
        const staged = { status: 'uploading' as const, size: taken.size };
        if (!(await changeStatus(tx, id, ['uploading'], staged, blob))) throw faults.imageGone(id);
        await store.insertStage(tx, {
          image_id: id,
          size: taken.size,
          checksum: taken.checksum,
          os_hash_algo: HASH_ALGORITHM,
          os_hash_value: taken.hash,
        });
      });
    } catch (error) {
      await blobs.remove(blob);
      const queued = { status: 'queued' as const, blob: null, size: null };
      await changeStatus(db, id, ['uploading'], queued, blob);
      throw error;
    }
  }

  /** Makes the staged bytes the image's, or throws them away when they may not be. */
  async import(ctx: Context, id: string, request: JsonObject): Promise<void> {
    const { db, blobs, access, quotas } = this.#deps;
    await quotas.check(ctx.projectId, 'image_size_total', 0);
    const image = await access.getSeen(ctx, db, id);
    const stage = await store.findStage(db, id);
    checkImportable(image, stage !== undefined);
    access.authorize(ctx, 'modify_image', image);
    if (!stage || image.blob === null) throw faults.imageGone(id);
    const { refusal, virtualSize } = await this.#judge(image, stage);
    await db.transaction().execute(async (tx) => {
      await quotas.check(ctx.projectId, 'image_size_total', Math.floor(stage.size / MIB), tx);
      const done =
        refusal === null
          ? await this.#activate(tx, image, stage, virtualSize)
          : await this.#giveUp(tx, image);
      if (!done) throw faults.changedMeanwhile(id);
      await store.deleteStage(tx, id);
      await store.insertTask(tx, this.#taskOf(ctx, image, request, refusal, stage.size));
      await store.setOwnProperties(tx, id, {
        os_glance_importing_to_stores: '',
        os_glance_failed_import: refusal === null ? '' : STORE,
      });
    });
    if (refusal !== null) await blobs.remove(image.blob);
  }

  async tasks(ctx: Context, id: string): Promise<readonly TaskRow[]> {
    const { db, access } = this.#deps;
    const image = await access.getSeen(ctx, db, id, faults.nothingThere);
    access.authorize(ctx, 'get_image', image);
    return await store.listTasks(db, id);
  }

  async #judge(image: Image, stage: StageRow) {
    const length = Math.min(JUDGED_BYTES, stage.size);
    const header: Buffer[] = [];
    if (length > 0) {
      const bytes = await this.#deps.blobs.read(image.blob ?? '', { offset: 0, length });
      for await (const chunk of bytes) header.push(chunk as Buffer);
    }
    const { refusal, virtualSize } = judge(Buffer.concat(header), image);
    return { refusal, virtualSize: virtualSize(stage.size) };
  }

  async #activate(
    tx: Tx,
    image: Image,
    stage: StageRow,
    virtualSize: number | null,
  ): Promise<boolean> {
    const changes = {
      status: 'active' as const,
      size: stage.size,
      virtual_size: virtualSize,
      checksum: stage.checksum,
      os_hash_algo: stage.os_hash_algo,
      os_hash_value: stage.os_hash_value,
      updated_at: this.#deps.now().toISOString(),
    };
    return await changeStatus(tx, image.id, ['uploading'], changes, image.blob ?? undefined);
  }

  async #giveUp(tx: Tx, image: Image): Promise<boolean> {
    const updated_at = this.#deps.now().toISOString();
    const queued = { status: 'queued' as const, blob: null, size: null, updated_at };
    return await changeStatus(tx, image.id, ['uploading'], queued, image.blob ?? undefined);
  }

  #taskOf(
    ctx: Context,
    image: Image,
    request: JsonObject,
    refusal: string | null,
    size: number,
  ): TaskRow {
    const { newId, now } = this.#deps;
    return {
      id: newId(),
      image_id: image.id,
      owner: image.owner,
      user_id: ctx.userId,
      request_id: ctx.requestId,
      status: refusal === null ? 'success' : 'failure',
      input: JSON.stringify({ image_id: image.id, import_req: request, backend: [STORE] }),
      message: refusal ?? `Copied ${Math.floor(size / MIB)} MiB`,
      created_at: now().toISOString(),
    };
  }
}
