/** Blobs: large, unchanging bytes under a key, such as the data of images. What a store of them promises. */
import type { Readable } from 'node:stream';

/** A part of a blob, in bytes. */
export type BlobRange = { readonly offset: number; readonly length: number };

/**
 * A store of blobs. A blob is there whole or not at all: it appears under its key when its writer
 * keeps it, in one instant, and is on disk by then.
 */
export interface Blobs {
  /** Begins a blob. Refuses a key that is taken; a blob that was begun and never kept does not count. */
  create(key: string): Promise<BlobWriter>;
  /** The bytes, or a part of them. Throws `BlobMissing`. A blob that is removed meanwhile is still read to its end. */
  read(key: string, range?: BlobRange): Promise<Readable>;
  /** Removes the blob; does nothing when there is none. */
  remove(key: string): Promise<void>;
  /**
   * Removes every blob, finished or not, that is not in `keep`, and returns their keys.
   * For the start of the program: no writer may be open.
   */
  sweep(keep: ReadonlySet<string>): Promise<readonly string[]>;
  /** Where a host finds a kept blob, relative to the cloud's state directory. */
  pathOf(key: string): string;
}

/** A blob that is being written. Whatever ends without `keep` leaves nothing. */
export interface BlobWriter extends AsyncDisposable {
  /** Resolves when the next bytes may come. Throws `StorageFull`. The bytes may be used again afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the blob appear under its key. */
  keep(): Promise<void>;
}
