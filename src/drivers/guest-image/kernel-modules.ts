/** Which kernel modules the guest carries, in which order they load, and the index that modprobe reads. Pure. */
import { sectionBytes } from './elf.ts';

/** What a module file says of itself. */
export type KernelModule = {
  /** With underscores, as the kernel names it. */
  readonly name: string;
  readonly depends: readonly string[];
  readonly aliases: readonly string[];
};

/** The name of a module from its file name: `br-netfilter.ko` and `br_netfilter.ko` are one module. */
export function moduleName(fileName: string): string {
  return fileName.replace(/\.ko$/, '').replaceAll('-', '_');
}

export function readModule(name: string, file: Buffer): KernelModule {
  const info = sectionBytes(file, '.modinfo')?.toString('latin1') ?? '';
  const values = (key: string): string[] =>
    info
      .split('\0')
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1));
  const hard = values('depends').flatMap((list) => list.split(',').filter(Boolean));
  return {
    name,
    depends: [...hard, ...values('softdep').flatMap(loadedBefore)].map(moduleName),
    aliases: values('alias'),
  };
}

/** The modules of a line such as `pre: a b post: c` that should be there first. */
function loadedBefore(softdep: string): string[] {
  const [, before] = /pre:([^:]*?)(?:\s+post:|$)/.exec(softdep) ?? [];
  return before?.trim().split(/\s+/).filter(Boolean) ?? [];
}

/**
 * All of `wanted` and what they depend on, each after its dependencies. `find` returns undefined for a
 * module that the kernel has built in or does not have; only a wanted one may not be missing.
 */
export function loadOrder(
  wanted: readonly string[],
  find: (name: string) => KernelModule | undefined,
): KernelModule[] {
  const ordered = new Map<string, KernelModule>();
  const visiting = new Set<string>();
  const visit = (module: KernelModule): void => {
    if (ordered.has(module.name)) return;
    if (visiting.has(module.name))
      throw new Error(`Kernel module '${module.name}' depends on itself.`);
    visiting.add(module.name);
    for (const name of module.depends) {
      const dependency = find(name);
      if (dependency) visit(dependency);
    }
    ordered.set(module.name, module);
  };
  for (const name of wanted) {
    const module = find(name);
    if (!module) throw new Error(`The kernel package has no module '${name}'.`);
    visit(module);
  }
  return [...ordered.values()];
}

/** `modules.dep` for modules that all lie in one folder: every line names all that must be loaded, last first. */
export function writeModulesDep(modules: readonly KernelModule[]): string {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const lines = modules.map((module) => {
    const before = loadOrder([module.name], (name) => byName.get(name))
      .filter(({ name }) => name !== module.name)
      .map(({ name }) => `${name}.ko`)
      .toReversed();
    return `${module.name}.ko:${before.map((file) => ` ${file}`).join('')}\n`;
  });
  return lines.toSorted().join('');
}

/** `modules.alias`: the names by which the kernel asks for a module, such as `nft-expr-masq`. */
export function writeModulesAlias(modules: readonly KernelModule[]): string {
  const lines = modules.flatMap(({ name, aliases }) =>
    aliases.map((alias) => `alias ${alias} ${name}\n`),
  );
  return lines.toSorted().join('');
}
