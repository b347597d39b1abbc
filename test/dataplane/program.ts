/** The process that runs checks: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import { ensureYard, ensureYardAbsent } from '../../src/drivers/yard/yard.ts';
import { runChecks } from './check.ts';
import { yardChecks } from './yard-checks.ts';

const [suite, stateDir = ''] = process.argv.slice(2);
const signal = AbortSignal.timeout(240_000);

switch (suite) {
  case 'make-yard':
    await ensureYard(stateDir, { signal });
    break;
  case 'yard':
    try {
      await runChecks(yardChecks, { stateDir, signal });
    } finally {
      await ensureYardAbsent(stateDir, { signal: AbortSignal.timeout(20_000) });
    }
    break;
  default:
    throw new Error(`There is no suite '${suite}'.`);
}
