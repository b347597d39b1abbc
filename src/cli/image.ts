/** `stackyard image build tiny`: the guest of our own. */
import { join, resolve } from 'node:path';
import { buildTinyImage } from '#drivers/guest-image/tiny-image.ts';
import { defaultCacheDir } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { isRoot, textOf } from './common.ts';
import { note, print } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

export async function image(args: VerbArgs): Promise<number> {
  const [verb, name] = args.positionals;
  if (verb !== 'build' || name !== 'tiny') {
    throw new Fault('invalid', 'Usage', 'The one image to build is: stackyard image build tiny');
  }
  const cacheDir = defaultCacheDir(process.env, isRoot());
  const built = await buildTinyImage({
    outputDir: resolve(textOf(args, 'output') ?? join(cacheDir, 'tiny')),
    cacheDir,
    signal: AbortSignal.timeout(1_800_000),
    log: note,
    arch: 'amd64',
  });
  print(JSON.stringify(built, null, 2));
  return 0;
}
