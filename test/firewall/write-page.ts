/** Writes the table into `docs/compat/firewall.md`: `node test/firewall/write-page.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PAGE, tableOnPage, tableText } from './page.ts';

const page = readFileSync(PAGE, 'utf8');
writeFileSync(
  PAGE,
  page.replace(tableOnPage(), () => tableText()),
);
