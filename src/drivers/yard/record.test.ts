/** The record of a yard, as it is read back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecord } from './record.ts';

const keeper = { pid: 4711, startTime: '99', bootId: 'b' };

test('a whole record is read as it was written', () => {
  const record = { keeper, rootless: true };
  assert.deepEqual(parseRecord(JSON.stringify(record)), record);
});

const broken = [
  '',
  '{"keeper": {"pid": 4711',
  'null',
  '[]',
  JSON.stringify({ keeper }),
  JSON.stringify({ keeper: { ...keeper, pid: '4711' }, rootless: false }),
  JSON.stringify({ keeper: { ...keeper, pid: 1 }, rootless: false }),
  JSON.stringify({ keeper: { ...keeper, pid: -5 }, rootless: false }),
  JSON.stringify({ keeper: { pid: 4711, bootId: 'b' }, rootless: false }),
];

for (const text of broken) {
  test(`a record that reads '${text}' counts as none`, () => {
    assert.equal(parseRecord(text), undefined);
  });
}
