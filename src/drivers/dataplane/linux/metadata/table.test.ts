/** The rules by which who asks is known. That they hold is tried against the kernel, in `test/metadata/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeTable, makeTable } from './table.ts';

const OPTIONS = { links: ['ns-net'], alone: true, egress: true };
const one = { link: 'ns-net', mac: 'fa:16:3e:00:00:01', number: 1 };
const other = { link: 'ns-net', mac: 'fa:16:3e:00:00:02', number: 0x10002 };

test('a port that comes for another is elements, and no rule', () => {
  assert.deepEqual(changeTable([one], [other], OPTIONS).split('\n'), [
    'delete element inet stackyard-metadata askers { "ns-net" . fa:16:3e:00:00:01 }',
    'delete element inet stackyard-metadata speakers { "ns-net" . fa:16:3e:00:00:01 . 0x4d000001 }',
    'delete element inet stackyard-metadata addresses4 { 0x4d000001 }',
    'delete element inet stackyard-metadata addresses6 { 0x4d000001 }',
    'delete element netdev stackyard-metadata cards { "ns-net" . 0x4d000001 }',
    'add element inet stackyard-metadata askers { "ns-net" . fa:16:3e:00:00:02 : 0x4d010002 }',
    'add element inet stackyard-metadata speakers { "ns-net" . fa:16:3e:00:00:02 . 0x4d010002 }',
    'add element inet stackyard-metadata addresses4 { 0x4d010002 : 127.129.0.2 }',
    'add element inet stackyard-metadata addresses6 { 0x4d010002 : 100::1:2 }',
    'add element netdev stackyard-metadata cards { "ns-net" . 0x4d010002 : fa:16:3e:00:00:02 }',
    '',
  ]);
});

test('a port that is reached by two links of a router is one number and two cards', () => {
  const text = changeTable([], [one, { ...one, link: 'qr-1' }], OPTIONS);
  assert.match(text, /addresses4 \{ 0x4d000001 : 127\.128\.0\.1 \}/);
  assert.match(text, /askers \{ "ns-net" \. \S+ : \S+, "qr-1" \. \S+ : \S+ \}/);
});

test('each link has its own hook where frames leave; without such hooks there is no table of them', () => {
  const text = makeTable([one], { links: ['qr-1', 'qr-2'], alone: false, egress: true });
  assert.deepEqual(text.match(/device "[^"]+"/g), ['device "qr-1"', 'device "qr-2"']);
  assert.doesNotMatch(text, /notrack/, 'what a router translates is tracked');
  assert.doesNotMatch(makeTable([one], { ...OPTIONS, egress: false }), /netdev/);
});
