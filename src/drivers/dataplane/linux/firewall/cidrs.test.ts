/** CIDRs as sets want them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outermostOf, sayCidr } from './cidrs.ts';

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'single addresses have no length',
    ['10.0.0.1/32', '2001:db8::1/128'],
    ['10.0.0.1', '2001:db8::1'],
  ],
  ['what is said twice is there once', ['10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8']],
  [
    'what lies within another is left out, whichever comes first',
    ['10.1.0.0/16', '10.0.0.0/8', '10.1.2.3/32'],
    ['10.0.0.0/8'],
  ],
  [
    'everything holds everything of its own kind',
    ['0.0.0.0/0', '10.0.0.0/8', '2001:db8::/32'],
    ['0.0.0.0/0', '2001:db8::/32'],
  ],
  ['neighbours stay apart', ['10.0.0.0/9', '10.128.0.0/9'], ['10.0.0.0/9', '10.128.0.0/9']],
  ['what is no CIDR is left out', ['10.0.0.0/33', 'x', ''], []],
];

for (const [name, given, kept] of cases) {
  test(`cidrs: ${name}`, () => assert.deepEqual(outermostOf(given).map(sayCidr), kept));
}
