/** Blobs in memory, with failures on demand. */
import { Readable } from 'node:stream';
import { Fault } from '#platform/fault.ts';
import { checkBlobKey } from '../blob-key.ts';
import type { BlobRange, Blobs, BlobWriter } from '../blobs.ts';

export class FakeBlobs implements Blobs {
  readonly kept = new Map<string, Buffer>();
  /** Keys that a writer has begun and neither kept nor dropped. */
  readonly unfinished = new Set<string>();
  /** The store is full after this many bytes in all. */
  capacity = Number.POSITIVE_INFINITY;
  #used = 0;

  async create(key: string): Promise<BlobWriter> {
    checkBlobKey(key);
    if (this.kept.has(key) || this.unfinished.has(key)) throw new Error(`'${key}' is taken`);
    this.unfinished.add(key);
    const chunks: Buffer[] = [];
    let size = 0;
    return {
      write: async (bytes) => {
        if (this.#used + bytes.length > this.capacity) {
          throw new Fault('too-large', 'StorageFull', 'There is not enough space in memory.');
        }
        this.#used += bytes.length;
        size += bytes.length;
        chunks.push(Buffer.from(bytes));
      },
      keep: async () => {
        this.unfinished.delete(key);
        this.kept.set(key, Buffer.concat(chunks));
      },
      [Symbol.asyncDispose]: async () => {
        if (this.unfinished.delete(key)) this.#used -= size;
      },
    };
  }

  async read(key: string, range?: BlobRange): Promise<Readable> {
    checkBlobKey(key);
    const bytes = this.kept.get(key);
    if (!bytes) throw new Fault('not-found', 'BlobMissing', `The blob '${key}' does not exist.`);
    const part = range ? bytes.subarray(range.offset, range.offset + range.length) : bytes;
    return Readable.from(part.length > 0 ? [part] : []);
  }

  async remove(key: string): Promise<void> {
    checkBlobKey(key);
    this.#used -= this.kept.get(key)?.length ?? 0;
    this.kept.delete(key);
  }

  async sweep(keep: ReadonlySet<string>): Promise<readonly string[]> {
    const doomed = [...this.kept.keys()].filter((key) => !keep.has(key));
    for (const key of doomed) await this.remove(key);
    return doomed;
  }

  pathOf(key: string): string {
    checkBlobKey(key);
    return `images/${key}`;
  }
}
