/** The benchmark: what `design.md` promises, measured on real processes next to the floor below each figure. */
import { performance } from 'node:perf_hooks';
import { inspect } from 'node:util';
import { ROWS } from './rows/all.ts';
import { met, tableOf, type Row } from './support/row.ts';

const wanted = process.argv.slice(2);
const rows: Row[] = [];
const began = performance.now();
const say = (line: string) => void process.stdout.write(`${line}\n`);

for (const [name, measure] of Object.entries(ROWS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const start = performance.now();
  // Some rows need what a machine may lack; the others are measured all the same.
  try {
    rows.push(...(await measure((line) => say(`${name}: ${line}`))));
    say(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  } catch (error) {
    process.exitCode = 1;
    say(`${name}: could not be measured: ${inspect(error)}`);
  }
}

say(`\n${tableOf(rows)}\n`);
const missed = rows.filter((row) => met(row) === false).length;
const took = ((performance.now() - began) / 1000).toFixed(0);
say(`${rows.length} rows in ${took} s; ${missed === 0 ? 'no target missed' : `${missed} missed`}.`);
say('Other programs on this machine slow it down: compare ratios rather than times.');
