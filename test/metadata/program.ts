/** The process that runs the metadata checks: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import { runInYard } from '../dataplane/in-yard.ts';
import { SUITES } from './suites.ts';

const [suite = ''] = process.argv.slice(2);
const checks = SUITES[suite];
if (checks === undefined) throw new Error(`There is no suite '${suite}'.`);
await runInYard(import.meta.filename, suite, checks);
