/** Rows that need a kernel's network to themselves: measured by a process inside a yard that is made for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { start } from '#drivers/run.ts';
import { ensureYard, ensureYardAbsent, enterYard, YARD_STATE_DIR } from '#drivers/yard/yard.ts';
import type { Measure, Row } from './row.ts';

const PROGRAM = join(import.meta.dirname, '..', 'yard', 'program.ts');
const PATIENCE_MS = 600_000;

/** What the process inside says, a line of JSON each. */
export type YardLine = { readonly tell: string } | { readonly rows: readonly Row[] };

/** Measures what the yard's program knows under this name. */
export function inYard(name: string): Measure {
  return async (tell) => {
    const stateDir = join(await mkdtemp(join(tmpdir(), 'stackyard-bench-')), 'state');
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const yard = await ensureYard(stateDir, { signal });
      const [enter = '', ...words] = enterYard(yard);
      const child = start(enter, [...words, process.execPath, PROGRAM, name, YARD_STATE_DIR], {
        stdio: ['ignore', 'pipe', 'inherit'],
        signal,
      });
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('close', resolve).once('error', reject);
      });
      const rows: Row[] = [];
      if (child.stdout === null) throw new Error('the program inside the yard says nothing');
      for await (const text of createInterface(child.stdout)) {
        const line = JSON.parse(text) as YardLine;
        if ('tell' in line) tell(line.tell);
        else rows.push(...line.rows);
      }
      const code = await ended;
      if (code !== 0) throw new Error(`the program inside the yard ended with code ${code}`);
      return rows;
    } finally {
      await ensureYardAbsent(stateDir, { signal: AbortSignal.timeout(20_000), graceMs: 500 });
      await rm(join(stateDir, '..'), { recursive: true, force: true });
    }
  };
}
