/**
 * When a write is on disk.
 *
 * A commit writes to SQLite's log but does not wait for the disk: while it waited, nothing else could be answered, and a
 * server takes twenty commits to build. Whoever tells the outside world of a commit waits for `settled` first: one sync
 * then serves every commit so far, and it runs beside the program. The log is read in order after a loss of power, so
 * what is lost is always the end of what nobody was told of. A process that is killed loses nothing.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

export class Durability {
  readonly #path: string | null;
  #file: Promise<FileHandle> | undefined;
  /** Commits so far, those of them that are on disk, and the sync that is under way. */
  #written = 0;
  #synced = 0;
  #syncing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `path` is SQLite's log; null when there is nothing that could be on disk. */
  constructor(path: string | null) {
    this.#path = path;
  }

  /** Told of every commit that may have written. */
  committed(): void {
    this.#written += 1;
  }

  /** Resolves when every commit so far is on disk. Once the disk has failed, it fails for ever: nobody knows what is kept. */
  async settled(): Promise<void> {
    if (this.#path === null || this.#synced === this.#written) return;
    // The sync that is under way may have begun before the last commit. Whoever comes now shares the next one.
    this.#next ??= this.#startNext();
    await this.#next;
  }

  async close(): Promise<void> {
    await this.#syncing?.catch(() => undefined);
    await (await this.#file?.catch(() => undefined))?.close();
  }

  async #startNext(): Promise<void> {
    await this.#syncing;
    this.#next = undefined;
    this.#syncing = this.#sync();
    await this.#syncing;
  }

  async #sync(): Promise<void> {
    const written = this.#written;
    this.#file ??= openLog(this.#path ?? '');
    await (await this.#file).datasync();
    this.#synced = written;
  }
}

/** The log was made anew when the database was opened: its name must be on disk, too. */
async function openLog(path: string): Promise<FileHandle> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return await open(path, 'r');
}
