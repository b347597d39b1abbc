/** The part of Tempest that is run for every change, against real guests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealCloud } from '../support/real-cloud.ts';
import { resultsTable } from './results.ts';
import { readSubset } from './subset.ts';
import { runTempest } from './tempest.ts';

test("OpenStack's own tests of interfaces and of a guest behind a floating IP pass", async () => {
  const options = { hypervisor: 'qemu', dataplane: 'linux' } as const;
  await using cloud = await RealCloud.start({ ...options, args: ['--public', '--no-host-link'] });
  const results = await runTempest({
    stateDir: cloud.stateDir,
    regexes: await readSubset('fast'),
    concurrency: 2,
    keep: null,
    tell: () => undefined,
  });
  const table = resultsTable(results);
  const count = (outcome: string) => results.filter((one) => one.outcome === outcome).length;
  assert.equal(count('failed') + count('skipped'), 0, `${table}\n${cloud.logs()}`);
  assert.ok(count('passed') >= 5, table);
});
