/** Writes the page of deliberate differences: `node test/compat/write-page.ts`. */
import { writeFileSync } from 'node:fs';
import { PAGE, pageOf, readDifferences } from './differences.ts';

writeFileSync(PAGE, pageOf(readDifferences()));
