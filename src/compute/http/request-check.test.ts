/** Checks of requests: numbers as text, and nothing that takes long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestCheck } from './request-check.ts';
import { POSITIVE } from './schema-parts.ts';
import { isTime, storedTime } from './times.ts';

const check = new RequestCheck();
const body = (value: unknown) => () =>
  check.body({ type: 'object', properties: { n: POSITIVE } }, 1, { n: value });

for (const value of [1, '1', 2147483647, '2147483647']) {
  test(`${JSON.stringify(value)} is a positive number`, () => {
    assert.doesNotThrow(body(value));
  });
}
for (const value of [0, '0', '', -1, 2147483648, '2147483648', '9'.repeat(400), 1.5, null, 'x']) {
  test(`${JSON.stringify(value).slice(0, 20)} is no positive number`, () => {
    assert.throws(body(value), { name: 'Fault', kind: 'invalid' });
  });
}

test('base64 that ends badly after many spaces is refused as quickly as any', () => {
  const schema = { type: 'string', format: 'base64' };
  // A pattern that tried every way would take minutes.
  assert.throws(() => check.body(schema, 1, `${' '.repeat(500_000)}*`), { kind: 'invalid' });
  assert.doesNotThrow(() => check.body(schema, 1, ' YQ = ='));
});

const times: readonly (readonly [text: string, stored: string])[] = [
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02T03:04:05', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02 03:04', '2026-01-02T03:04:00.000Z'],
  ['2026-01-02', '2026-01-02T00:00:00.000Z'],
  ['2026-01-02T03:04:05.678+01:00', '2026-01-02T02:04:05.678Z'],
  ['2026-01-02T03:04:05 +0100', '2026-01-02T02:04:05.000Z'],
  ['2026-01-02T03:04:05 01:00', '2026-01-02T02:04:05.000Z'],
  ['2026-01-02T03:04:05-01:00', '2026-01-02T04:04:05.000Z'],
];
for (const [text, stored] of times) {
  test(`'${text}' is ${stored}`, () => {
    assert.equal(storedTime(text), stored);
  });
}
for (const text of ['2026/01/02', 'today', '2026-13-01', '2026-01-01T25:00:00', '']) {
  test(`'${text}' is no time`, () => {
    assert.equal(isTime(text), false);
  });
}
