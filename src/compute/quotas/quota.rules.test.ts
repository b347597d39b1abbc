/** Which quotas are known when, and which limits may be set, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quotasOfClass, quotasOfSet } from './quota-names.ts';
import { boundsOfProject, boundsOfUser, checkLimits, parseLimits } from './quota.rules.ts';

const known: readonly [string, number, readonly string[], number][] = [
  ['set', 1, quotasOfSet(1), 14],
  ['set', 35, quotasOfSet(35), 14],
  ['set', 36, quotasOfSet(36), 10],
  ['set', 57, quotasOfSet(57), 7],
  ['class', 1, quotasOfClass(1), 12],
  ['class', 50, quotasOfClass(50), 10],
  ['class', 57, quotasOfClass(57), 7],
];

for (const [kind, minor, names, count] of known) {
  test(`a quota ${kind} has ${count} quotas in 2.${minor}`, () => {
    assert.equal(names.length, count, names.join());
  });
}

test('limits are numbers, also when they come as text, and `force` is none', () => {
  const given = { cores: '5', ram: -1, force: 'True' };
  assert.deepEqual(parseLimits('quota_set', given), { cores: 5, ram: -1 });
});

for (const [value, message] of [
  ['-2', 'Invalid input for field/attribute ram. Value: -2. -2 is less than the minimum of -1'],
  [
    '9999999999',
    'Invalid input for field/attribute ram. Value: 9999999999. ' +
      '9999999999 is greater than the maximum of 2147483647',
  ],
] as const) {
  test(`'${value}' is no limit`, () => {
    assert.throws(() => parseLimits('quota_set', { ram: value }), { message });
  });
}

const between = (least: number, most: number) => () => ({ least, most });

const set: readonly [limit: number, least: number, most: number, refused: RegExp | null][] = [
  [5, 5, -1, null],
  [-1, 5, -1, null],
  [
    4,
    5,
    -1,
    /^Quota limit 4 for cores must be greater than or equal to already used and reserved 5\.$/,
  ],
  [9, 0, 10, null],
  [11, 0, 10, /^Quota limit 11 for cores must be less than or equal to 10\.$/],
  [-1, 0, 10, /^Quota limit -1 for cores must be less than or equal to 10\.$/],
];

for (const [limit, least, most, refused] of set) {
  test(`a limit of ${limit} between ${least} and ${most} is ${refused ? 'refused' : 'taken'}`, () => {
    const bounds = between(least, most);
    if (refused) {
      assert.throws(() => checkLimits({ cores: limit }, bounds), { message: refused });
    } else checkLimits({ cores: limit }, bounds);
  });
}

test('a project keeps what it uses and what its users were promised', () => {
  assert.deepEqual(boundsOfProject(3, [2, 4, -1]), { least: 6, most: -1 });
  assert.deepEqual(boundsOfProject(9, [2]), { least: 9, most: -1 });
});

test('a user gets what the limits of the others leave of the project', () => {
  assert.deepEqual(boundsOfUser(20, 1, [5, 5]), { least: 1, most: 10 });
  assert.deepEqual(boundsOfUser(-1, 1, [5]), { least: 1, most: -1 });
  assert.deepEqual(boundsOfUser(5, 0, [9]), { least: 0, most: 0 });
});
