/** `stackyard image build tiny|debian`: the guest of our own, and one with cloud-init as clouds offer it. */
import { join, resolve } from 'node:path';
import { buildDebianImage } from '#drivers/guest-image/debian/debian-image.ts';
import { buildTinyImage } from '#drivers/guest-image/tiny-image.ts';
import { defaultCacheDir } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { isRoot, textOf } from './common.ts';
import { note, print } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

export async function image(args: VerbArgs): Promise<number> {
  const [verb, name] = args.positionals;
  if (verb !== 'build' || (name !== 'tiny' && name !== 'debian')) {
    throw new Fault('invalid', 'Usage', 'Images to build: stackyard image build tiny|debian');
  }
  const cacheDir = defaultCacheDir(process.env, isRoot());
  const options = {
    outputDir: resolve(textOf(args, 'output') ?? join(cacheDir, name)),
    cacheDir,
    signal: AbortSignal.timeout(1_800_000),
    log: note,
  };
  const built =
    name === 'tiny'
      ? await buildTinyImage({ ...options, arch: 'amd64' })
      : await buildDebianImage(options);
  print(JSON.stringify(built, null, 2));
  return 0;
}
