/** The config drive: a small ISO 9660 volume by which a guest learns who it is. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { ConfigDriveFiles } from '#base/host/domain.ts';
import { Fault } from '#platform/fault.ts';
import { run } from '../../run.ts';
import type { CallOptions } from '../hypervisor.ts';

/** cloud-init finds the drive by this label. */
const LABEL = 'config-2';

/** Writes the drive to `path`, whole or not at all. */
export async function writeConfigDrive(
  path: string,
  files: ConfigDriveFiles,
  options: CallOptions,
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
  // compat: the options that Nova gives: Rock Ridge and Joliet, so that every guest sees long names.
  const naming = ['-r', '-J', '-l', '-ldots', '-allow-lowercase', '-allow-multidot'];
  await run('genisoimage', ['-quiet', '-V', LABEL, ...naming, '-o', unfinished, tree], options);
  await rename(unfinished, path);
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
