/** The terminal of the serial page: what guests write, and what is then to be seen; what keys send. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

type Terminal = {
  write(text: string): void;
  text(): { before: string; under: string; after: string };
};
type Key = { readonly key: string } & Partial<
  Record<'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey', boolean>
>;

// It is made for browsers, without types.
const page = (await import(join(import.meta.dirname, 'pages', 'terminal.js'))) as {
  readonly Terminal: new (columns: number, rows: number) => Terminal;
  readonly keyBytes: (key: Key) => string | undefined;
};

/** What is to be seen, with the cursor as `_`, without spaces at the ends of lines. */
function shown(text: string, columns = 10, rows = 3): string {
  const terminal = new page.Terminal(columns, rows);
  terminal.write(text);
  const { before, under, after } = terminal.text();
  return `${before}_${under}${after}`.replaceAll(/ +$/gm, '');
}

const cases: readonly [what: string, written: string, seen: string][] = [
  ['text and line ends', 'ab\r\ncd', 'ab\ncd_'],
  ['a line that is written over', 'abc\rX', 'X_bc'],
  ['a line that is too long', '0123456789ab', '0123456789\nab_'],
  ['more lines than there are rows', '1\r\n2\r\n3\r\n4', '1\n2\n3\n4_'],
  ['a character that is taken back', 'ab\b \b', 'a_'],
  ['a tab', 'a\tb', 'a       b_'],
  ['colours and modes', '\x1b[1;31mred\x1b[0m\x1b[?25l\x1b[?2004h', 'red_'],
  ['a cursor that is moved', 'abc\x1b[2D', 'a_bc'],
  ['a cursor that is put somewhere', '\x1b[2;3Hx', '\n  x_'],
  ['the rest of a line that is erased', 'abc\r\x1b[K', '_'],
  ['a screen that is erased', 'old\x1b[2J\x1b[Hnew', 'old\nnew_'],
  ['the rest of a screen that is erased', 'a\r\nb\r\nc\x1b[1;1H\x1b[J', '_'],
  ['a place that is remembered', 'a\x1b7bc\x1b8X', 'aX_c'],
  ['characters that are taken out and put in', 'abcd\r\x1b[2P\x1b[1@', '_ cd'],
  ['a title', '\x1b]0;root@tiny\x07$', '$_'],
  ['a sequence that makes no sense', '\x1b[12;999zok', 'ok_'],
  ['a choice of characters', '\x1b(Bok', 'ok_'],
  [
    'numbers beyond all bounds',
    '\x1b[99999999;99999999Hx\x1b[99999999@\x1b[99999999P',
    '\n\n         x_',
  ],
];

for (const [what, written, seen] of cases) {
  test(`a terminal shows ${what}`, () => {
    assert.equal(shown(written), seen);
    // However it is cut into pieces.
    const terminal = new page.Terminal(10, 3);
    for (const character of written) terminal.write(character);
    const { before, under, after } = terminal.text();
    assert.equal(`${before}_${under}${after}`.replaceAll(/ +$/gm, ''), seen);
  });
}

test('a terminal keeps the latest lines, and not all', () => {
  const seen = shown(Array.from({ length: 5000 }, (_none, index) => `${index}\r\n`).join(''));
  const lines = seen.split('\n');
  assert.ok(lines.length >= 1000 && lines.length <= 2003, `${lines.length} lines`);
  assert.equal(lines.at(-2), '4999');
});

const keys: readonly [Key, string | undefined][] = [
  [{ key: 'a' }, 'a'],
  [{ key: 'ü' }, 'ü'],
  [{ key: 'Enter' }, '\r'],
  [{ key: 'Backspace' }, '\x7f'],
  [{ key: 'ArrowUp' }, '\x1b[A'],
  [{ key: 'c', ctrlKey: true }, '\x03'],
  [{ key: ']', ctrlKey: true }, '\x1d'],
  [{ key: 'b', altKey: true }, '\x1bb'],
  [{ key: '@', altKey: true, ctrlKey: true }, '@'],
  [{ key: 'Shift' }, undefined],
  [{ key: 'v', ctrlKey: true }, undefined],
  [{ key: 'C', ctrlKey: true, shiftKey: true }, undefined],
  [{ key: 'r', metaKey: true }, undefined],
];

test('keys send what terminals send, and some stay the browser’s', () => {
  for (const [key, sent] of keys) assert.equal(page.keyBytes(key), sent, JSON.stringify(key));
});
