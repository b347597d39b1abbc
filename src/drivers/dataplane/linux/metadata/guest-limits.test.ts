/** How much one port may ask. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuestLimits } from './guest-limits.ts';

function askAll(limits: GuestLimits, number: number, times: number): number {
  let answered = 0;
  for (let time = 0; time < times; time += 1) {
    if (!limits.begin(number)) continue;
    answered += 1;
    limits.done(number);
  }
  return answered;
}

test('a port may ask what a boot takes at once, and then so much a second; others are not touched', () => {
  let now = 0;
  const limits = new GuestLimits(() => now);
  assert.equal(askAll(limits, 1, 1000), 300);
  assert.equal(askAll(limits, 2, 100), 100);
  now += 1000;
  assert.equal(askAll(limits, 1, 1000), 50);
  now += 3_600_000;
  assert.equal(askAll(limits, 1, 1000), 300);
});

test('no more than some questions of a port are under way', () => {
  const limits = new GuestLimits(() => 0);
  const begun = Array.from({ length: 20 }, () => limits.begin(1));
  assert.equal(begun.filter(Boolean).length, 8);
  limits.done(1);
  assert.equal(limits.begin(1), true);
  assert.equal(limits.begin(1), false);
});
