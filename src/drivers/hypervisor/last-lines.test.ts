/** Proves which lines are the last ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLines } from './last-lines.ts';

const cases = [
  { text: 'a\nb\nc\n', lines: 2, last: 'b\nc\n' },
  { text: 'a\nb\nc', lines: 2, last: 'b\nc' },
  { text: 'a\nb\nc\n', lines: 3, last: 'a\nb\nc\n' },
  { text: 'a\nb\nc\n', lines: 99, last: 'a\nb\nc\n' },
  { text: '\n\n\n', lines: 2, last: '\n\n' },
  { text: 'a', lines: 1, last: 'a' },
  { text: '', lines: 5, last: '' },
  { text: 'a\nb\n', lines: 0, last: '' },
];

for (const { text, lines, last } of cases) {
  test(`the last ${lines} lines of ${JSON.stringify(text)} are ${JSON.stringify(last)}`, () => {
    assert.equal(lastLines(text, lines), last);
  });
}
