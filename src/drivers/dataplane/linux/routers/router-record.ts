/** What is remembered of a router in a file: what was last made of it, so that the next agent need not ask. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '#base/json.ts';
import type { RouterSpec } from '#base/host/routers.ts';

export type RouterRecord = {
  /** The namespace that was made so; another one of the same name is not. */
  readonly namespace: string | null;
  /**
   * What it is: the only one when `settled`; otherwise it is somewhere between these, and flows of each may be left.
   */
  readonly specs: readonly RouterSpec[];
  readonly settled: boolean;
};

export const NO_RECORD: RouterRecord = { namespace: null, specs: [], settled: false };

export function readRecord(directory: string): RouterRecord {
  try {
    const record: unknown = JSON.parse(readFileSync(join(directory, FILE), 'utf8'));
    return isJsonObject(record) ? (record as RouterRecord) : NO_RECORD;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) {
      return NO_RECORD;
    }
    throw error;
  }
}

/** Whole or not at all. */
export function writeRecord(directory: string, record: RouterRecord): void {
  const path = join(directory, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

const FILE = 'router.json';
