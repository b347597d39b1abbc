/** A link between control and an agent: lines both ways, and one end however it comes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { test } from 'node:test';
import { silentLog } from '../log.ts';
import { LineLink } from './host-protocol.ts';

function linkOn(stream: Duplex) {
  const lines: unknown[] = [];
  const ends: string[] = [];
  const on = { line: (message: unknown) => lines.push(message), end: () => ends.push('end') };
  return { link: new LineLink<unknown, unknown>(stream, silentLog(), on), lines, ends };
}

test('what one end sends the other takes in, line by line', async () => {
  const [inner, outer] = duplexPair();
  const { link } = linkOn(inner);
  const { lines } = linkOn(outer);
  link.send({ a: 1 });
  link.send({ b: 'two\nlines' });
  inner.end();
  await once(outer, 'end');
  assert.deepEqual(lines, [{ a: 1 }, { b: 'two\nlines' }]);
});

test('a stream that breaks ends the link once, and nothing else', async () => {
  const [inner] = duplexPair();
  const { link, ends } = linkOn(inner);
  const closed = new Promise((resolve) => inner.once('close', resolve));
  inner.destroy(new Error('write EPIPE'));
  await closed;
  link.send({ to: 'nobody' });
  assert.deepEqual(ends, ['end']);
});

test('a line that is no JSON breaks the link off', async () => {
  const [inner, outer] = duplexPair();
  const { lines, ends } = linkOn(inner);
  outer.write('{"half\n');
  await once(inner, 'close');
  assert.deepEqual(lines, []);
  assert.deepEqual(ends, ['end']);
});
