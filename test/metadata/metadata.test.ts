/** The metadata service against the real kernel, with and without root: who is served, and who tries in vain. */
import { testSuite } from '../dataplane/suites.ts';
import { SUITES } from './suites.ts';

for (const [suite, checks] of Object.entries(SUITES)) {
  testSuite(suite, checks, 'test/metadata/program.ts');
}
