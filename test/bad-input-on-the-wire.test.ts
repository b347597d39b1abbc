/** Clients that are slow, rude or not HTTP at all, over a real socket: each is let go of in time, and the others are served. */
import assert from 'node:assert/strict';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { startTestCloud } from './support/start-cloud.ts';
import { waitFor } from './support/wait-for.ts';

const PATIENCE = { headers: 400, body: 400, silence: 1500 };
/** Far longer than any patience here: reached only by a server that waits for ever. */
const TOO_LONG_MS = 15_000;

const cloud = await startTestCloud({ furnished: true, patience: PATIENCE });
await cloud.app.listen({ host: '127.0.0.1', port: 0 });
after(async () => await cloud[Symbol.asyncDispose]());
const { port } = cloud.app.server.address() as AddressInfo;
const { token } = await cloud.as('demo').client();

const head = (method: string, path: string, ...headers: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: cloud', `X-Auth-Token: ${token}`, ...headers].join('\r\n');
const JSON_BODY = 'Content-Type: application/json';
const NETWORKS = '/networking/v2.0/networks';

/** What came back on a connection, once the server has closed it. */
async function talk(say: (socket: Socket) => Promise<void> | void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A server that has refused may close while we still send.
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    socket.once('close', () => resolve());
    socket.setTimeout(TOO_LONG_MS, () => reject(new Error('the server never closed')));
  });
  try {
    await say(socket);
    await ended;
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks).toString('latin1');
}

const statusesOf = (text: string) =>
  [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, code]) => code);

/** Sends a byte at a time until the server has had enough. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const char of text) {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(char);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

const large = 'x'.repeat(3 << 20);
const rude = [
  {
    what: 'says nothing at all',
    say: () => undefined,
    statuses: ['408'],
  },
  {
    what: 'never ends its headers',
    say: (socket: Socket) => void socket.write(`${head('GET', NETWORKS)}\r\nX-Slow: `),
    statuses: ['408'],
  },
  {
    what: 'drips its headers',
    say: async (socket: Socket) => await drip(socket, head('GET', NETWORKS).padEnd(2000, 'x')),
    statuses: ['408'],
  },
  {
    what: 'never sends the body that it announced',
    say: (socket: Socket) =>
      void socket.write(`${head('POST', NETWORKS, JSON_BODY, 'Content-Length: 100')}\r\n\r\n{`),
    statuses: ['400'],
  },
  {
    what: 'drips its body',
    say: async (socket: Socket) => {
      socket.write(`${head('POST', NETWORKS, JSON_BODY, 'Content-Length: 5000')}\r\n\r\n`);
      await drip(socket, ' '.repeat(1000));
    },
    statuses: ['400'],
  },
  {
    what: 'does not speak HTTP',
    say: (socket: Socket) => void socket.write('\u0016\u0003\u0001\u0002garbage\r\n\r\n'),
    statuses: ['400'],
  },
  {
    // The HTTP parser refuses the connection before the good request is answered.
    what: 'follows a good request with garbage',
    say: (socket: Socket) =>
      void socket.write(`${head('GET', NETWORKS)}\r\n\r\n\0\0garbage\r\n\r\n`),
    statuses: ['400'],
  },
  {
    what: 'announces its length twice',
    say: (socket: Socket) =>
      void socket.write(
        `${head('POST', NETWORKS, JSON_BODY, 'Content-Length: 2', 'Content-Length: 3')}\r\n\r\n{}`,
      ),
    statuses: ['400'],
  },
  {
    what: 'announces a length and chunks',
    say: (socket: Socket) =>
      void socket.write(
        `${head('POST', NETWORKS, JSON_BODY, 'Content-Length: 2', 'Transfer-Encoding: chunked')}\r\n\r\n0\r\n\r\n`,
      ),
    statuses: ['400'],
  },
  {
    what: 'sends chunks that are none',
    say: (socket: Socket) =>
      void socket.write(
        `${head('POST', NETWORKS, JSON_BODY, 'Transfer-Encoding: chunked')}\r\n\r\nzz\r\n`,
      ),
    statuses: ['400'],
  },
  {
    what: 'sends more than the limit in chunks',
    say: (socket: Socket) =>
      void socket.write(
        `${head('POST', NETWORKS, JSON_BODY, 'Transfer-Encoding: chunked')}\r\n\r\n` +
          `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
      ),
    statuses: ['413'],
  },
  {
    what: 'announces more than the limit',
    say: (socket: Socket) =>
      void socket.write(
        `${head('POST', NETWORKS, JSON_BODY, 'Content-Length: 99999999999')}\r\n\r\n`,
      ),
    statuses: ['413'],
  },
  {
    what: 'sends a header that is too large',
    say: (socket: Socket) => void socket.write(`${head('GET', NETWORKS, `X-A: ${large}`)}\r\n\r\n`),
    statuses: ['431'],
  },
  {
    what: 'sends an address that is too long',
    say: (socket: Socket) => void socket.write(`${head('GET', `/${large}`)}\r\n\r\n`),
    statuses: ['431'],
  },
  {
    what: 'does not say which host it means',
    say: (socket: Socket) => void socket.write(`GET ${NETWORKS} HTTP/1.1\r\n\r\n`),
    statuses: ['400'],
  },
  {
    what: 'speaks of a method that nobody knows',
    say: (socket: Socket) => void socket.write(`${head('BREW', NETWORKS)}\r\n\r\n`),
    statuses: ['400'],
  },
  {
    what: 'wants another protocol',
    say: (socket: Socket) =>
      void socket.write(
        `${head('GET', NETWORKS, 'Connection: Upgrade, close', 'Upgrade: websocket')}\r\n\r\n`,
      ),
    statuses: ['200'],
  },
] as const;

for (const { what, say, statuses } of rude) {
  test(`a client that ${what} is answered ${statuses.join(' and ')} and let go of`, async () => {
    const answer = await talk(say);
    assert.deepEqual(statusesOf(answer), [...statuses], answer.slice(0, 500));
    const { status } = await cloud.as('demo').get(NETWORKS);
    assert.equal(status, 200);
  });
}

test('an upload that breaks off leaves the image queued and no bytes behind', async () => {
  const made = await cloud.as('demo').post('/image/v2/images', {
    name: 'broken',
    disk_format: 'raw',
    container_format: 'bare',
  });
  const kept = cloud.blobs.kept.size;
  const socket = connect(port, '127.0.0.1');
  const path = `/image/v2/images/${made.body.id}/file`;
  const type = 'Content-Type: application/octet-stream';
  socket.write(`${head('PUT', path, type, 'Content-Length: 100000')}\r\n\r\n${'x'.repeat(1000)}`);
  await waitFor('the upload has begun', () => cloud.blobs.unfinished.size > 0);
  socket.destroy();
  await waitFor('the upload is given up', () => cloud.blobs.unfinished.size === 0);
  await waitFor('the image is queued', async () => {
    const { body } = await cloud.as('demo').get(`/image/v2/images/${made.body.id}`);
    return body.status === 'queued';
  });
  assert.equal(cloud.blobs.kept.size, kept);
});

test('two hundred clients that wait in silence keep nobody else from being served', async () => {
  const idle = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
  for (const socket of idle) socket.on('error', () => undefined);
  const answer = await talk((socket) => {
    socket.write(`${head('GET', NETWORKS, 'Connection: close')}\r\n\r\n`);
  });
  assert.deepEqual(statusesOf(answer), ['200']);
  const closed = Promise.all(
    idle.map(async (socket) => {
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    }),
  );
  // Reading is what tells that the server has closed.
  for (const socket of idle) socket.resume();
  await closed;
});
