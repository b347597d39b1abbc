/** Numbers and what marks say of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markFrom, markTo, Numbers, portOfMark } from './marks.ts';

test('marks: a port has one for each direction, and both lead back to it', () => {
  for (const port of [8, 0x1fffffff]) {
    assert.equal(portOfMark(Number(markFrom(port))), port);
    assert.equal(portOfMark(Number(markTo(port))), port);
    assert.notEqual(markFrom(port), markTo(port));
  }
  assert.equal(markFrom(8), '0x80000010');
});

test('numbers: each name has its own and keeps it, and one that was freed is not given again soon', () => {
  const numbers = Numbers.forPorts(new Map([['a', 20]]));
  assert.equal(numbers.of('a'), 20);
  const b = numbers.of('b');
  assert.equal(numbers.of('b'), b);
  numbers.free('b');
  assert.notEqual(numbers.of('c'), b);
});

test('numbers: after the last comes the first that is free', () => {
  const numbers = Numbers.forNetworks(
    new Map([
      ['last', 0xfffe],
      ['first', 16],
    ]),
  );
  assert.equal(numbers.of('next'), 17);
});
