/** Builds a Debian guest with cloud-init, as clouds offer it: one disk, which boots by itself. Needs root, for debootstrap. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HostTool } from '#base/host/finding.ts';
import { Fault } from '#platform/fault.ts';
import { run, start } from '../../run.ts';
import { listFiles } from '../debian-packages.ts';
import { ImageCache } from '../image-cache.ts';
import { DEBIAN_PACKAGES, DEBIAN_RELEASE } from './contents.ts';
import { ROOT_MIB, writeRootDisk } from './root-disk.ts';

export type DebianImageOptions = {
  /** Where `debian.qcow2` is put; made when missing. */
  readonly outputDir: string;
  /** Downloads and finished images, kept between builds; may be shared by builds that run at the same time. */
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  /** Told what is being done, one short line a step. */
  readonly log: (message: string) => void;
};

export type DebianImage = {
  readonly disk: string;
  /** Tells one build's inputs from another's. */
  readonly digest: string;
};

/** Commands that building needs of the host, and the Debian packages that bring them. */
export const DEBIAN_IMAGE_HOST_TOOLS: readonly HostTool[] = [
  { command: 'debootstrap', package: 'debootstrap' },
  { command: 'unshare', package: 'util-linux' },
  { command: 'mke2fs', package: 'e2fsprogs' },
  { command: 'qemu-img', package: 'qemu-utils' },
];

const DISK = 'debian.qcow2';
const BUILD_ROOT = join(import.meta.dirname, 'build-root');
const TREE = join(import.meta.dirname, 'tree');

/** Builds the image, or finds it in the cache when nothing here has changed since. A found one may lack Debian's latest updates. */
export async function buildDebianImage(options: DebianImageOptions): Promise<DebianImage> {
  const cache = new ImageCache(join(options.cacheDir, 'debian-builds'));
  const digest = await digestOfSources();
  const found = await cache.find(digest);
  if (found !== undefined) options.log('the Debian image is up to date');
  const folder = found ?? (await build(cache, digest, options));
  await mkdir(options.outputDir, { recursive: true });
  return { disk: await cache.deliver(folder, DISK, options.outputDir), digest: basename(folder) };
}

async function build(
  cache: ImageCache,
  digest: string,
  { log, signal }: DebianImageOptions,
): Promise<string> {
  if (process.geteuid?.() !== 0 || process.arch !== 'x64') {
    throw new Fault(
      'forbidden',
      'DebianImageNotBuilt',
      'The Debian image can be built by root on amd64 only, since debootstrap installs packages as a whole system does. ' +
        "Build it once with 'sudo stackyard image build debian --output DIR' and upload DIR/debian.qcow2.",
    );
  }
  await mkdir(cache.packages, { recursive: true });
  const work = await cache.newWorkFolder();
  try {
    await cp(TREE, join(work, 'tree'), { recursive: true });
    await buildRoot(work, cache.packages, { log, signal });
    log('making the disk');
    const result = join(work, 'result');
    await mkdir(result);
    await writeRootDisk(join(result, DISK), { work, signal });
    const folder = await cache.keep(result, digest);
    await cache.prune(digest, new Set());
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** In a PID and mount namespace of its own: nothing that it started or mounted outlives it, however it ends. */
async function buildRoot(
  work: string,
  packageCache: string,
  { log, signal }: Pick<DebianImageOptions, 'log' | 'signal'>,
): Promise<void> {
  const alone = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const mirror = await findMirror(signal);
  const words = [work, packageCache, `${ROOT_MIB}`, DEBIAN_PACKAGES.join(','), DEBIAN_RELEASE];
  const child = start(
    'unshare',
    [...alone, '--mount-proc', BUILD_ROOT, ...words, ...(mirror === undefined ? [] : [mirror])],
    { stdio: ['ignore', 'pipe', 'pipe'], signal },
  );
  const ended = once(child, 'close') as Promise<[number | null]>;
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (child.stdout) createInterface({ input: child.stdout }).on('line', log);
  const [code] = await ended;
  if (code === 0) return;
  const written = await readFile(join(work, 'log'), 'utf8').catch(() => '');
  const last = (said + written).trim().split('\n').slice(-5).join('\n');
  throw new Fault(
    'unavailable',
    'DebianImageNotBuilt',
    `The Debian image could not be built; check the network and the sources of apt. The last that was said:\n${last}`,
    { detail: { log: written.slice(-4000) } },
  );
}

/** Where this machine's own apt gets Debian from; undefined for debootstrap's own choice. */
async function findMirror(signal: AbortSignal): Promise<string | undefined> {
  const format = '$(ORIGIN) $(COMPONENT) $(CODENAME) $(SITE)';
  const args = ['indextargets', '--format', format, 'Created-By: Packages'];
  const lines = (await run('apt-get', args, { signal })).split('\n');
  const own = lines.find((line) => line.startsWith(`Debian main ${DEBIAN_RELEASE} `));
  return own?.split(' ')[3];
}

/** A digest of all that decides what comes out, but for the versions of packages. */
async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const path of await listFiles(import.meta.dirname)) {
    if (path.endsWith('.test.ts')) continue;
    hash.update(`${path}\n`).update(await readFile(join(import.meta.dirname, path)));
  }
  return hash.digest('hex');
}
