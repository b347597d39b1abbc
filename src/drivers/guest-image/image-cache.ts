/** Finished images and what they were made of, kept between builds in one folder that several builds may share. */
import { constants as fsConstants } from 'node:fs';
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';

const IMAGES = 'images';
const PACKAGE_NAMES = 'packages.txt';
/** Longer than any build takes, so that nothing is taken away from one that runs. */
const UNUSED_MS = 24 * 3600 * 1000;

export class ImageCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where unpacked packages are kept. */
  get packages(): string {
    return join(this.#directory, 'packages');
  }

  /** The folder of the image with this digest, if it has been built. */
  async find(digest: string): Promise<string | undefined> {
    const folder = this.#folder(digest);
    return (await exists(folder)) ? folder : undefined;
  }

  /** An empty folder to build in, on the same file system as the cache. */
  async newWorkFolder(): Promise<string> {
    await mkdir(join(this.#directory, IMAGES), { recursive: true });
    return await mkdtemp(join(this.#directory, IMAGES, 'build-'));
  }

  /** Moves a finished build into the cache in one step, so that half of one is never found, not even after a power cut. */
  async keep(result: string, digest: string): Promise<string> {
    for (const name of await readdir(result)) {
      await using file = await open(join(result, name), 'r+');
      await file.sync();
    }
    const folder = this.#folder(digest);
    try {
      await rename(result, folder);
    } catch (cause) {
      // Another build of the same inputs was faster, and its bytes are the same.
      if (!(await exists(folder))) throw cause;
    }
    return folder;
  }

  /** Copies one file of an image to its place, whole or not at all. */
  async deliver(folder: string, name: string, outputDir: string): Promise<string> {
    const target = join(outputDir, name);
    const aside = `${target}.${process.pid}.new`;
    await copyFile(join(folder, name), aside, fsConstants.COPYFILE_FICLONE);
    await rename(aside, target);
    return target;
  }

  /** The names of the packages that the last build was made of; none before there was one. */
  async knownPackages(): Promise<readonly string[]> {
    const text = await readFile(join(this.#directory, PACKAGE_NAMES), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  async rememberPackages(names: readonly string[]): Promise<void> {
    const path = join(this.#directory, PACKAGE_NAMES);
    const aside = `${path}.${process.pid}.new`;
    await writeFile(aside, names.map((name) => `${name}\n`).join(''));
    await rename(aside, path);
  }

  /** Removes older images, packages of which there are newer ones, and what builds that were killed have left. */
  async prune(digest: string, packages: ReadonlySet<string>): Promise<void> {
    await removeOld(join(this.#directory, IMAGES), (name) => name === imageName(digest));
    await removeOld(
      this.packages,
      (name) => packages.has(name.replace(/\.depends$/, '')) || name === 'apt',
    );
  }

  #folder(digest: string): string {
    return join(this.#directory, IMAGES, imageName(digest));
  }
}

function imageName(digest: string): string {
  return digest.slice(0, 32);
}

async function removeOld(folder: string, isWanted: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (isWanted(name)) continue;
    // The time it was put here: an unpacked package's own time is the one that Debian gave it.
    const since = await stat(path).catch(() => undefined);
    if (since && since.ctimeMs < Date.now() - UNUSED_MS)
      await rm(path, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
