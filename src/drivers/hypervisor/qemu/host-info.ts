/** What this host has to offer to guests. */
import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { Fault } from '#platform/fault.ts';
import { run } from '../../run.ts';
import type { CallOptions, HypervisorInfo } from '../hypervisor.ts';

export type HostCapacity = Pick<HypervisorInfo, 'vcpus' | 'memoryMib' | 'diskGib' | 'cpuModel'>;

/** Capacity as Nova reports it: all of the host's, guests or not. */
export async function readCapacity(serversDir: string): Promise<HostCapacity> {
  const { bsize, blocks } = await statfs(serversDir);
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8');
  return {
    vcpus: availableParallelism(),
    memoryMib: Math.floor(totalmem() / 1024 ** 2),
    diskGib: Math.floor((bsize * blocks) / 1024 ** 3),
    cpuModel: /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? 'unknown',
  };
}

/** QEMU's version as text, such as `7.2.22`. */
export async function readQemuVersion(program: string, options: CallOptions): Promise<string> {
  const said = await run(program, ['--version'], options);
  const [version] = /\d+\.\d+\.\d+/.exec(said) ?? [];
  if (version === undefined) {
    throw new Fault('internal', 'UnknownQemuVersion', `'${program}' does not tell its version.`, {
      detail: { said },
    });
  }
  return version;
}

/** A version as Nova's API shows it: major * 1,000,000 + minor * 1,000 + micro. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, micro = 0] = version.split('.').map(Number);
  return major * 1_000_000 + minor * 1_000 + micro;
}

/** Names of the network interfaces in this namespace. */
export async function listLinks(): Promise<ReadonlySet<string>> {
  const table = await readFile('/proc/self/net/dev', 'utf8');
  return new Set([...table.matchAll(/^\s*([^\s:]+):/gm)].map(([, name]) => name ?? ''));
}
