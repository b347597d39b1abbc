/** `npm run tempest -- [options] REGEX ...`: OpenStack's own tests against a Stackyard that runs, or one of its own. */
import { parseArgs } from 'node:util';
import { findControl } from '#app/control-record.ts';
import { stateDirOf } from '../../src/cli/common.ts';
import { readSubset } from './subset.ts';
import { resultsTable } from './results.ts';
import { runTempest } from './tempest.ts';
import { RealCloud } from '../support/real-cloud.ts';

const USAGE = `npm run tempest -- [--state-dir DIR] [--subset fast] [--concurrency N] [--keep DIR] [REGEX ...]

  REGEX             tests whose name contains a match are run, such as tempest.scenario
  --subset NAME     tests named in test/tempest/subsets/NAME.txt
  --state-dir DIR   the cloud to test; without it the one at the usual place, or one made for this run
  --concurrency N   how many tests run side by side (1)
  --keep DIR        leave tempest.conf and Tempest's own log there
`;

/** A cloud with real guests and addresses outside. */
const CLOUD = {
  hypervisor: 'qemu',
  dataplane: 'linux',
  args: ['--public', '--no-host-link'],
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      'state-dir': { type: 'string' },
      subset: { type: 'string' },
      concurrency: { type: 'string', default: '1' },
      keep: { type: 'string' },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const subset = values.subset === undefined ? [] : await readSubset(values.subset);
  const regexes = [...subset, ...positionals];
  if (values.help === true || regexes.length === 0) {
    process.stderr.write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const named = values['state-dir'];
  const stateDir = stateDirOf({ values: { 'state-dir': named }, positionals: [], rest: [] });
  const none = named === undefined && !findControl(stateDir);
  await using own = none ? await RealCloud.start(CLOUD) : undefined;
  const results = await runTempest({
    stateDir: own?.stateDir ?? stateDir,
    regexes,
    concurrency: Number(values.concurrency),
    keep: values.keep ?? null,
    tell: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(resultsTable(results));
  return results.some(({ outcome }) => outcome === 'failed') || results.length === 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
