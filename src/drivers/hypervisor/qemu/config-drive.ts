/** The config drive: a small volume, ISO 9660 or FAT, by which a guest learns who it is. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { ConfigDriveFiles, ConfigDriveFormat } from '#base/host/domain.ts';
import type { HostTool } from '#base/host/finding.ts';
import { Fault } from '#platform/fault.ts';
import { run } from '../../run.ts';
import type { CallOptions } from '../hypervisor.ts';

/** cloud-init finds the drive by this label. */
const LABEL = 'config-2';
/** compat: as large as Nova makes one of FAT. The file is sparse. */
const VFAT_KIB = 64 * 1024;

/** What a config drive of FAT is made with. */
export const VFAT_HOST_TOOLS: readonly HostTool[] = [
  { command: 'mkfs.vfat', package: 'dosfstools' },
  { command: 'mcopy', package: 'mtools' },
];

/** Writes the drive to `path`, whole or not at all. */
export async function writeConfigDrive(
  path: string,
  files: ConfigDriveFiles,
  options: CallOptions & { readonly format?: ConfigDriveFormat },
): Promise<void> {
  const tree = `${path}.tree`;
  const unfinished = `${path}.new`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(tree, { recursive: true, force: true }));
  undo.defer(() => rm(unfinished, { force: true }));
  // What an agent that was killed has left here must not end up on the drive.
  await rm(tree, { recursive: true, force: true });
  await mkdir(tree, { mode: 0o700 });
  for (const [name, content] of Object.entries(files)) {
    const file = join(tree, checkedName(name));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : fromBase64(content.base64));
  }
  const make = options.format === 'vfat' ? makeVfat : makeIso9660;
  await make(unfinished, tree, options);
  await rename(unfinished, path);
}

async function makeIso9660(target: string, tree: string, options: CallOptions): Promise<void> {
  // compat: the options that Nova gives: Rock Ridge and Joliet, so that every guest sees long names.
  const naming = ['-r', '-J', '-l', '-ldots', '-allow-lowercase', '-allow-multidot'];
  await run('genisoimage', ['-quiet', '-V', LABEL, ...naming, '-o', target, tree], options);
}

/** Written from outside the file system, so that nothing need be mounted, which only root may. */
async function makeVfat(target: string, tree: string, options: CallOptions): Promise<void> {
  await rm(target, { force: true });
  await run('mkfs.vfat', ['-n', LABEL, '-C', target, String(VFAT_KIB)], options);
  const folders = (await readdir(tree)).map((name) => join(tree, name));
  if (folders.length > 0) await run('mcopy', ['-s', '-i', target, ...folders, '::'], options);
}

function checkedName(name: string): string {
  const clean = normalize(name);
  if (name === '' || isAbsolute(clean) || clean.startsWith('..') || clean.endsWith('/')) {
    throw new Fault('invalid', 'InvalidConfigDrive', `'${name}' is no name for a file.`);
  }
  return clean;
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
