/** What the image service offers to other services. Compute needs this and nothing else of it. */
import type { ImageRef } from '#base/host/domain.ts';
import type { Context } from '#platform/context.ts';
import type { ImageStatus, ImageVisibility } from '#platform/db/tables/image.ts';
import type { ImageBytes } from './image-data/intake.ts';

/** What other services may know of an image. */
export type ImageFacts = {
  readonly id: string;
  readonly name: string | null;
  readonly owner: string | null;
  /** Only an `active` image has bytes that can be booted. */
  readonly status: ImageStatus;
  readonly visibility: ImageVisibility;
  readonly protected: boolean;
  /** null until the bytes have been uploaded. */
  readonly sizeBytes: number | null;
  /** The size of the disk that a guest sees, where the format tells it. */
  readonly virtualSizeBytes: number | null;
  readonly minDiskGib: number;
  readonly minRamMib: number;
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  /** From the properties `kernel_id` and `ramdisk_id`; null when they are not set. */
  readonly kernelId: string | null;
  readonly ramdiskId: string | null;
  /** Custom properties, such as `hw_disk_bus` or `os_command_line`. */
  readonly properties: Readonly<Record<string, string | null>>;
  readonly tags: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** An image to make from bytes at hand. */
export type ImageToImport = {
  /** With an id the import can be repeated: an image that is there already is left as it is. */
  readonly id?: string;
  readonly name: string;
  readonly diskFormat: string;
  readonly containerFormat: string;
  readonly visibility?: ImageVisibility;
  readonly properties?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly minDiskGib?: number;
  readonly minRamMib?: number;
  readonly protected?: boolean;
  /** Where the bytes come from: a file on this machine, or a stream. */
  readonly from: { readonly path: string } | { readonly bytes: ImageBytes };
};

/**
 * What the image service offers to other services. Refusals are its own faults (`image.faults.ts`).
 * Callers see what their project may see; an internal context sees everything.
 */
export interface ImageApi {
  /** The image; undefined when the caller cannot see one with this id. */
  findImage(ctx: Context, id: string): Promise<ImageFacts | undefined>;
  /** Images that the caller sees, newest first; only those with this name when one is given. */
  listImages(ctx: Context, filters?: { readonly name?: string }): Promise<readonly ImageFacts[]>;
  /** Makes an image with its bytes, without HTTP. Owned by the context's project. */
  importImage(ctx: Context, image: ImageToImport): Promise<ImageFacts>;
  /**
   * Keeps an image's bytes for a holder (a server) until it lets go, even when the image is deleted.
   * Refuses an image that is not active or cannot be booted. Holding again gives the same answer.
   */
  holdBlob(ctx: Context, imageId: string, holderId: string): Promise<ImageRef>;
  /** What `holdBlob` answered; undefined when the holder holds nothing of this image. */
  findHeldBlob(imageId: string, holderId: string): Promise<ImageRef | undefined>;
  /** Lets go; does nothing when nothing is held. The last one to let go of a deleted image removes its bytes. */
  releaseBlob(imageId: string, holderId: string): Promise<void>;
}
