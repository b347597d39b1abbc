/** Blobs as plain files in one directory, readable for the users that guests run as. */
import { access, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Fault } from '#platform/fault.ts';
import { checkBlobKey, UNFINISHED } from '../blob-key.ts';
import type { BlobRange, Blobs, BlobWriter } from '../blobs.ts';

const READ_CHUNK = 256 * 1024;
/** Guests run as another user, and read the image that their disk is an overlay on. */
const READABLE_BY_ALL = 0o644;

/** A store in one directory, which lies in the cloud's state directory and holds nothing else. */
export class FileBlobs implements Blobs {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async create(key: string): Promise<BlobWriter> {
    checkBlobKey(key);
    await this.#ensureDir();
    const path = join(this.#dir, key);
    const unfinished = path + UNFINISHED;
    if (await isThere(path)) throw new Error(`the blob '${key}' is there already`);
    // `wx`: two writers of one key would mix their bytes.
    const file = await open(unfinished, 'wx', READABLE_BY_ALL).catch((cause: unknown) => {
      throw storageFault(cause);
    });
    return new FileBlobWriter(file, { unfinished, path, dir: this.#dir });
  }

  async read(key: string, range?: BlobRange): Promise<Readable> {
    checkBlobKey(key);
    const file = await open(join(this.#dir, key), 'r').catch((cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new Fault('not-found', 'BlobMissing', `The blob '${key}' does not exist.`, { cause });
    });
    // The stream closes the file, also when it is destroyed before its end.
    return file.createReadStream({
      highWaterMark: READ_CHUNK,
      ...(range ? { start: range.offset, end: range.offset + range.length - 1 } : {}),
    });
  }

  async remove(key: string): Promise<void> {
    checkBlobKey(key);
    await rm(join(this.#dir, key), { force: true });
  }

  async sweep(keep: ReadonlySet<string>): Promise<readonly string[]> {
    await this.#ensureDir();
    const names = await readdir(this.#dir);
    const doomed = names.filter((name) => !keep.has(name));
    for (const name of doomed) await rm(join(this.#dir, name), { force: true });
    return doomed;
  }

  pathOf(key: string): string {
    checkBlobKey(key);
    return join(basename(this.#dir), key);
  }

  async #ensureDir(): Promise<void> {
    // Guests of another user open files by their names; nobody else need know those.
    await mkdir(this.#dir, { recursive: true, mode: 0o711 });
  }
}

class FileBlobWriter implements BlobWriter {
  readonly #file: FileHandle;
  readonly #paths: { readonly unfinished: string; readonly path: string; readonly dir: string };
  #open = true;

  constructor(file: FileHandle, paths: { unfinished: string; path: string; dir: string }) {
    this.#file = file;
    this.#paths = paths;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, written);
        written += bytesWritten;
      }
    } catch (cause) {
      throw storageFault(cause);
    }
  }

  async keep(): Promise<void> {
    const { unfinished, path, dir } = this.#paths;
    try {
      // The mode that was asked for at opening may have been cut by the umask.
      await this.#file.chmod(READABLE_BY_ALL);
      await this.#file.sync();
    } catch (cause) {
      throw storageFault(cause);
    }
    await this.#file.close();
    await rename(unfinished, path);
    this.#open = false;
    // The new name itself is on disk only when the directory is.
    await using directory = await open(dir, 'r');
    await directory.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
    await rm(this.#paths.unfinished, { force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function storageFault(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (!['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return cause;
  return new Fault(
    'too-large',
    'StorageFull',
    'There is not enough disk space on the image storage media.',
    { cause },
  );
}
