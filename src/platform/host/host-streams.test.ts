/** Streams between two ends that are joined by nothing but calls: bytes, room, ends and refusals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { Fault } from '../fault.ts';
import { HostStreams, STREAM_WINDOW, type OpenMessage } from './host-streams.ts';

const CONSOLE = { server: 's', type: 'serial' } as const;

/** Two ends; `opens` decides what the far one does with a request. */
function join(opens: (far: HostStreams, message: OpenMessage) => void) {
  const said = { near: 0, far: 0 };
  const near: HostStreams = new HostStreams((message) => {
    if (message.type === 'data') said.near += message.bytes.length;
    queueMicrotask(() => (message.type === 'open' ? opens(far, message) : far.take(message)));
  });
  const far: HostStreams = new HostStreams((message) => {
    if (message.type === 'data') said.far += message.bytes.length;
    queueMicrotask(() => message.type !== 'open' && near.take(message));
  });
  return { near, far, said };
}

/** A stream that is open, from both sides. */
async function meet() {
  let other: Duplex | undefined;
  const ends = join((far, { stream }) => {
    other = far.accept(stream);
    far.opened(stream);
  });
  const stream = await ends.near.open(CONSOLE, AbortSignal.timeout(5000));
  assert.ok(other);
  return { ...ends, stream, other };
}

test('bytes go both ways, in order, many times what there is room for', async () => {
  const { stream, other } = await meet();
  other.pipe(other);
  const sent = Buffer.alloc(3 * STREAM_WINDOW + 17, 'abcdefg');
  stream.write(sent);
  const back: Buffer[] = [];
  for await (const chunk of stream) {
    back.push(chunk as Buffer);
    if (Buffer.concat(back).length >= sent.length) break;
  }
  assert.ok(Buffer.concat(back).equals(sent));
});

test('one who does not read is sent no more than there is room for', async () => {
  const { stream, other, said } = await meet();
  let done = false;
  stream.write(Buffer.alloc(3 * STREAM_WINDOW), () => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(said.near, base64(STREAM_WINDOW));
  assert.equal(done, false);
  let heard = 0;
  for await (const chunk of other) {
    heard += (chunk as Buffer).length;
    if (heard === 3 * STREAM_WINDOW) break;
  }
  assert.equal(done, true);
});

test('when one end ends, the other has read everything and ends too', async () => {
  const { stream, other } = await meet();
  other.end('the last words');
  const heard: Buffer[] = [];
  for await (const chunk of stream) heard.push(chunk as Buffer);
  assert.equal(Buffer.concat(heard).toString(), 'the last words');
  if (!other.destroyed) await once(other, 'close');
  if (!stream.destroyed) await once(stream, 'close');
});

test('a stream that breaks at one end breaks at the other, with the reason', async () => {
  const { stream, other } = await meet();
  other.on('error', () => undefined).destroy(new Fault('unavailable', 'Odd', 'It broke.'));
  await assert.rejects(once(stream, 'close'), { name: 'Fault', code: 'Odd', message: 'It broke.' });
});

test('a console that is refused is refused in the words of the host', async () => {
  const { near } = join((far, { stream }) => {
    const fault = new Fault('conflict', 'DomainNotRunning', 'It does not run.');
    far
      .accept(stream)
      .on('error', () => undefined)
      .destroy(fault);
  });
  const asked = near.open(CONSOLE, AbortSignal.timeout(5000));
  await assert.rejects(asked, { code: 'DomainNotRunning', message: 'It does not run.' });
});

test('who loses patience leaves nothing open at the other end', async () => {
  let other: Duplex | undefined;
  const { near } = join((far, { stream }) => (other = far.accept(stream)));
  const stop = new AbortController();
  const asked = near.open(CONSOLE, stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
  assert.ok(other);
  other.resume();
  if (!other.destroyed) await once(other, 'close');
  await assert.rejects(near.open(CONSOLE, stop.signal), /enough/);
});

test('when the link is gone, so is every stream, open or about to be', async () => {
  const { near, stream } = await meet();
  const half = join(() => undefined);
  const asked = half.near.open(CONSOLE, AbortSignal.timeout(5000));
  near.end();
  half.near.end();
  await assert.rejects(once(stream, 'close'), { code: 'HostDown' });
  await assert.rejects(asked, { code: 'HostDown' });
});

/** How many characters the whole window takes, line by line. */
function base64(bytes: number): number {
  const line = 32 * 1024;
  return (bytes / line) * Math.ceil(line / 3) * 4;
}
