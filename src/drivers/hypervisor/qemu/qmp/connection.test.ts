/** Proves how a QMP connection behaves towards a server that answers, refuses, stays silent or goes away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isQmpRefusal, isQmpUnreachable, openQmp, type QmpEvent } from './connection.ts';

const { signal } = new AbortController();
const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

type Request = { execute: string; arguments: Record<string, unknown>; id: string };

/** A socket that greets and gives each request to `answer`. */
async function startServer(answer: (request: Request, socket: Socket) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'qmp-'));
  const path = join(folder, 'qmp.sock');
  const server = createServer((socket) => {
    socket.write(GREETING);
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) answer(JSON.parse(line) as Request, socket);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  const events: QmpEvent[] = [];
  let closed = 0;
  const qmp = await openQmp(
    path,
    { onEvent: (event) => events.push(event), onClose: () => (closed += 1) },
    { signal },
  );
  return {
    qmp,
    events,
    closed: () => closed,
    [Symbol.asyncDispose]: async () => {
      qmp.close();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

function reply(socket: Socket, id: string, rest: object): void {
  socket.write(`${JSON.stringify({ ...rest, id })}\r\n`);
}

/** Answers like QEMU, but for the command `odd`, which `answer` is asked for. */
function like(answer: (request: Request, socket: Socket) => void) {
  return (request: Request, socket: Socket) => {
    if (request.execute === 'odd') answer(request, socket);
    else reply(socket, request.id, { return: { echo: request.arguments } });
  };
}

test('answers find their commands, whatever their order', async () => {
  const held: [string, Socket][] = [];
  await using server = await startServer(like(({ id }, socket) => held.push([id, socket])));
  const late = server.qmp.execute('odd', {}, { signal });
  const early = await server.qmp.execute('query-status', { a: 1 }, { signal });
  assert.deepEqual(early, { echo: { a: 1 } });
  const [[id, socket] = assert.fail('no request')] = held;
  reply(socket, id, { return: 'late' });
  assert.equal(await late, 'late');
});

test('a refusal becomes a fault that holds the reason', async () => {
  const error = { class: 'DeviceNotFound', desc: "Device 'x' not found" };
  await using server = await startServer(like(({ id }, socket) => reply(socket, id, { error })));
  const asked = server.qmp.execute('odd', {}, { signal });
  await assert.rejects(asked, (fault) => {
    assert.ok(isQmpRefusal(fault, 'not found'));
    assert.ok(!isQmpRefusal(fault, 'in use'));
    return true;
  });
});

test('an answer cut into pieces is put together', async () => {
  await using server = await startServer(
    like(({ id }, socket) => {
      const bytes = Buffer.from(`${JSON.stringify({ return: 'Grüße', id })}\r\n`);
      socket.write(bytes.subarray(0, 14));
      setImmediate(() => socket.write(bytes.subarray(14)));
    }),
  );
  assert.equal(await server.qmp.execute('odd', {}, { signal }), 'Grüße');
});

test('events are handed on, and wake whoever waits for the next one', async () => {
  await using server = await startServer(
    like(({ id }, socket) => {
      reply(socket, id, { return: {} });
      socket.write('{"event": "STOP", "timestamp": {}}\r\n');
    }),
  );
  const seen = server.qmp.eventCount;
  await server.qmp.execute('odd', {}, { signal });
  await server.qmp.nextEvent(seen, 10_000, signal);
  assert.deepEqual(server.events, [{ name: 'STOP', data: {} }]);
});

test('a command that is never answered times out, and its late answer harms nobody', async () => {
  const late: (() => void)[] = [];
  await using server = await startServer(
    like(({ id }, socket) => late.push(() => reply(socket, id, { return: 'too late' }))),
  );
  const asked = server.qmp.execute('odd', {}, { signal, timeoutMs: 20 });
  await assert.rejects(asked, { name: 'Fault', code: 'QmpTimeout', kind: 'unavailable' });
  for (const answer of late) answer();
  assert.deepEqual(await server.qmp.execute('query-status', {}, { signal }), { echo: {} });
});

test('a command can be broken off', async () => {
  await using server = await startServer(like(() => undefined));
  const stop = new AbortController();
  const asked = server.qmp.execute('odd', {}, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
});

const partings = [
  { how: 'goes away', last: '' },
  { how: 'talks nonsense', last: 'SSH-2.0-OpenSSH\r\n' },
];

for (const { how, last } of partings) {
  test(`when the other side ${how}, every command fails and the end is told once`, async () => {
    await using server = await startServer(like((_, socket) => socket.end(last)));
    const [first, second] = await Promise.allSettled([
      server.qmp.execute('odd', {}, { signal }),
      server.qmp.nextEvent(server.qmp.eventCount, 10_000, signal),
    ]);
    assert.equal(first.status, 'rejected');
    assert.equal(second.status, 'fulfilled');
    assert.equal(server.qmp.closed, true);
    await assert.rejects(server.qmp.execute('query-status', {}, { signal }), { name: 'Fault' });
    server.qmp.close();
    assert.equal(server.closed(), 1);
  });
}

test('a socket that nobody listens on is unreachable', async () => {
  const nobody = { onEvent: () => undefined, onClose: () => undefined };
  await assert.rejects(openQmp('/nonexistent/qmp.sock', nobody, { signal }), isQmpUnreachable);
});
