/** The keeper's name tag, `run/yard.json` in the state directory: where a later start looks first. */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, type ProcessMark } from '../processes.ts';
import { livesInYardOf } from './residents.ts';

/** How the yard was made and who holds it open. */
export type YardRecord = {
  readonly keeper: ProcessMark;
  /** Made by an ordinary user, in a user namespace. */
  readonly rootless: boolean;
};

export function recordPath(stateDir: string): string {
  return join(stateDir, 'run', 'yard.json');
}

/** Held by the keeper for as long as it lives, so that there is never a second one. */
export function lockPath(stateDir: string): string {
  return join(stateDir, 'run', 'yard.lock');
}

/**
 * The record, when it is readable and its keeper still lives in the yard of this very directory:
 * the record in a copied state directory names somebody else's.
 */
export function readLiveRecord(stateDir: string): YardRecord | undefined {
  let text: string;
  try {
    text = readFileSync(recordPath(stateDir), 'utf8');
  } catch {
    return undefined;
  }
  const record = parseRecord(text);
  if (record === undefined || !isAlive(record.keeper)) return undefined;
  return livesInYardOf(record.keeper.pid, stateDir) ? record : undefined;
}

export async function writeRecord(stateDir: string, record: YardRecord): Promise<void> {
  const path = recordPath(stateDir);
  await writeFile(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Undefined for anything that is not a whole record: it is then made anew. */
export function parseRecord(text: string): YardRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !isObject(value['keeper'])) return undefined;
  const { pid, startTime, bootId } = value['keeper'];
  const rootless = value['rootless'];
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1) return undefined;
  if (typeof startTime !== 'string' || typeof bootId !== 'string') return undefined;
  if (typeof rootless !== 'boolean') return undefined;
  return { keeper: { pid, startTime, bootId }, rootless };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
