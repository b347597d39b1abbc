/** Writes cpio archives in the "newc" form that the Linux kernel unpacks at boot, without root and without cpio. */

/** One thing in a root file system. `path` is relative, without a leading slash. */
export type TreeEntry = {
  readonly path: string;
  /** Permission bits only, such as 0o755. */
  readonly mode: number;
} & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'file'; readonly data: Uint8Array }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'character-device'; readonly major: number; readonly minor: number }
);

const FILE_TYPE_BITS = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  'character-device': 0o020000,
} as const;

/**
 * The archive of `entries`, everything owned by root and dated `mtime` (seconds since 1970).
 * The same entries in any order give the same bytes: they are sorted here, and parents that
 * nobody named are added, since the kernel does not make them.
 */
export function writeCpio(entries: readonly TreeEntry[], mtime: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let inode = 1;
  for (const entry of withParents(entries)) {
    parts.push(...record(entry, inode, mtime));
    inode += 1;
  }
  parts.push(
    ...record({ path: 'TRAILER!!!', mode: 0, kind: 'file', data: new Uint8Array() }, 0, 0),
  );
  return Buffer.concat(parts);
}

function withParents(entries: readonly TreeEntry[]): TreeEntry[] {
  const byPath = new Map<string, TreeEntry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new Error(`Two entries of the archive are '${entry.path}'.`);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    const names = path.split('/');
    for (let length = 1; length < names.length; length += 1) {
      const parent = names.slice(0, length).join('/');
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, mode: 0o755, kind: 'directory' });
    }
  }
  // A parent is a prefix of its children, so plain order puts it before them.
  return [...byPath.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function record(entry: TreeEntry, inode: number, mtime: number): Uint8Array[] {
  const name = Buffer.from(`${entry.path}\0`);
  const data = contentOf(entry);
  const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 };
  const fields = [
    inode,
    entry.path === 'TRAILER!!!' ? 0 : FILE_TYPE_BITS[entry.kind] | entry.mode,
    0, // uid
    0, // gid
    entry.kind === 'directory' ? 2 : 1, // links
    mtime,
    data.length,
    0, // device of the archive, major and minor
    0,
    device.major,
    device.minor,
    name.length,
    0, // checksum: unused in this form
  ];
  const hex = fields.map((value) => value.toString(16).padStart(8, '0')).join('');
  const header = Buffer.concat([Buffer.from(`070701${hex}`, 'latin1'), name]);
  return [header, padding(header.length), data, padding(data.length)];
}

function contentOf(entry: TreeEntry): Uint8Array {
  if (entry.kind === 'file') return entry.data;
  if (entry.kind === 'symlink') return Buffer.from(entry.target);
  return new Uint8Array();
}

/** Zeros up to the next multiple of four, to which names and contents are aligned. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
