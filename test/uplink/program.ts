/** The process that runs checks of the uplink: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import { runInYard } from '../dataplane/in-yard.ts';
import { uplinkChecks } from './uplink-checks.ts';

const [suite = ''] = process.argv.slice(2);
if (suite !== 'uplink') throw new Error(`There is no suite '${suite}'.`);
await runInYard(import.meta.filename, suite, uplinkChecks);
