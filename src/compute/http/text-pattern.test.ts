/** Patterns: what they match, what is refused, and that none of them can take long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textPattern } from './text-pattern.ts';

const matched: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['', 'anything', true],
  ['web', 'my-WEB-1', true],
  ['web', 'wb', false],
  ['^web', 'web-1', true],
  ['^web', 'my-web', false],
  ['1$', 'web-1', true],
  ['1$', 'web-12', false],
  ['^$', '', true],
  ['^$', 'a', false],
  ['w.b', 'wob', true],
  ['we*b', 'wb', true],
  ['we+b', 'wb', false],
  ['we+b', 'weeeb', true],
  ['we?b', 'web', true],
  ['a|b', 'xbx', true],
  ['^(a|b)c$', 'bc', true],
  ['^(a|b)c$', 'cc', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[]x]', ']', true],
  ['\\d+\\.\\d', 'v 12.5', true],
  ['\\.', 'a', false],
  ['(ab)*$', 'xabab', true],
  ['é+', 'ééé', true],
];
for (const [pattern, text, matches] of matched) {
  test(`'${pattern}' ${matches ? 'matches' : 'does not match'} '${text}'`, () => {
    assert.equal(textPattern(pattern).matches(text), matches);
  });
}

for (const pattern of ['(', 'a)', '[a', '*', 'a{2}', '(?:a)', '\\', '('.repeat(3000)]) {
  test(`'${pattern.slice(0, 10)}' is refused`, () => {
    assert.throws(() => textPattern(pattern), { name: 'Fault', kind: 'invalid' });
  });
}

test('a pattern that makes others try every way takes no longer than any other', () => {
  const pattern = textPattern('(a+)+(a*)*(a|a)*b$');
  // A backtracking matcher would try 2^250 ways.
  assert.equal(pattern.matches('a'.repeat(250)), false);
});
