/** Runs checks of a cloud and its host, in a namespace that plays the host: `node host-program.ts SUITE`. */
import { runChecks } from '../dataplane/check.ts';
import { guestChecks } from './guest-checks.ts';
import { hostChecks } from './host-checks.ts';
import { rootlessChecks } from './rootless-checks.ts';

const [suite = ''] = process.argv.slice(2);
const world = { signal: AbortSignal.timeout(270_000) };
switch (suite) {
  case 'host':
    await runChecks(hostChecks, world);
    break;
  case 'guest':
    await runChecks(guestChecks, world);
    break;
  case 'pasta':
  case 'slirp4netns':
    await runChecks(rootlessChecks(suite), world);
    break;
  default:
    throw new Error(`There is no suite '${suite}'.`);
}
