/**
 * Builds the tiny guest: a kernel, a ramdisk that holds all of the system, and a disk that boots the two.
 * Debian's packages are unpacked, never installed; no step needs root.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { constants as fsConstants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants as zlib, zstdCompress } from 'node:zlib';
import { Fault } from '#platform/fault.ts';
import { writeBootDisk, type BootDiskTools } from './boot-disk.ts';
import { writeCpio, type TreeEntry } from './cpio.ts';
import { DebianCache, findInTree, type DebianPackage } from './debian-packages.ts';
import {
  BUILD_PACKAGES,
  GUEST_FILES,
  GUEST_MODULES,
  GUEST_PROGRAMS,
  KERNEL_PACKAGE,
  TINY_COMMAND_LINE,
} from './guest-contents.ts';
import {
  indexLibraries,
  libraryEntries,
  programEntries,
  readPrograms,
  readSources,
  readSupport,
} from './guest-tree.ts';
import { searchLibraries, type OwnedFile } from './shared-libraries.ts';

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

/** Raised when the way of building changes and what goes in does not. */
const BUILDER_VERSION = 1;
const KNOWN_PACKAGES = 'packages.txt';
const FILES = { kernel: 'vmlinuz', ramdisk: 'initramfs', disk: 'tiny.qcow2' } as const;
/** 2020-01-01: some fixed day after which nothing in the guest looks odd. */
const FILE_TIME = 1_577_836_800;
/**
 * Of zstd. Measured in a guest without KVM: level 3 unpacks in 0.40 s, 9 in 0.45 s and 19 in 0.55 s, each step about a
 * megabyte smaller, and 19 takes ten seconds to make. gzip: 0.48 s and larger; lz4: 0.27 s and 2 MB larger; xz: 1.9 s.
 */
const COMPRESSION_LEVEL = 9;
/** Deep enough for libraries of libraries; a chain longer than this is a mistake in a package. */
const MAX_LIBRARY_ROUNDS = 6;

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
  await mkdir(cacheDir, { recursive: true });
  const debian = new DebianCache({ ...options, directory: join(cacheDir, 'packages') });
  const sources = await readSources();
  const known = await debian.find(await knownPackages(cacheDir));
  const cached = known && (await findBuilt(cacheDir, digestOf(known, sources)));
  if (cached) {
    log('the tiny image is up to date');
    return await deliver(cached, known, options);
  }
  const parts = await gather(debian);
  const digest = digestOf(parts.packages, sources);
  await rememberPackages(cacheDir, parts.packages);
  const built = (await findBuilt(cacheDir, digest)) ?? (await build(parts, digest, options));
  return await deliver(built, parts.packages, options);
}

type Parts = {
  readonly packages: readonly DebianPackage[];
  /** Unpacked packages, by name. */
  readonly trees: ReadonlyMap<string, string>;
  readonly kernelPackage: string;
  /** Programs of the guest with all their libraries. */
  readonly programs: readonly TreeEntry[];
};

/** Unpacks every package that the image is made of. Libraries are followed by what the programs really load. */
async function gather(debian: DebianCache): Promise<Parts> {
  const trees = new Map<string, string>();
  const packages = new Map<string, DebianPackage>();
  const add = async (names: readonly string[]): Promise<DebianPackage[]> => {
    const resolved = await debian.resolve(names);
    for (const [name, tree] of await debian.unpack(resolved)) trees.set(name, tree);
    for (const wanted of resolved) packages.set(wanted.name, wanted);
    return resolved;
  };
  const roots = await add(rootPackages());
  const kernelPackage = await findKernelPackage(debian, roots);
  await add([kernelPackage]);
  for (let round = 0; round < MAX_LIBRARY_ROUNDS; round += 1) {
    const programs = await readPrograms(trees);
    const index = await indexLibraries(trees);
    const search = searchLibraries(programs, index.find);
    // Searched apart from the guest's programs, so that its libraries stay out of the guest.
    const forTools = searchLibraries([await readMke2fs(trees)], index.find);
    const missing = [...search.missing, ...forTools.missing];
    if (missing.length === 0) {
      return {
        packages: [...packages.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        trees,
        kernelPackage,
        programs: [...programEntries(programs), ...libraryEntries(search, index)],
      };
    }
    const next = new Set<string>();
    for (const owner of new Set(missing.map(({ neededBy }) => neededBy))) {
      for (const name of await debian.dependencies(packages.get(owner))) {
        if (/^(lib|zlib)/.test(name) && !packages.has(name)) next.add(name);
      }
    }
    if (next.size === 0) throw librariesMissing(missing.map(({ name }) => name));
    await add([...next]);
  }
  throw librariesMissing([]);
}

function rootPackages(): string[] {
  return [
    KERNEL_PACKAGE,
    ...Object.keys(GUEST_PROGRAMS),
    ...Object.keys(GUEST_FILES),
    ...BUILD_PACKAGES,
  ];
}

async function findKernelPackage(
  debian: DebianCache,
  roots: readonly DebianPackage[],
): Promise<string> {
  const meta = roots.find(({ name }) => name === KERNEL_PACKAGE);
  const names = meta ? await debian.dependencies(meta) : [];
  const kernel = names.find((name) => name.startsWith('linux-image-'));
  if (!kernel) throw new Error(`Package '${KERNEL_PACKAGE}' names no kernel.`);
  return kernel;
}

async function readMke2fs(trees: ReadonlyMap<string, string>): Promise<OwnedFile> {
  const data = await readFile(await toolPath(trees, 'e2fsprogs', 'sbin/mke2fs'));
  return { owner: 'e2fsprogs', data };
}

async function build(parts: Parts, digest: string, options: TinyImageOptions): Promise<string> {
  const { cacheDir, log, signal } = options;
  const work = await mkdtemp(join(cacheDir, 'build-'));
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
    return await keep(result, cacheDir, digest);
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

async function toolPath(
  trees: ReadonlyMap<string, string>,
  packageName: string,
  path: string,
): Promise<string> {
  const found = await findInTree(trees.get(packageName) ?? '', path);
  if (found === undefined) throw new Error(`Package '${packageName}' has no file '${path}'.`);
  return found;
}

/** A digest of all that goes in: packages, our own sources, and how they are put together. */
function digestOf(packages: readonly DebianPackage[], sources: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([
      BUILDER_VERSION,
      GUEST_PROGRAMS,
      GUEST_FILES,
      GUEST_MODULES,
      TINY_COMMAND_LINE,
    ]),
  );
  for (const { file, sha256 } of packages) hash.update(`${file} ${sha256}\n`);
  hash.update(writeCpio(sources, FILE_TIME));
  return hash.digest('hex');
}

/** The names that the last build needed; before there was one, those that are known without looking. */
async function knownPackages(cacheDir: string): Promise<readonly string[]> {
  const text = await readFile(join(cacheDir, KNOWN_PACKAGES), 'utf8').catch(() => '');
  const names = text.split('\n').filter(Boolean);
  return names.length > 0 ? names : rootPackages();
}

async function rememberPackages(
  cacheDir: string,
  packages: readonly DebianPackage[],
): Promise<void> {
  const path = join(cacheDir, KNOWN_PACKAGES);
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, packages.map(({ name }) => `${name}\n`).join(''));
  await rename(aside, path);
}

async function findBuilt(cacheDir: string, digest: string): Promise<string | undefined> {
  const folder = imageFolder(cacheDir, digest);
  const there = await stat(folder).catch(() => undefined);
  return there ? folder : undefined;
}

function imageFolder(cacheDir: string, digest: string): string {
  return join(cacheDir, 'images', digest.slice(0, 32));
}

/** Moves a finished build into the cache in one step, so that half of one is never found. */
async function keep(result: string, cacheDir: string, digest: string): Promise<string> {
  const folder = imageFolder(cacheDir, digest);
  await mkdir(dirname(folder), { recursive: true });
  try {
    await rename(result, folder);
  } catch (cause) {
    // Another build of the same inputs was faster, and its bytes are the same.
    if (!(await findBuilt(cacheDir, digest))) throw cause;
  }
  return folder;
}

async function deliver(
  folder: string,
  packages: readonly DebianPackage[],
  options: TinyImageOptions,
): Promise<TinyImage> {
  await mkdir(options.outputDir, { recursive: true });
  const place = async (name: string): Promise<string> => {
    const target = join(options.outputDir, name);
    const aside = `${target}.${process.pid}.new`;
    await copyFile(join(folder, name), aside, fsConstants.COPYFILE_FICLONE);
    await rename(aside, target);
    return target;
  };
  return {
    kernel: await place(FILES.kernel),
    ramdisk: await place(FILES.ramdisk),
    disk: await place(FILES.disk),
    commandLine: TINY_COMMAND_LINE,
    digest: basename(folder),
    packages: packages.map(({ name, version }) => `${name}=${version}`),
  };
}

function librariesMissing(names: readonly string[]): Fault {
  return new Fault(
    'internal',
    'LibrariesMissing',
    `No Debian package was found for libraries of the tiny image: ${names.join(', ') || 'too many rounds'}.`,
  );
}
