/** What Python would print, value by value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonRepr, pythonStr } from './python.ts';

const printed: readonly [unknown, string][] = [
  [null, 'None'],
  [undefined, 'None'],
  [true, 'True'],
  ['a', "'a'"],
  ["it's", '"it\'s"'],
  ['both \' and "', "'both \\' and \"'"],
  ['tab\tand \\', "'tab\\tand \\\\'"],
  ['\u0001', "'\\x01'"],
  ['é', "'é'"],
  [[1, 'x', null], "[1, 'x', None]"],
  [{ a: { b: [] } }, "{'a': {'b': []}}"],
];

for (const [value, text] of printed) {
  test(`Python prints ${JSON.stringify(value)} as ${text}`, () => {
    assert.equal(pythonRepr(value), text);
  });
}

test('str() leaves a string without quotes', () => {
  assert.equal(pythonStr("it's"), "it's");
  assert.equal(pythonStr(['x']), "['x']");
});
