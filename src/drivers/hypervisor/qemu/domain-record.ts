/** What is written down of a domain, so that an agent that comes later knows what an earlier one did. */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DomainSpec } from '#base/host/domain.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { DomainPaths } from './domain-paths.ts';

/**
 * `starting`: a process may be there or not. `started`: a process was there, so if it is gone, it
 * crashed. `stopped`: its end was asked for, by us or by the guest.
 */
export type DomainPhase = 'starting' | 'started' | 'stopped';

export type DomainRecord = {
  readonly phase: DomainPhase;
  readonly rebootCount: number;
  /** For people who look at the file. The config drive is left out, since it holds users' secrets. */
  readonly spec: JsonObject;
};

const PHASES: readonly string[] = ['starting', 'started', 'stopped'] satisfies DomainPhase[];

/**
 * Reads the record; undefined when there is none. One that cannot be read counts as none, since
 * whoever wants to remove the domain must not be kept from it.
 */
export async function findRecord(paths: DomainPaths): Promise<DomainRecord | undefined> {
  const text = await readFile(paths.record, 'utf8').catch(noneWhenMissing);
  if (text === undefined) return undefined;
  try {
    const record: unknown = JSON.parse(text);
    return isDomainRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the record so that a reader, or a later boot of the host, finds the old one or the new one whole. */
export async function writeRecord(paths: DomainPaths, record: DomainRecord): Promise<void> {
  const unfinished = `${paths.record}.new`;
  {
    await using file = await open(unfinished, 'w', 0o600);
    await file.writeFile(`${JSON.stringify(record, null, 2)}\n`);
    await file.sync();
  }
  await rename(unfinished, paths.record);
  await using directory = await open(dirname(paths.record), 'r');
  await directory.sync();
}

/** What is kept of a spec. */
export function recordOf(spec: DomainSpec, phase: DomainPhase): DomainRecord {
  const { configDrive: _, ...kept } = spec;
  return { phase, rebootCount: spec.reboot.count, spec: kept };
}

/** True when the disks that are there are not those that the spec asks for. */
export function isToBeRebuilt({ rebuild }: DomainSpec, record: DomainRecord | undefined): boolean {
  const made = record?.spec['rebuild'];
  const count = isJsonObject(made) ? Number(made['count']) : 0;
  return record !== undefined && (rebuild?.count ?? 0) > count;
}

function isDomainRecord(value: unknown): value is DomainRecord {
  return (
    isJsonObject(value) &&
    isJsonObject(value['spec']) &&
    typeof value['rebootCount'] === 'number' &&
    typeof value['phase'] === 'string' &&
    PHASES.includes(value['phase'])
  );
}

function noneWhenMissing(cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT') return undefined;
  throw cause;
}
