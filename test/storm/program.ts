/** The process that runs the storm checks: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import { runInYard } from '../dataplane/in-yard.ts';
import { claimChecks } from './claim-checks.ts';
import { stormChecks } from './storm-checks.ts';

await runInYard(import.meta.filename, 'storm', [...stormChecks, ...claimChecks]);
