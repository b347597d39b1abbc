/** What a hypervisor needs of disks. */
import type { ImageRef } from '#base/host/domain.ts';

export type CallOptions = { readonly signal: AbortSignal };

/**
 * Disks of guests, as files on this host. Every call is idempotent: a disk that is there is left
 * alone with all that a guest has written to it, and a disk is there whole or not at all.
 */
export interface Disks {
  /**
   * Makes a writable layer over an image that stays as it is, as large as the image, or `sizeGib`
   * when that is more. `image.path` is absolute. An image that would draw in other files is refused.
   */
  ensureOverlay(
    path: string,
    image: ImageRef,
    sizeGib: number,
    options: CallOptions,
  ): Promise<void>;
  /** Makes an empty disk that takes space only for what is written to it. */
  ensureEmpty(path: string, sizeGib: number, options: CallOptions): Promise<void>;
}
