/** The process that runs checks of routers: `node program.ts SUITE STATE_DIR`. One line of JSON a check. */
import type { Check } from '../dataplane/check.ts';
import { runInYard } from '../dataplane/in-yard.ts';
import type { DataplaneWorld } from '../dataplane/world.ts';
import { advertChecks } from './advert-checks.ts';
import { floatingChecks } from './floating-checks.ts';
import { routeChecks } from './route-checks.ts';

const SUITES: Readonly<Record<string, readonly Check<DataplaneWorld>[]>> = {
  routes: routeChecks,
  floating: floatingChecks,
  advertisements: advertChecks,
};

const suite = process.argv[2] ?? '';
const checks = SUITES[suite];
if (checks === undefined) throw new Error(`There is no suite '${suite}'.`);
await runInYard(import.meta.filename, suite, checks);
