/** Makes the files that a domain needs before QEMU can start: directories, disks, config drive, an empty log. */
import { access, chmod, lchown, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DomainSpec, ImageRef } from '#base/host/domain.ts';
import type { Disks } from '../../disks/disks.ts';
import { run } from '../../run.ts';
import type { CallOptions } from '../hypervisor.ts';
import { writeConfigDrive } from './config-drive.ts';
import { beginConsole } from './console.ts';
import type { DomainPaths } from './domain-paths.ts';
import { handOver, unprivileged, type RunAs } from './process.ts';

export type FileFacts = {
  readonly paths: DomainPaths;
  readonly disks: Disks;
  readonly runAs: RunAs;
  readonly imagePath: (image: { readonly path: string }) => string;
};

/** The directory alone, so that whatever comes next has left a trace of itself. */
export async function makeDirectory(paths: DomainPaths, runAs: RunAs): Promise<void> {
  // Guests' users may pass through to their own directory, and see no others.
  await mkdir(dirname(paths.directory), { recursive: true, mode: 0o711 });
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  if (!runAs) return;
  await lchown(paths.directory, process.getuid?.() ?? 0, runAs.gid);
  await chmod(paths.directory, 0o750);
}

/** Everything else. Disks and config drive that are there stay as the guest left them. */
export async function makeFiles(
  spec: DomainSpec,
  facts: FileFacts,
  options: CallOptions,
): Promise<void> {
  const { paths, runAs } = facts;
  const results = await Promise.allSettled([
    makeRootDisk(spec, facts, options),
    makeEphemeralDisk(spec, facts, options),
    makeConfigDrive(spec, facts, options),
    beginConsole(paths, runAs),
    makeRunDirectory(paths, runAs, options),
  ]);
  // Only when all have come to an end may the caller take away what they made.
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function makeRootDisk(
  { rootDisk }: DomainSpec,
  { paths, disks, runAs, imagePath }: FileFacts,
  options: CallOptions,
): Promise<void> {
  if (!rootDisk || rootDisk.image.format === 'iso') return;
  const image: ImageRef = { ...rootDisk.image, path: imagePath(rootDisk.image) };
  await disks.ensureOverlay(paths.rootDisk, image, rootDisk.sizeGib, options);
  await handOver(paths.rootDisk, runAs);
}

async function makeEphemeralDisk(
  { ephemeralGib }: DomainSpec,
  { paths, disks, runAs }: FileFacts,
  options: CallOptions,
): Promise<void> {
  if (ephemeralGib <= 0) return;
  await disks.ensureEmpty(paths.ephemeralDisk, ephemeralGib, options);
  await handOver(paths.ephemeralDisk, runAs);
}

async function makeConfigDrive(
  { configDrive, configDriveFormat: format }: DomainSpec,
  { paths, runAs }: FileFacts,
  options: CallOptions,
): Promise<void> {
  if (!configDrive) return;
  if (!(await exists(paths.configDrive))) {
    await writeConfigDrive(paths.configDrive, configDrive, {
      ...options,
      ...(format && { format }),
    });
    await chmod(paths.configDrive, 0o400);
  }
  await handOver(paths.configDrive, runAs);
}

/** Empty at each start: sockets and pid file of a QEMU that is gone would only mislead. */
async function makeRunDirectory(
  paths: DomainPaths,
  runAs: RunAs,
  options: CallOptions,
): Promise<void> {
  await emptyRunDirectory(paths, runAs, options);
  for (const taken of [paths.takenVncSocket, paths.takenSerialSocket]) {
    await rm(taken, { force: true });
  }
  await mkdir(paths.runDirectory, { recursive: true, mode: 0o700 });
  await handOver(paths.runDirectory, runAs);
}

/** Removes what is made anew when a domain is rebuilt. */
export async function removeDisks(paths: DomainPaths, { rebuild }: DomainSpec): Promise<void> {
  const { rootDisk, configDrive, ephemeralDisk } = paths;
  const disks = [rootDisk, configDrive, ...(rebuild?.keepEphemeral ? [] : [ephemeralDisk])];
  for (const path of disks) await rm(path, { force: true });
}

/** Removes everything that a domain has on disk. */
export async function removeFiles(
  paths: DomainPaths,
  runAs: RunAs,
  options: CallOptions,
): Promise<void> {
  await emptyRunDirectory(paths, runAs, options);
  await rm(paths.directory, { recursive: true, force: true });
}

/**
 * Removes what is in the directory that guests' QEMUs may write. Not recursively: one that was taken
 * over could swap a folder for a link while it is walked through, and so have root delete something else.
 */
async function emptyRunDirectory(
  { runDirectory }: DomainPaths,
  runAs: RunAs,
  options: CallOptions,
): Promise<void> {
  if (!(await exists(runDirectory))) return;
  const entries = await readdir(runDirectory, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  for (const { name } of files) await rm(join(runDirectory, name), { force: true });
  if (files.length === entries.length) return;
  // QEMU makes no folders. Whoever did has left them to be removed with no more than their own rights.
  const folders = entries.filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => join(runDirectory, name));
  const { command, args } = unprivileged(runAs, 'rm', ['-rf', '--', ...names]);
  await run(command, args, options);
}

/** True when there is a file or directory at the path. */
export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return false;
      throw cause;
    },
  );
}
