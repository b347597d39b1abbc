/** WebSockets beside the APIs: who is let in, what passes, what is bounded, and that nothing stays open. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair, type Duplex } from 'node:stream';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Fault } from '../fault.ts';
import { openLog, silentLog } from '../log.ts';
import { createHttpApp } from './http-app.ts';
import type { SocketDoor, SocketLimits } from './web-sockets.ts';

const echo: SocketDoor['open'] = async () => {
  const [near, far] = duplexPair();
  far.pipe(far);
  return near;
};

/** Never opens when it is told to be slow. */
const slow: SocketDoor['open'] = async (query, signal) => {
  if (!query.has('slow')) return await echo(query, signal);
  await once(signal, 'abort');
  throw signal.reason as Error;
};

/** A server with a door at `/door` for whoever shows the token `t`. */
async function startServer(
  open: SocketDoor['open'] = echo,
  limits: Partial<SocketLimits> = {},
  log = silentLog(),
) {
  const door: SocketDoor = {
    path: '/door',
    open: async (query, signal) => {
      if (query.get('token') !== 't') throw new Fault('forbidden', 'InvalidToken', 'No.');
      return await open(query, signal);
    },
  };
  const app = createHttpApp({
    services: [],
    doors: [door],
    socketLimits: limits,
    log,
    authenticate: async () => undefined,
    authUrl: () => '',
    signal: AbortSignal.timeout(20_000),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/door?token=t`;
  return { app, port, url, [Symbol.asyncDispose]: async () => await app.close() };
}

async function dial(url: string, options: object = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, ['binary'], options);
  await once(socket, 'open');
  return socket;
}

/** The status that an attempt is refused with. */
async function refusal(url: string, options: object = {}): Promise<number> {
  const socket = new WebSocket(url, ['binary'], options);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number },
  ];
  socket.on('error', () => undefined).terminate();
  return response.statusCode;
}

test('bytes pass both ways, with the protocol that clients ask for', async () => {
  await using server = await startServer();
  const socket = await dial(server.url);
  assert.equal(socket.protocol, 'binary');
  for (const text of ['one', 'x'.repeat(500_000)]) {
    socket.send(text);
    let heard = '';
    while (heard.length < text.length) {
      const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
      assert.equal(isBinary, true);
      heard += data.toString();
    }
    assert.equal(heard, text);
  }
  socket.close();
  await once(socket, 'close');
});

test('who shows no ticket, comes from the page of another host, or looks elsewhere is refused without a word', async () => {
  await using server = await startServer();
  const { url, port } = server;
  assert.equal(await refusal(url.replace('=t', '=bad')), 403);
  assert.equal(await refusal(url.replace('?token=t', '')), 403);
  for (const origin of ['http://evil.example', 'null', `http://127.0.0.2:${port}`]) {
    assert.equal(await refusal(url, { headers: { origin } }), 403, origin);
  }
  for (const origin of [`http://127.0.0.1:${port}`, 'https://127.0.0.1']) {
    (await dial(url, { headers: { origin } })).close();
  }
  assert.equal(await refusal(`ws://127.0.0.1:${port}/elsewhere?token=t`), 404);
});

test('a refusal has no body, which some clients would take for data', async () => {
  await using server = await startServer();
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
    'sec-websocket-version': '13',
  };
  const [answer] = (await once(
    request({ port: server.port, path: '/door?token=bad', headers }).end(),
    'response',
  )) as [NodeJS.ReadableStream & { statusCode: number }];
  assert.equal(answer.statusCode, 403);
  let body = '';
  for await (const chunk of answer) body += String(chunk);
  assert.equal(body, '');
});

test('plain HTTP that offers to upgrade is answered as ever', async () => {
  await using server = await startServer();
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' };
  const [answer] = (await once(
    request({ port: server.port, path: '/door', headers }).end(),
    'response',
  )) as [{ statusCode: number }];
  assert.equal(answer.statusCode, 404);
});

test('when what is behind the door ends, so does the connection, and the other way round', async () => {
  const behind: Duplex[] = [];
  await using server = await startServer(async () => {
    const [near, far] = duplexPair();
    behind.push(far);
    return near;
  });
  const one = await dial(server.url);
  behind[0]?.end('bye');
  const [data] = (await once(one, 'message')) as [Buffer];
  assert.equal(data.toString(), 'bye');
  await once(one, 'close');
  const two = await dial(server.url);
  two.terminate();
  const [, far] = behind;
  assert.ok(far);
  await once(far.resume(), 'end');
});

test('a client that does not read holds up what is behind its door, and no more than that is kept for it', async () => {
  let written = 0;
  let inner: Duplex | undefined;
  await using server = await startServer(async () => {
    const [near, far] = duplexPair();
    inner = far;
    return near;
  });
  const socket = await dial(server.url);
  socket.pause();
  assert.ok(inner);
  // Far more than any socket of this machine holds.
  while (written < 64 << 20 && inner.write(Buffer.alloc(1 << 20))) written += 1 << 20;
  assert.ok(written < 32 << 20, `${written} bytes`);
  socket.terminate();
});

test('messages, connections and patience have bounds', async () => {
  const limits = { connections: 2, messageBytes: 1000, openWithinMs: 50 };
  await using server = await startServer(slow, limits);
  assert.equal(await refusal(`${server.url}&slow=1`), 503);
  const loud = await dial(server.url);
  const ended = once(
    loud.on('error', () => undefined),
    'close',
  ) as Promise<[number]>;
  loud.send('x'.repeat(1001));
  assert.equal((await ended)[0], 1009);
  const both = [await dial(server.url), await dial(server.url)];
  assert.equal(await refusal(server.url), 503);
  for (const socket of both) socket.terminate();
});

test('a client that answers no more is given up', async () => {
  await using server = await startServer(echo, { pingMs: 30 });
  const socket = await dial(server.url, { autoPong: false });
  await once(socket, 'close');
});

test('nothing keeps the server from closing', async () => {
  const server = await startServer();
  const socket = await dial(server.url);
  const closed = once(
    socket.on('error', () => undefined),
    'close',
  );
  await server.app.close();
  await closed;
});

test('whoever reads the log of requests finds no ticket there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  try {
    const path = join(directory, 'log');
    await using server = await startServer(echo, {}, openLog('test', 'info', path));
    const secret = 'f3b1a5c0-secret';
    const asked = [
      `/serial?a=1&token=${secret}&b=2`,
      `/novnc/vnc_auto.html?path=novnc%2Fwebsockify%3Ftoken%3D${secret}`,
      `/compute/v2.1/os-console-auth-tokens/${secret}?a=1`,
    ];
    for (const url of asked) await server.app.inject({ method: 'GET', url });
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    assert.equal(lines.filter((line) => line.includes('"msg":"request"')).length, asked.length);
    assert.deepEqual(
      lines.filter((line) => line.includes(secret)),
      [],
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
