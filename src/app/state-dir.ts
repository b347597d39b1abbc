/** Taking a state directory away, and nothing that somebody else keeps in it. */
import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';

/** Made by drivers, each for itself. */
const OF_DRIVERS = [
  'servers',
  'dhcp',
  'links',
  'routers',
  'accelerator.json',
  'fake-guests',
  'fake-hypervisor.json',
  'fake-dataplane.json',
];

/** Refuses a directory in which there was never a cloud: it may be anybody's. */
export function checkStateDir(stateDir: string): void {
  if (existsSync(statePaths(stateDir).database)) return;
  throw new Fault(
    'invalid',
    'NotAStateDir',
    `'${stateDir}' holds no cloud, so it is not removed. Look at it and remove it yourself.`,
  );
}

/** Removes what a cloud keeps, and the directory when nothing else is in it. Returns what else is. */
export async function removeState(stateDir: string): Promise<readonly string[]> {
  const paths = statePaths(stateDir);
  const { database } = paths;
  // Sockets and logs are in folders, which go as a whole.
  const own = Object.values(paths).filter(
    (path) => path !== database && dirname(path) === stateDir,
  );
  const drivers = OF_DRIVERS.map((name) => join(stateDir, name));
  for (const path of [...own, dirname(paths.controlLog), ...drivers]) {
    await rm(path, { recursive: true, force: true });
    await rm(`${path}.tmp`, { force: true });
  }
  // Last, since by it a directory is known: what is broken off here can be done again.
  for (const path of [`${database}-wal`, `${database}-shm`, database]) {
    await rm(path, { force: true });
  }
  const others = await readdir(stateDir);
  if (others.length === 0) await rmdir(stateDir);
  return others;
}
