/** The tiny guest for tests, built once and kept in the user's cache. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir } from '#platform/config.ts';
import { buildTinyImage, type TinyImage } from '../../src/drivers/guest-image/tiny-image.ts';

export type TinyImageForTest = AsyncDisposable & { readonly image: TinyImage };

/** A copy that every user of this machine may read, which is gone when the scope ends. */
export async function openTinyImage(signal: AbortSignal): Promise<TinyImageForTest> {
  const outputDir = await mkdtemp(join(tmpdir(), 'stackyard-tiny-'));
  const remove = async () => await rm(outputDir, { recursive: true, force: true });
  try {
    await chmod(outputDir, 0o755);
    const image = await buildTinyImage({
      outputDir,
      cacheDir: defaultCacheDir(process.env, process.getuid?.() === 0),
      arch: 'amd64',
      signal,
      log: () => undefined,
    });
    await Promise.all([image.kernel, image.ramdisk, image.disk].map((path) => chmod(path, 0o644)));
    return { image, [Symbol.asyncDispose]: remove };
  } catch (cause) {
    await remove();
    throw cause;
  }
}
