/** Routers against the real kernel, with and without root. */
import { testSuite } from '../dataplane/suites.ts';
import { advertChecks } from './advert-checks.ts';
import { floatingChecks } from './floating-checks.ts';
import { routeChecks } from './route-checks.ts';

const PROGRAM = 'test/routers/program.ts';

testSuite('routes', routeChecks, PROGRAM);
testSuite('floating', floatingChecks, PROGRAM);
testSuite('advertisements', advertChecks, PROGRAM);
