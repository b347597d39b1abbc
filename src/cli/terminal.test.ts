/** Tables as a person sees them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#platform/fault.ts';
import { explain, table } from './terminal.ts';

test('a table is as wide as it needs to be', () => {
  assert.equal(table(['a', 'name'], [['1', 'x']], 80), 'a  name\n-  ----\n1  x');
});

test('a table that is too wide has its widest column wrapped at blanks', () => {
  const text = table(['', 'what'], [['ok', 'one two three four five six seven']], 28);
  assert.deepEqual(text.split('\n').slice(2), ['ok  one two three four five', '    six seven']);
  assert.ok(text.split('\n').every((line) => line.length <= 28));
});

test('a fault is explained without a stack, with the command that failed', () => {
  const detail = { line: 'ip link add', stderr: 'File exists' };
  const fault = new Fault('internal', 'CommandFailed', 'A command failed.', { detail });
  assert.equal(explain(fault, false), 'stackyard: A command failed.\n  ip link add\n  File exists');
  assert.match(explain(fault, true), /at /);
});
