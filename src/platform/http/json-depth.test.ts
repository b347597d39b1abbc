/** Which bodies are nested too deeply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTooDeep } from './json-depth.ts';

const nested = (levels: number) => '[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2);

const bodies = [
  { what: 'nothing', body: '', tooDeep: false },
  { what: 'a hundred levels', body: nested(100), tooDeep: false },
  { what: 'more than a hundred levels', body: nested(102), tooDeep: true },
  { what: 'many things beside one another', body: `[${'[],'.repeat(500)}[]]`, tooDeep: false },
  { what: 'brackets in text', body: `["${'['.repeat(500)}"]`, tooDeep: false },
  { what: 'brackets after a quoted quote', body: `["\\"${'['.repeat(500)}"]`, tooDeep: false },
  { what: 'text that ends with a backslash', body: `["\\\\",${nested(120)}]`, tooDeep: true },
  { what: 'brackets that are never closed', body: '{'.repeat(500), tooDeep: true },
];

for (const { what, body, tooDeep } of bodies) {
  test(`${what}: ${tooDeep ? 'too deep' : 'not too deep'}`, () => {
    assert.equal(isTooDeep(Buffer.from(body)), tooDeep);
  });
}
