/** Composes the guest's root file system out of unpacked Debian packages and the files in `tiny/`. */
import { readdir, readFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../run.ts';
import type { TreeEntry } from './cpio.ts';
import { findInTree, listFiles } from './debian-packages.ts';
import { GUEST_FILES, GUEST_MODULES, GUEST_PROGRAMS, INIT_SHELL } from './guest-contents.ts';
import {
  loadOrder,
  moduleName,
  readModule,
  writeModulesAlias,
  writeModulesDep,
} from './kernel-modules.ts';
import type { LibrarySearch, OwnedFile } from './shared-libraries.ts';

const LIBRARY_FOLDER = 'lib/x86_64-linux-gnu';

/** The folder of the guest's own scripts and settings, laid out as in the guest. */
export const TINY_SOURCES = join(import.meta.dirname, 'tiny');

/** A program of the guest, and the package that brings it. */
export type Program = OwnedFile & { readonly path: string };

export async function readPrograms(trees: ReadonlyMap<string, string>): Promise<Program[]> {
  const programs: Program[] = [];
  for (const [owner, paths] of Object.entries(GUEST_PROGRAMS)) {
    for (const path of paths) {
      const data = await readPackaged(trees, owner, path);
      programs.push({ path: `bin/${basename(path)}`, owner, data });
    }
  }
  const shell = await readPackaged(trees, INIT_SHELL.package, INIT_SHELL.source);
  programs.push({ path: INIT_SHELL.path, owner: INIT_SHELL.package, data: shell });
  return programs;
}

export function programEntries(programs: readonly Program[]): TreeEntry[] {
  return programs.map(({ path, data }) => ({ path, mode: 0o755, kind: 'file', data }));
}

/** The libraries and loaders found, where the guest's loader looks for them. */
export function libraryEntries(search: LibrarySearch, libraries: LibraryIndex): TreeEntry[] {
  const names = new Map([...search.found].map(([name, { data }]) => [name, data]));
  for (const loader of search.loaders) {
    // A loader is started by the kernel, not found by name, so it may be in nobody's list of libraries.
    const name = basename(loader);
    const file = libraries.find(name);
    if (!file) throw new Error(`No unpacked package has the loader '${loader}'.`);
    names.set(name, file.data);
  }
  return [...names].map(([name, data]) => ({
    path: `${LIBRARY_FOLDER}/${name}`,
    mode: 0o755,
    kind: 'file',
    data,
  }));
}

/** Everything else that is not a program's library: data files, symlinks, modules, our own scripts. */
export async function readSupport(
  trees: ReadonlyMap<string, string>,
  kernelPackage: string,
  signal: AbortSignal,
): Promise<TreeEntry[]> {
  return [
    ...folderEntries(),
    ...(await readDataFiles(trees)),
    ...(await appletLinks(trees, signal)),
    ...(await readModules(treeOf(trees, kernelPackage))),
    ...(await readSources()),
  ];
}

/** The shared libraries of all unpacked packages. */
export type LibraryIndex = {
  readonly find: (name: string) => OwnedFile | undefined;
  /** Every folder that holds some, for a loader's search path. */
  readonly folders: readonly string[];
  readonly pathOf: (name: string) => string | undefined;
};

export async function indexLibraries(trees: ReadonlyMap<string, string>): Promise<LibraryIndex> {
  const places = new Map<string, { owner: string; path: string }>();
  const folders: string[] = [];
  for (const [owner, tree] of trees) {
    for (const folder of [join(tree, LIBRARY_FOLDER), join(tree, 'usr', LIBRARY_FOLDER)]) {
      const names = existsSync(folder) ? await readdir(folder) : [];
      if (names.length > 0) folders.push(folder);
      for (const name of names) places.set(name, { owner, path: join(folder, name) });
    }
  }
  return {
    folders,
    pathOf: (name) => places.get(name)?.path,
    find: (name) => {
      const place = places.get(name);
      return place && { owner: place.owner, data: readFileSync(place.path) };
    },
  };
}

function folderEntries(): TreeEntry[] {
  const folders = ['dev', 'proc', 'sys', 'run', 'mnt', 'state', 'root', 'var', 'etc/dropbear'];
  const entries: TreeEntry[] = folders.map((path) => ({
    path,
    mode: path === 'root' ? 0o700 : 0o755,
    kind: 'directory',
  }));
  // Wherever a program is looked for, it is found: programs and paths of Debian, busybox and dropbear all work.
  const links: Record<string, string> = {
    sbin: 'bin',
    'usr/bin': '/bin',
    'usr/sbin': '/bin',
    lib64: 'lib/x86_64-linux-gnu',
    'var/run': '/run',
    'var/log': '/run/log',
    'usr/lib/sftp-server': '/bin/sftp-server', // where dropbear looks for it
    'etc/resolv.conf': '/run/resolv.conf',
    'etc/mtab': '/proc/self/mounts',
  };
  for (const [path, target] of Object.entries(links)) {
    entries.push({ path, mode: 0o777, kind: 'symlink', target });
  }
  entries.push({ path: 'tmp', mode: 0o1777, kind: 'directory' });
  // The kernel opens the console for the first program before anything is mounted.
  entries.push({ path: 'dev/console', mode: 0o600, kind: 'character-device', major: 5, minor: 1 });
  entries.push({ path: 'dev/null', mode: 0o666, kind: 'character-device', major: 1, minor: 3 });
  return entries;
}

async function readDataFiles(trees: ReadonlyMap<string, string>): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const [packageName, paths] of Object.entries(GUEST_FILES)) {
    for (const path of paths) {
      const data = await readPackaged(trees, packageName, path);
      entries.push({ path, mode: 0o644, kind: 'file', data });
    }
  }
  return entries;
}

/** A symlink for each of busybox's own commands, save those of which the guest has a fuller one. */
async function appletLinks(
  trees: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<TreeEntry[]> {
  const busybox = join(treeOf(trees, 'busybox'), 'bin/busybox');
  const applets = (await run(busybox, ['--list'], { signal })).split('\n').filter(Boolean);
  const fuller = new Set([
    ...Object.values(GUEST_PROGRAMS)
      .flat()
      .map((path) => basename(path)),
    ...(await readSources()).map(({ path }) => basename(path)),
    // Not the system's own, and misleading where there are no packages.
    'dpkg',
    'dpkg-deb',
    'rpm',
    'rpm2cpio',
    'sh',
    'linuxrc',
  ]);
  const links: TreeEntry[] = applets
    .filter((applet) => !fuller.has(applet))
    .map((applet) => ({ path: `bin/${applet}`, mode: 0o777, kind: 'symlink', target: 'busybox' }));
  links.push({ path: 'bin/sh', mode: 0o777, kind: 'symlink', target: 'dash' });
  links.push({ path: 'bin/ssh', mode: 0o777, kind: 'symlink', target: 'dbclient' });
  return links;
}

async function readModules(kernelTree: string): Promise<TreeEntry[]> {
  const root = join(kernelTree, 'lib/modules');
  const [release = ''] = await readdir(root);
  const files = (await listFiles(join(root, release))).filter((path) => path.endsWith('.ko'));
  const pathByName = new Map(files.map((path) => [moduleName(basename(path)), path]));
  const contents = new Map<string, Buffer>();
  const modules = loadOrder(GUEST_MODULES, (name) => {
    const path = pathByName.get(name);
    if (path === undefined) return undefined;
    const data = contents.get(name) ?? readFileSync(join(root, release, path));
    contents.set(name, data);
    return readModule(name, data);
  });
  const folder = `lib/modules/${release}`;
  const text = (path: string, content: string): TreeEntry => ({
    path: `${folder}/${path}`,
    mode: 0o644,
    kind: 'file',
    data: Buffer.from(content),
  });
  return [
    ...modules.map(({ name }): TreeEntry => {
      const data = contents.get(name) ?? Buffer.alloc(0);
      return { path: `${folder}/${name}.ko`, mode: 0o644, kind: 'file', data };
    }),
    text('modules.dep', writeModulesDep(modules)),
    text('modules.alias', writeModulesAlias(modules)),
  ];
}

/** The scripts and settings of `tiny/`. Which of them run is told by their first line, so no checkout can lose it. */
export async function readSources(): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const path of await listFiles(TINY_SOURCES)) {
    const data = await readFile(join(TINY_SOURCES, path));
    const runs = data.subarray(0, 2).toString('latin1') === '#!';
    entries.push({ path, mode: modeOf(path, runs), kind: 'file', data });
  }
  return entries;
}

function modeOf(path: string, runs: boolean): number {
  if (path === 'etc/shadow') return 0o600;
  return runs ? 0o755 : 0o644;
}

async function readPackaged(
  trees: ReadonlyMap<string, string>,
  packageName: string,
  path: string,
): Promise<Buffer> {
  const found = await findInTree(treeOf(trees, packageName), path);
  if (found === undefined) throw new Error(`Package '${packageName}' has no file '${path}'.`);
  return await readFile(found);
}

function treeOf(trees: ReadonlyMap<string, string>, packageName: string): string {
  const tree = trees.get(packageName);
  if (tree === undefined) throw new Error(`Package '${packageName}' is not unpacked.`);
  return tree;
}
