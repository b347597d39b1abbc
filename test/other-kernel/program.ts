/** Runs under the other kernel: `node program.ts`. One line of JSON a check. */
import { runChecks } from '../dataplane/check.ts';
import { kernelChecks } from './kernel-checks.ts';

await runChecks(kernelChecks, { signal: AbortSignal.timeout(60_000) });
