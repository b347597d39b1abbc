/** Finds every shared library that a set of programs needs, the libraries' own libraries included. Pure. */
import { interpreter, isElf, neededLibraries } from './elf.ts';

/** A program or library, and the package that brings it. */
export type OwnedFile = { readonly owner: string; readonly data: Buffer };

export type LibrarySearch = {
  /** The libraries found, by the name that the loader looks for. */
  readonly found: ReadonlyMap<string, OwnedFile>;
  /** Paths of dynamic loaders that the programs name, such as `/lib64/ld-linux-x86-64.so.2`. */
  readonly loaders: ReadonlySet<string>;
  /** What was not found, and the packages whose files want it: their dependencies are where to look next. */
  readonly missing: readonly { readonly name: string; readonly neededBy: string }[];
};

export function searchLibraries(
  programs: readonly OwnedFile[],
  find: (name: string) => OwnedFile | undefined,
): LibrarySearch {
  const found = new Map<string, OwnedFile>();
  const loaders = new Set<string>();
  const missing: { name: string; neededBy: string }[] = [];
  const waiting = programs.filter(({ data }) => isElf(data));
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    const loader = interpreter(file.data);
    if (loader) loaders.add(loader);
    for (const name of neededLibraries(file.data)) {
      if (found.has(name)) continue;
      const library = find(name);
      if (!library) {
        missing.push({ name, neededBy: file.owner });
        continue;
      }
      found.set(name, library);
      waiting.push(library);
    }
  }
  return { found, loaders, missing };
}
