/** Long lists over a socket, with members that come when the test says so. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import Fastify from 'fastify';
import type { Context } from '../context.ts';
import { silentLog } from '../log.ts';
import { LongList, membersOf, sendLongList } from './long-list.ts';

const IDS = Array.from({ length: 450 }, (_, index) => `id-${index}`);

/** A server whose list is read by `load`; what it logged as errors. */
async function serve(load: (ids: readonly string[]) => Promise<readonly string[]>) {
  const app = Fastify();
  const errors: unknown[] = [];
  const log = Object.assign(Object.create(silentLog), {
    error: ({ err }: { err: unknown }) => errors.push(err),
  });
  app.decorateRequest('ctx', null as unknown as Context);
  app.addHook('onRequest', async (request) => {
    request.ctx = { log } as Context;
  });
  app.get('/', async (_request, reply) => {
    const list = await membersOf(IDS, load);
    assert.ok(list instanceof LongList);
    return await sendLongList(reply, {
      name: 'things',
      list,
      show: (ids) => ids.map((id) => ({ id })),
      more: { links: [] },
    });
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, errors, app, [Symbol.asyncDispose]: async () => await app.close() };
}

async function responseOf(url: string): Promise<IncomingMessage> {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  return (await response.setEncoding('utf8').toArray()).join('');
}

test('the beginning of a long list arrives before its end is read', async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await serve(async (ids) => {
    if (!ids.includes('id-0')) await arrived.promise;
    return ids;
  });
  const response = await responseOf(server.url);
  assert.equal(response.headers['content-type'], 'application/json');
  await once(response, 'readable');
  // Nothing but this lets the second chunk be read.
  arrived.resolve();
  const body = JSON.parse(await textOf(response));
  assert.deepEqual(body, { things: IDS.map((id) => ({ id })), links: [] });
});

test('members that have gone are left out, even a whole chunk of them', async () => {
  for (const left of [[], ['id-0'], ['id-200', 'id-201'], ['id-449'], ['id-1', 'id-402']]) {
    await using server = await serve(async (ids) => ids.filter((id) => left.includes(id)));
    const body = JSON.parse(await textOf(await responseOf(server.url)));
    assert.deepEqual(body, { things: left.map((id) => ({ id })), links: [] });
  }
});

test('a failure before anything is sent is answered with a status', async () => {
  await using server = await serve(async () => {
    throw new Error('no rows');
  });
  const response = await responseOf(server.url);
  assert.equal(response.statusCode, 500);
  await textOf(response);
});

test('a failure in the middle breaks the connection off and is logged', async () => {
  await using server = await serve(async (ids) => {
    if (ids.includes('id-400')) throw new Error('the disk has gone');
    return ids;
  });
  const response = await responseOf(server.url);
  assert.equal(response.statusCode, 200);
  await assert.rejects(textOf(response), { code: 'ECONNRESET' });
  assert.deepEqual(server.errors.map(String), ['Error: the disk has gone']);
});

test('nothing more is read for a client that has left', async () => {
  const [second, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let reads = 0;
  await using server = await serve(async (ids) => {
    reads += 1;
    if (reads === 2) {
      second.resolve();
      await closed.promise;
    }
    return ids;
  });
  server.app.server.once('connection', (socket) => socket.once('close', () => closed.resolve()));
  const response = await responseOf(server.url);
  await second.promise;
  response.destroy();
  await closed.promise;
  // Whatever was still to come for the first would come before all of this.
  await textOf(await responseOf(server.url));
  assert.equal(reads, 2 + 3);
});

test('a list of one chunk is there at once', async () => {
  assert.deepEqual(await membersOf(['a', 'b'], async (ids) => ids), ['a', 'b']);
});
