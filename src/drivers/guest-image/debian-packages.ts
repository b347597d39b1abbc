/** Fetches Debian packages through apt and unpacks them into a cache. Nothing is installed, and root is not needed. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Fault } from '#platform/fault.ts';
import { run } from '../run.ts';

/** One package in the version that apt would install. */
export type DebianPackage = {
  readonly name: string;
  readonly version: string;
  /** Name of the `.deb` as apt writes it. */
  readonly file: string;
  readonly sha256: string;
};

export type DebianCacheOptions = {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
};

/** A folder of downloaded and unpacked packages. Several builds may use one folder at the same time. */
export class DebianCache {
  readonly #options: DebianCacheOptions;
  /** Whether package lists of our own are used, since the host's have turned out not to do. */
  #privateLists = false;
  #listsUpdated = false;

  constructor(options: DebianCacheOptions) {
    this.#options = options;
  }

  /** What apt would fetch for these names, in order of name; undefined when it does not know one of them. No download. */
  async find(names: readonly string[]): Promise<DebianPackage[] | undefined> {
    for (const privateLists of [false, true]) {
      this.#privateLists = privateLists;
      try {
        return await this.#printUris(names);
      } catch (cause) {
        if (!(cause instanceof Fault) || this.#options.signal.aborted) throw cause;
      }
    }
    this.#privateLists = false;
    return undefined;
  }

  /** As `find`, but looks harder and refuses when a name is unknown. */
  async resolve(names: readonly string[]): Promise<DebianPackage[]> {
    return await this.#withLists(async () => await this.#printUris(names));
  }

  /** Downloads what is not here yet and returns the folder into which each package is unpacked, by name. */
  async unpack(packages: readonly DebianPackage[]): Promise<Map<string, string>> {
    const missing: DebianPackage[] = [];
    for (const wanted of packages) {
      if (!(await exists(this.#unpackedPath(wanted)))) missing.push(wanted);
    }
    if (missing.length > 0) {
      this.#options.log(`fetching ${missing.map(({ name }) => name).join(', ')}`);
      await this.#withLists(async () => await this.#downloadAndUnpack(missing));
    }
    return new Map(packages.map((wanted) => [wanted.name, this.#unpackedPath(wanted)]));
  }

  /** The packages that this one says it depends on, the first choice of each; it must be unpacked. */
  async dependencies(wanted: DebianPackage | undefined): Promise<string[]> {
    if (!wanted) return [];
    return parseDepends(await readFile(`${this.#unpackedPath(wanted)}.depends`, 'utf8'));
  }

  async #printUris(names: readonly string[]): Promise<DebianPackage[]> {
    return parsePrintedUris(await this.#apt(['--print-uris', 'download', ...names]));
  }

  async #downloadAndUnpack(packages: readonly DebianPackage[]): Promise<void> {
    const work = await mkdtemp(join(this.#options.directory, 'download-'));
    try {
      await this.#apt(
        ['download', ...packages.map(({ name, version }) => `${name}=${version}`)],
        work,
      );
      for (const wanted of packages) await this.#unpackOne(wanted, work);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async #unpackOne(wanted: DebianPackage, work: string): Promise<void> {
    const { signal } = this.#options;
    const deb = join(work, wanted.file);
    const sha256 = createHash('sha256')
      .update(await readFile(deb))
      .digest('hex');
    if (sha256 !== wanted.sha256) {
      throw new Fault(
        'unavailable',
        'PackageChanged',
        `Package '${wanted.file}' is not the one that apt announced; build again.`,
        {
          detail: { expected: wanted.sha256, found: sha256 },
        },
      );
    }
    const tree = join(work, 'tree', wanted.name);
    await mkdir(tree, { recursive: true });
    await run('dpkg-deb', ['--extract', deb, tree], { signal });
    const depends = await run('dpkg-deb', ['--field', deb, 'Depends', 'Pre-Depends'], { signal });
    const target = this.#unpackedPath(wanted);
    await writeAside(`${target}.depends`, depends);
    await renameUnlessThere(tree, target);
  }

  /** Runs `action` with the host's package lists; where they are missing or out of date, once more with lists of our own. */
  async #withLists<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      if (this.#listsUpdated || this.#options.signal.aborted) throw packagesNotFound(cause);
      this.#privateLists = true;
      this.#listsUpdated = true;
      this.#options.log("the host's package lists do not do; fetching them for this build alone");
      // One source of several that cannot be reached fails the update and may not matter here.
      const updated = await this.#apt(['update', '--quiet']).catch((why: unknown) => why);
      try {
        return await action();
      } catch (again) {
        throw packagesNotFound(updated instanceof Error ? updated : again);
      }
    }
  }

  /** Never in the caller's folder: apt leaves out packages whose file happens to lie there. */
  async #apt(args: readonly string[], cwd = this.#options.directory): Promise<string> {
    await mkdir(this.#options.directory, { recursive: true });
    const settings = ['-o', 'APT::Sandbox::User=root'];
    if (this.#privateLists) {
      const state = join(this.#options.directory, 'apt');
      await mkdir(join(state, 'lists', 'partial'), { recursive: true });
      await mkdir(join(state, 'cache', 'archives', 'partial'), { recursive: true });
      settings.push(
        '-o',
        `Dir::State::Lists=${join(state, 'lists')}`,
        '-o',
        `Dir::Cache=${join(state, 'cache')}`,
      );
    }
    return await run('apt-get', [...settings, ...args], {
      signal: this.#options.signal,
      env: { LC_ALL: 'C' },
      cwd,
    });
  }

  #unpackedPath(wanted: DebianPackage): string {
    return join(this.#options.directory, unpackedName(wanted));
  }
}

/** The name of the folder that holds this very package. */
export function unpackedName({ file, sha256 }: DebianPackage): string {
  return `${basename(file, '.deb')}-${sha256.slice(0, 12)}`;
}

/** Reads what `apt-get --print-uris download` prints: `'URI' FILE SIZE SHA256:HASH`. */
export function parsePrintedUris(printed: string): DebianPackage[] {
  const found: DebianPackage[] = [];
  for (const line of printed.split('\n')) {
    const match = /^'[^']+' (\S+\.deb) \d+ SHA256:([0-9a-f]{64})/.exec(line);
    const [, file, sha256] = match ?? [];
    if (!file || !sha256) continue;
    const [name = '', version = ''] = file.split('_');
    found.push({ name, version: decodeURIComponent(version), file, sha256 });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names in fields such as `Depends: a (>= 1), b | c`; of alternatives the first. */
export function parseDepends(fields: string): string[] {
  return fields
    .split('\n')
    .flatMap((field) => field.replace(/^[A-Za-z-]+:/, '').split(','))
    .map((choice) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(choice)?.[1])
    .filter((name) => name !== undefined);
}

/** The path of a file in an unpacked package, whether or not the package has merged `/bin` into `/usr/bin`. */
export async function findInTree(tree: string, path: string): Promise<string | undefined> {
  for (const candidate of [join(tree, path), join(tree, 'usr', path)]) {
    if (await exists(candidate)) return candidate;
  }
  return undefined;
}

/** Every regular file below a folder, by its path relative to the folder. */
export async function listFiles(tree: string): Promise<string[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .toSorted();
}

function packagesNotFound(cause: unknown): Fault {
  if (cause instanceof Fault && cause.code !== 'CommandFailed') return cause;
  const stderr = cause instanceof Fault ? cause.detail['stderr'] : undefined;
  const [said = ''] = typeof stderr === 'string' ? stderr.split('\n') : [];
  return new Fault(
    'unavailable',
    'PackagesNotFound',
    `The Debian packages of the tiny image could not be fetched with apt-get; check the network and the sources of apt. ${said}`.trim(),
    { cause },
  );
}

async function writeAside(path: string, text: string): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  await writeFile(aside, text);
  await rename(aside, path);
}

/** Moves a finished folder into its place; another build may have been there first, which is as good. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    if (!(await exists(to))) throw cause;
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
