/** The guest's reader of JSON, run by the shell tool that runs it there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../run.ts';
import { TINY_SOURCES } from './guest-tree.ts';

const READER = join(TINY_SOURCES, 'lib/tiny/json.awk');

async function read(text: string, want: string): Promise<string> {
  const signal = AbortSignal.timeout(10_000);
  return await run('busybox', ['awk', '-v', `want=${want}`, '-f', READER], { signal, input: text });
}

const metadata = JSON.stringify({
  uuid: 'u-1',
  hostname: 'web-1.example',
  public_keys: { 'my.key': 'ssh-ed25519 AAAA me\n', other: 'ssh-rsa BBBB\n' },
  keys: [{ name: 'k', data: 'd' }, { name: 'l' }],
  meta: { hostname: 'not this one', empty: {}, list: [] },
  launch_index: 0,
  on: true,
  nothing: null,
});

const cases = [
  { why: 'a name at the top only', text: metadata, want: '^hostname$', printed: 'web-1.example\n' },
  {
    why: 'every member of an object',
    text: metadata,
    want: '^public_keys/',
    printed: 'ssh-ed25519 AAAA me\nssh-rsa BBBB\n',
  },
  {
    why: 'members of a list by their index',
    text: metadata,
    want: '^keys/1/name$',
    printed: 'l\n',
  },
  {
    why: 'numbers, true and null',
    text: metadata,
    want: '^(launch_index|on|nothing)$',
    printed: '0\ntrue\nnull\n',
  },
  { why: 'nothing for a name that is not there', text: metadata, want: '^user$', printed: '' },
  {
    why: 'spaces and line ends anywhere',
    text: '{ "a" :\n [ 1 , 2 ]\n}\n',
    want: '^a/',
    printed: '1\n2\n',
  },
  { why: 'escapes', text: '{"a": "q\\"b\\\\s\\/n\\tt"}', want: '^a$', printed: 'q"b\\s/n\tt\n' },
  {
    why: 'escaped characters of one, two and three bytes',
    text: '{"a": "\\u0041\\u00e9\\u20ac"}',
    want: '^a$',
    printed: 'Aé€\n',
  },
  { why: 'characters as they are', text: '{"a": "é€😀"}', want: '^a$', printed: 'é€😀\n' },
  {
    why: 'braces and quotes inside strings',
    text: '{"a": "}{][,:", "b": "x"}',
    want: '^b$',
    printed: 'x\n',
  },
];
for (const { why, text, want, printed } of cases) {
  test(`the guest reads from JSON ${why}`, async () => {
    assert.equal(await read(text, want), printed);
  });
}

for (const text of ['{"a": ', '{"a" 1}', '{"a": "open']) {
  test(`the guest refuses ${text}`, async () => {
    await assert.rejects(read(text, '.'));
  });
}
