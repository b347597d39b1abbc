/** What is remembered of a router in a file: what was last made of it, so that the next agent need not ask. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
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

export async function readRecord(directory: string): Promise<RouterRecord> {
  try {
    const record: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    return isJsonObject(record) ? (record as RouterRecord) : NO_RECORD;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) {
      return NO_RECORD;
    }
    throw error;
  }
}

/** Whole or not at all. */
export async function writeRecord(directory: string, record: RouterRecord): Promise<void> {
  const path = join(directory, FILE);
  await mkdir(directory, { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(record));
  await rename(`${path}.new`, path);
}

const FILE = 'router.json';
