/** Keeps the bytes of an image as long as somebody reads them, even when the image itself is deleted. */
import type { ImageRef } from '#base/host/domain.ts';
import type { Blobs } from '#drivers/blobs/blobs.ts';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { imageNotFound, notBootable } from '../image.faults.ts';
import type { ImageAccess } from '../images/image-access.ts';
import { deleteHold, findHold, insertHold, isBlobNeeded, type HoldRow } from './hold.store.ts';

export type HoldDeps = {
  readonly db: Db;
  readonly blobs: Blobs;
  readonly access: ImageAccess;
};

const BOOTABLE_FORMATS = ['raw', 'qcow2', 'iso', 'ari', 'aki', 'ami'];
const BOOTABLE_CONTAINERS = ['bare', 'ami', 'ari', 'aki'];

export class HoldService {
  readonly #deps: HoldDeps;

  constructor(deps: HoldDeps) {
    this.#deps = deps;
  }

  /** Holds the image's bytes; when they are held already, by the same holder, that is all there is to it. */
  async hold(ctx: Context, imageId: string, holderId: string): Promise<ImageRef> {
    const { db, access } = this.#deps;
    const hold = await db.transaction().execute(async (tx) => {
      const held = await findHold(tx, imageId, holderId);
      if (held) return held;
      const image = await access.findSeen(ctx, tx, imageId);
      if (!image) throw imageNotFound(imageId);
      const { blob, size, disk_format, container_format } = image;
      if (image.status !== 'active' || blob === null || size === null) {
        throw notBootable(imageId, `its status is ${image.status}`);
      }
      if (disk_format === null || !BOOTABLE_FORMATS.includes(disk_format)) {
        throw notBootable(imageId, `its disk_format is ${disk_format}`);
      }
      // In other containers nobody has looked at what the disk really is.
      if (!BOOTABLE_CONTAINERS.includes(container_format ?? '')) {
        throw notBootable(imageId, `its container_format is ${container_format}`);
      }
      const made = { image_id: imageId, holder_id: holderId, blob, disk_format, size };
      await insertHold(tx, made);
      return made;
    });
    return this.refOf(hold);
  }

  /** What a holder was given; undefined when it holds nothing of the image. */
  async find(imageId: string, holderId: string): Promise<ImageRef | undefined> {
    const hold = await findHold(this.#deps.db, imageId, holderId);
    return hold && this.refOf(hold);
  }

  /** Lets go. The last holder of a deleted image takes its bytes along. */
  async release(imageId: string, holderId: string): Promise<void> {
    const { db, blobs } = this.#deps;
    const left = await db.transaction().execute(async (tx) => {
      const hold = await findHold(tx, imageId, holderId);
      if (!hold) return undefined;
      await deleteHold(tx, imageId, holderId);
      return (await isBlobNeeded(tx, hold.blob)) ? undefined : hold.blob;
    });
    // Killed here, the start finds a blob that nobody needs.
    if (left !== undefined) await blobs.remove(left);
  }

  refOf({ image_id, disk_format, blob, size }: HoldRow): ImageRef {
    return {
      id: image_id,
      format: disk_format as ImageRef['format'],
      path: this.#deps.blobs.pathOf(blob),
      sizeBytes: size,
    };
  }
}
