/** Finds and unpacks every package that the tiny guest is made of, and those whose tools build it. */
import { readFile } from 'node:fs/promises';
import { Fault } from '#platform/fault.ts';
import type { TreeEntry } from './cpio.ts';
import { findInTree, type DebianCache, type DebianPackage } from './debian-packages.ts';
import {
  BUILD_PACKAGES,
  GUEST_FILES,
  GUEST_PROGRAMS,
  INIT_SHELL,
  KERNEL_PACKAGE,
} from './guest-contents.ts';
import { indexLibraries, libraryEntries, programEntries, readPrograms } from './guest-tree.ts';
import { searchLibraries, type OwnedFile } from './shared-libraries.ts';

/** Deep enough for libraries of libraries; a chain longer than this is a mistake in a package. */
const MAX_LIBRARY_ROUNDS = 6;

export type Parts = {
  readonly packages: readonly DebianPackage[];
  /** Unpacked packages, by name. */
  readonly trees: ReadonlyMap<string, string>;
  readonly kernelPackage: string;
  /** Programs of the guest with all their libraries. */
  readonly programs: readonly TreeEntry[];
};

/** Unpacks every package that the image is made of. Libraries are followed by what the programs really load. */
export async function gatherParts(debian: DebianCache): Promise<Parts> {
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

export function rootPackages(): string[] {
  return [
    KERNEL_PACKAGE,
    INIT_SHELL.package,
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

/** Where a program of a package that runs on the building host lies. */
export async function toolPath(
  trees: ReadonlyMap<string, string>,
  packageName: string,
  path: string,
): Promise<string> {
  const found = await findInTree(trees.get(packageName) ?? '', path);
  if (found === undefined) throw new Error(`Package '${packageName}' has no file '${path}'.`);
  return found;
}

export function librariesMissing(names: readonly string[]): Fault {
  return new Fault(
    'internal',
    'LibrariesMissing',
    `No Debian package was found for libraries of the tiny image: ${names.join(', ') || 'too many rounds'}.`,
  );
}
