/** What is read of Tempest's lines, and the table that is made of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leftOutTests, readResult, resultsTable, type TestResult } from './results.ts';

const LINES: readonly (readonly [line: string, result: TestResult | undefined])[] = [
  [
    '{0} tempest.scenario.test_a.TestA.test_b [12.345678s] ... ok',
    {
      test: 'tempest.scenario.test_a.TestA.test_b',
      outcome: 'passed',
      seconds: 12.345678,
      reason: null,
    },
  ],
  [
    '{1} tempest.api.x.Y.test_z[id-1,smoke] [0.000001s] ... FAILED',
    { test: 'tempest.api.x.Y.test_z', outcome: 'failed', seconds: 0.000001, reason: null },
  ],
  [
    '{0} setUpClass (tempest.api.x.Y) ... SKIPPED: Cinder is not available',
    { test: 'tempest.api.x.Y', outcome: 'skipped', seconds: 0, reason: 'Cinder is not available' },
  ],
  [
    '{0} tempest.api.x.Y.test_z ... inprogress',
    { test: 'tempest.api.x.Y.test_z', outcome: 'failed', seconds: 0, reason: null },
  ],
  [' - Passed: 2', undefined],
  ['    File "x.py", line 1, in test_z', undefined],
];
for (const [line, result] of LINES) {
  test(`the line '${line.slice(0, 60)}' tells ${result?.outcome ?? 'of no test'}`, () => {
    assert.deepEqual(readResult(line), result);
  });
}

test('tests that are left out are named with the reason, and others are not', () => {
  const selected = ['tempest.api.x.Y.test_a[id-1]', 'tempest.api.x.Y.test_b[id-2]'];
  const left = leftOutTests(selected, [{ regex: String.raw`test_b\b`, reason: 'no VLANs' }]);
  assert.deepEqual(left, [
    { test: 'tempest.api.x.Y.test_b', outcome: 'left out', seconds: 0, reason: 'no VLANs' },
  ]);
});

const result = (name: string, outcome: TestResult['outcome'], reason: string | null = null) => ({
  test: name,
  outcome,
  seconds: 1,
  reason,
});

test('the table has what failed last, and counts at its end', () => {
  const table = resultsTable([
    result('b', 'failed'),
    result('c', 'skipped', 'why not'),
    result('a', 'passed'),
  ]);
  assert.deepEqual(
    table.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' ')),
    [
      'passed 1.0 s a',
      'skipped 1.0 s c',
      'why not',
      'failed 1.0 s b',
      '',
      '1 passed, 0 left out, 1 skipped, 1 failed',
      '',
    ],
  );
});
