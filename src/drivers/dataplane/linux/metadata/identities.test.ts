/** Numbers of ports, and the addresses that say them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address4Of, address6Of, Identities, markOf, numberOfAddress } from './identities.ts';

for (const number of [1, 255, 256, 65_535, 65_536, 0x7fffff]) {
  test(`number ${number} is read from the addresses that say it`, () => {
    const [four, six] = [address4Of(number), address6Of(number)];
    assert.equal(numberOfAddress(four), number);
    assert.equal(numberOfAddress(`::ffff:${four}`), number);
    // As the kernel writes it.
    assert.equal(numberOfAddress(new URL(`http://[${six}]/`).hostname.slice(1, -1)), number);
  });
}

for (const address of [
  '127.0.0.1',
  '127.127.0.1',
  '10.128.0.1',
  '::1',
  'fe80::1',
  '100:0:0:1::1',
  undefined,
]) {
  test(`address ${String(address)} says no number`, () => {
    assert.equal(numberOfAddress(address), undefined);
  });
}

test('marks say what they are of', () => assert.equal(markOf(0x7fffff), '0x4d7fffff'));

test('a number is another port only after all others had their turn', () => {
  const identities = new Identities();
  const first = identities.give('a');
  identities.free(first);
  assert.equal(identities.holder(first), undefined);
  const second = identities.give('b');
  assert.notEqual(second, first);
  assert.equal(identities.holder(second), 'b');
  assert.equal(identities.holder(undefined), undefined);
});
