/** What the tests need of this machine, as an archive that the kernel unpacks over the tiny guest's. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';
import { writeCpio, type TreeEntry } from '#drivers/guest-image/cpio.ts';
import { run } from '#drivers/run.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** Programs of this machine that checks of the data plane run; the tiny guest has a shell and all else. */
const PROGRAMS = [
  ...['bridge', 'flock', 'ip', 'mknod', 'mount', 'nft', 'nsenter', 'qemu-system-x86_64'],
  ...['setpriv', 'sleep', 'unshare'],
];

/** QEMU starts no guest there, it only holds taps; yet it wants its default engine, which may be a module. */
const QEMU_ENGINE = '/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so';

const LIBRARY_FOLDER = 'lib/x86_64-linux-gnu';

/**
 * Writes the ramdisk: the tiny guest's, with its kernel modules and its shell, and over it this machine's Node and
 * network tools with their libraries, this checkout as `/checkout`, and `init`.
 */
export async function writeRamdisk(path: string, tiny: string, signal: AbortSignal): Promise<void> {
  const programs = [process.execPath, ...(await findPrograms(signal))];
  const engines = [QEMU_ENGINE].filter((file) => existsSync(file));
  const libraries = await findLibraries([...programs, ...engines], signal);
  const entries = [
    executable('init', join(import.meta.dirname, 'init')),
    ...programs.map((from) => executable(`bin/${basename(from)}`, from)),
    ...libraries.map((from) => executable(`${LIBRARY_FOLDER}/${basename(from)}`, from)),
    ...engines.map((from) => executable(`${LIBRARY_FOLDER}/qemu/${basename(from)}`, from)),
    withoutTypes('lib/stripped.mjs', join(import.meta.dirname, 'stripped.ts')),
    ...checkout(),
  ];
  const first = await readFile(tiny);
  // The kernel looks for the next archive at a multiple of four bytes.
  const gap = Buffer.alloc((4 - (first.length % 4)) % 4);
  await writeFile(path, [first, gap, writeCpio(entries, 0)]);
}

async function findPrograms(signal: AbortSignal): Promise<readonly string[]> {
  const each = 'for name; do command -v "$name" || exit; done';
  return linesOf(await run('sh', ['-c', each, 'sh', ...PROGRAMS], { signal }));
}

/** Every library that the programs load, the dynamic loader among them. */
async function findLibraries(
  programs: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const said = await run('ldd', programs, { signal });
  const paths = [...said.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
  return [...new Map(paths.map((path) => [basename(path), path])).values()];
}

/** Sources, tests, and the packages that they run with. */
function checkout(): readonly TreeEntry[] {
  const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const packages = Object.entries(lock.packages)
    // Of the package `node` there is nothing but the program.
    .filter(([path, { dev }]) => path !== '' && path !== 'node_modules/node' && dev !== true)
    .map(([path]) => path);
  const ours = globSync('{src,test}/**/*.ts', { cwd: REPOSITORY });
  const others = globSync(
    ['package.json', ...packages.map((path) => `${path}/**/*.{js,cjs,mjs,json}`)],
    { cwd: REPOSITORY },
  );
  return [
    ...ours.map((path) => withoutTypes(`checkout/${path}`, join(REPOSITORY, path))),
    ...[...new Set(others)]
      .filter((path) => statSync(join(REPOSITORY, path)).isFile())
      .map((path) => fileEntry(`checkout/${path}`, join(REPOSITORY, path), 0o644)),
  ];
}

/** Node takes eight seconds there to do this for the sources of the data plane; see `stripped.ts`. */
function withoutTypes(path: string, from: string): TreeEntry {
  const data = Buffer.from(stripTypeScriptTypes(readFileSync(from, 'utf8')));
  return { path, mode: 0o644, kind: 'file', data };
}

function executable(path: string, from: string): TreeEntry {
  return fileEntry(path, from, 0o755);
}

function fileEntry(path: string, from: string, mode: number): TreeEntry {
  return { path, mode, kind: 'file', data: readFileSync(from) };
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter(Boolean);
}
