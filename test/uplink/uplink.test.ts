/** The uplink against the real kernel, with and without root. */
import { testSuite } from '../dataplane/suites.ts';
import { uplinkChecks } from './uplink-checks.ts';

testSuite('uplink', uplinkChecks, 'test/uplink/program.ts');
