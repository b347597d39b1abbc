/** The firewall against the real kernel, with and without root: the table, what the groups let through, no gaps. */
import { testSuite } from '../dataplane/suites.ts';
import { SUITES } from './suites.ts';

for (const [suite, checks] of Object.entries(SUITES)) {
  testSuite(suite, checks, 'test/firewall/program.ts');
}
