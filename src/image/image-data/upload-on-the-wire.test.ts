/** Uploads over a real connection: broken off, refused half way, and larger than memory should grow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { OCTETS, qcow2Bytes, startImage, until } from '../testing.ts';

const MIB = 1 << 20;

async function startOnPort(options: Parameters<typeof startImage>[0] = {}) {
  const cloud = await startImage(options);
  await cloud.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = cloud.app.server.address() as AddressInfo;
  return { ...cloud, port, [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose]() };
}

async function put(port: number, id: string, bytes: Iterable<Buffer>): Promise<number> {
  const sent = request({
    port,
    method: 'PUT',
    path: `/image/v2/images/${id}/file`,
    headers: { 'x-auth-token': 'red', ...OCTETS },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  await pipeline(Readable.from(bytes), sent);
  const [response] = await answered;
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

function* qcow2ThenZeros(): Iterable<Buffer> {
  yield qcow2Bytes();
  for (let index = 0; index < 16; index += 1) yield Buffer.alloc(MIB);
}

function inUse(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

test('an upload whose client goes away leaves a queued image and no bytes', async () => {
  await using cloud = await startOnPort();
  const { id } = await cloud.as('red').make();
  const status = async () => (await cloud.as('red').get(`/v2/images/${id}`)).body.status as string;
  const socket = connect(cloud.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `PUT /image/v2/images/${id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: red\r\n` +
      'Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n',
  );
  socket.write(Buffer.alloc(200_000));
  await until(async () => (await status()) === 'saving' && (await cloud.files()).length === 1);
  socket.destroy();
  await until(async () => (await status()) === 'queued');
  await until(async () => (await cloud.files()).length === 0);
  assert.equal(await put(cloud.port, id, [Buffer.from('abc')]), 204);
});

test('a client whose upload is refused at its beginning is told so at its end', async () => {
  await using cloud = await startOnPort();
  const { id } = await cloud.as('red').make();
  assert.equal(await put(cloud.port, id, qcow2ThenZeros()), 415);
});

test('memory does not grow with the size of an upload', async () => {
  await using cloud = await startOnPort();
  const { id } = await cloud.as('red').make();
  const chunk = Buffer.alloc(256 * 1024);
  const before = inUse();
  let most = 0;
  function* bytes() {
    for (let index = 0; index < 192 * 4; index += 1) {
      most = Math.max(most, inUse() - before);
      yield chunk;
    }
  }
  assert.equal(await put(cloud.port, id, bytes()), 204);
  const { body } = await cloud.as('red').get(`/v2/images/${id}`);
  assert.equal(body.size, 192 * MIB);
  assert.ok(most < 96 * MIB, `memory grew by ${Math.round(most / MIB)} MiB`);
});
