/**
 * Builds the tiny guest: a kernel, a ramdisk that holds all of the system, and a disk that boots the two.
 * Debian's packages are unpacked, never installed; no step needs root.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants as zlib, zstdCompress } from 'node:zlib';
import { Fault } from '#platform/fault.ts';
import { writeBootDisk, type BootDiskTools } from './boot-disk.ts';
import { writeCpio, type TreeEntry } from './cpio.ts';
import { DebianCache, unpackedName, type DebianPackage } from './debian-packages.ts';
import { TINY_COMMAND_LINE } from './guest-contents.ts';
import { gatherParts, librariesMissing, toolPath, type Parts } from './guest-parts.ts';
import { indexLibraries, readSources, readSupport } from './guest-tree.ts';
import { ImageCache } from './image-cache.ts';

export type TinyImageOptions = {
  /** Where `vmlinuz`, `initramfs` and `tiny.qcow2` are put; made when missing. */
  readonly outputDir: string;
  /** Downloads and finished images, kept between builds; may be shared by builds that run at the same time. */
  readonly cacheDir: string;
  readonly arch: 'amd64';
  readonly signal: AbortSignal;
  /** Told what is being done, one short line a step. */
  readonly log: (message: string) => void;
};

export type TinyImage = {
  readonly kernel: string;
  readonly ramdisk: string;
  /** A qcow2 disk with a boot loader for a PC's BIOS. */
  readonly disk: string;
  /** What to append when booting from kernel and ramdisk. */
  readonly commandLine: string;
  /** Tells one build's inputs from another's; the same inputs give the same bytes. */
  readonly digest: string;
  /** What the image was made of, as `name=version`. */
  readonly packages: readonly string[];
};

/** A command that building needs of the host, and the Debian package that brings it. */
export const TINY_IMAGE_HOST_TOOLS: readonly {
  readonly command: string;
  readonly package: string;
}[] = [
  { command: 'apt-get', package: 'apt' },
  { command: 'dpkg-deb', package: 'dpkg' },
  { command: 'qemu-img', package: 'qemu-utils' },
];

const FILES = { kernel: 'vmlinuz', ramdisk: 'initramfs', disk: 'tiny.qcow2' } as const;
/** 2020-01-01: some fixed day after which nothing in the guest looks odd. */
const FILE_TIME = 1_577_836_800;
/**
 * Of zstd. Measured in a guest without KVM: level 3 unpacks in 0.40 s, 9 in 0.45 s and 19 in 0.55 s, each step about a
 * megabyte smaller, and 19 takes ten seconds to make. gzip: 0.48 s and larger; lz4: 0.27 s and 2 MB larger; xz: 1.9 s.
 */
const COMPRESSION_LEVEL = 9;

const compress = promisify(zstdCompress);

/** Builds the image, or finds it in the cache when nothing that goes into it has changed. */
export async function buildTinyImage(options: TinyImageOptions): Promise<TinyImage> {
  const { cacheDir, log } = options;
  if (process.arch !== 'x64') {
    throw new Fault(
      'invalid',
      'WrongArchitecture',
      `The tiny image can be built on amd64 only; this host is ${process.arch}.`,
    );
  }
  const cache = new ImageCache(cacheDir);
  const debian = new DebianCache({ ...options, directory: cache.packages });
  const sources = [...(await readSources()), ...(await readBuilder())];
  const names = await cache.knownPackages();
  const known = names.length > 0 ? await debian.find(names) : undefined;
  const cached = known && (await cache.find(digestOf(known, sources)));
  if (cached) {
    log('the tiny image is up to date');
    return await deliver(cache, cached, known, options);
  }
  const parts = await gatherParts(debian);
  const digest = digestOf(parts.packages, sources);
  await cache.rememberPackages(parts.packages.map(({ name }) => name));
  const built = (await cache.find(digest)) ?? (await build(cache, parts, digest, options));
  await cache.prune(digest, new Set(parts.packages.map((wanted) => unpackedName(wanted))));
  return await deliver(cache, built, parts.packages, options);
}

async function build(
  cache: ImageCache,
  parts: Parts,
  digest: string,
  options: TinyImageOptions,
): Promise<string> {
  const { log, signal } = options;
  const work = await cache.newWorkFolder();
  try {
    const result = join(work, 'result');
    await mkdir(result);
    const kernelTree = parts.trees.get(parts.kernelPackage) ?? '';
    const release = parts.kernelPackage.replace(/^linux-image-/, '');
    const kernel = join(result, FILES.kernel);
    await copyFile(join(kernelTree, 'boot', `vmlinuz-${release}`), kernel);

    log('composing the ramdisk');
    const support = await readSupport(parts.trees, parts.kernelPackage, signal);
    const archive = writeCpio([...parts.programs, ...support], FILE_TIME);
    const ramdisk = join(result, FILES.ramdisk);
    const level = { params: { [zlib.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL } };
    await writeFile(ramdisk, await compress(archive, level));

    log('making the disk');
    await writeBootDisk(
      join(result, FILES.disk),
      {
        kernel,
        ramdisk,
        commandLine: TINY_COMMAND_LINE,
        identity: Buffer.from(digest, 'hex').subarray(0, 16),
        tools: await findTools(parts.trees),
        bootCode: await toolPath(parts.trees, 'syslinux', 'lib/SYSLINUX/mbr.bin'),
      },
      { work, signal },
    );
    return await cache.keep(result, digest);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function findTools(trees: ReadonlyMap<string, string>): Promise<BootDiskTools> {
  const mformat = await toolPath(trees, 'mtools', 'bin/mformat');
  const libraries = await indexLibraries(trees);
  const loader = libraries.pathOf('ld-linux-x86-64.so.2');
  if (loader === undefined) throw librariesMissing(['ld-linux-x86-64.so.2']);
  return {
    mtools: dirname(mformat),
    syslinux: await toolPath(trees, 'syslinux', 'bin/syslinux'),
    mke2fs: [
      loader,
      '--library-path',
      libraries.folders.join(':'),
      await toolPath(trees, 'e2fsprogs', 'sbin/mke2fs'),
    ],
  };
}

/** A digest of all that goes in: packages, the guest's scripts, and the code that puts them together. */
function digestOf(packages: readonly DebianPackage[], sources: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { file, sha256 } of packages) hash.update(`${file} ${sha256}\n`);
  return hash.update(writeCpio(sources, 0)).digest('hex');
}

/** The files of this folder that decide what comes out. */
async function readBuilder(): Promise<TreeEntry[]> {
  const names = (await readdir(import.meta.dirname)).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  );
  return await Promise.all(
    names.map(async (name): Promise<TreeEntry> => {
      const data = await readFile(join(import.meta.dirname, name));
      return { path: `builder/${name}`, mode: 0o644, kind: 'file', data };
    }),
  );
}

async function deliver(
  cache: ImageCache,
  folder: string,
  packages: readonly DebianPackage[],
  options: TinyImageOptions,
): Promise<TinyImage> {
  const { outputDir } = options;
  await mkdir(outputDir, { recursive: true });
  return {
    kernel: await cache.deliver(folder, FILES.kernel, outputDir),
    ramdisk: await cache.deliver(folder, FILES.ramdisk, outputDir),
    disk: await cache.deliver(folder, FILES.disk, outputDir),
    commandLine: TINY_COMMAND_LINE,
    digest: basename(folder),
    packages: packages.map(({ name, version }) => `${name}=${version}`),
  };
}
