/** Loaded by every Node under the other kernel: what is called TypeScript there has lost its types before. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

registerHooks({
  load: (url, context, next) =>
    url.endsWith('.ts')
      ? { format: 'module', shortCircuit: true, source: readFileSync(fileURLToPath(url), 'utf8') }
      : next(url, context),
});
