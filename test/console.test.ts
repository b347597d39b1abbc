/** Consoles through the whole of a cloud, with a host that is pretended: API, WebSocket, host protocol, agent and back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { FLAVOR, IMAGE, startTestCloud } from './support/start-cloud.ts';
import { waitFor } from './support/wait-for.ts';

const SERVERS = '/compute/v2.1/servers';
const V290 = { 'openstack-api-version': 'compute 2.90' };

/** A cloud that listens, with a server that seems to run. */
async function startWithServer() {
  const cloud = await startTestCloud({ furnished: true });
  await cloud.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = cloud.app.server.address() as AddressInfo;
  const demo = cloud.as('demo');
  const server = { name: 'vm', imageRef: IMAGE, flavorRef: FLAVOR, networks: 'none' };
  const made = await demo.post(SERVERS, { server }, V290);
  assert.equal(made.status, 202, made.text);
  const id = made.body.server.id as string;
  await cloud.idle();
  /** The address of a WebSocket. */
  const socketUrl = async (protocol: string, type: string): Promise<string> => {
    const wanted = { remote_console: { protocol, type } };
    const { body, text } = await demo.post(`${SERVERS}/${id}/remote-consoles`, wanted, V290);
    assert.ok(body.remote_console, text);
    const url = new URL(body.remote_console.url as string);
    const path = url.searchParams.get('path');
    return `ws://127.0.0.1:${port}${path === null ? url.pathname + url.search : `/${path}`}`;
  };
  return { cloud, demo, id, socketUrl };
}

/** What a client hears, as one text. */
function listenTo(socket: WebSocket): () => string {
  let heard = '';
  socket.on('message', (data: Buffer) => (heard += data.toString()));
  return () => heard;
}

test('who has the address of a serial port hears what the guest says, and it hears them', async () => {
  const { cloud, socketUrl } = await startWithServer();
  await using _ = cloud;
  const url = await socketUrl('serial', 'serial');
  const [one, two] = [new WebSocket(url), new WebSocket(url)];
  const [heard, other] = [listenTo(one), listenTo(two)];
  await waitFor(
    'both are told what was said',
    () => /started/.test(heard()) && /started/.test(other()),
  );
  const typed = 'x'.repeat(400_000);
  one.send(typed);
  await waitFor('all of it comes back', () => heard().endsWith(typed));
  for (const socket of [one, two]) {
    socket.close();
    await once(socket, 'close');
  }
});

test('a console ends with its guest, and there is none of one that is off or pretended to have a screen', async () => {
  const { cloud, demo, id, socketUrl } = await startWithServer();
  await using _ = cloud;
  const url = await socketUrl('serial', 'serial');
  const socket = new WebSocket(url);
  await once(socket, 'message');
  const closed = once(socket, 'close');
  const screen = new WebSocket(await socketUrl('vnc', 'novnc'));
  assert.equal(await statusOf(screen), 503);
  await demo.post(`${SERVERS}/${id}/action`, { 'os-stop': null });
  await closed;
  await cloud.idle();
  assert.equal(await statusOf(new WebSocket(url)), 503);
  const wanted = { remote_console: { protocol: 'vnc', type: 'novnc' } };
  const off = await demo.post(`${SERVERS}/${id}/remote-consoles`, wanted, V290);
  assert.equal(off.status, 409);
  // The same ticket, while it lasts.
  await demo.post(`${SERVERS}/${id}/action`, { 'os-start': null });
  await cloud.idle();
  const again = new WebSocket(url);
  await once(again, 'message');
  again.terminate();
});

test('a cloud that goes down waits for no console', async () => {
  const { cloud, socketUrl } = await startWithServer();
  const socket = new WebSocket(await socketUrl('serial', 'serial'));
  await once(socket, 'message');
  const closed = once(
    socket.on('error', () => undefined),
    'close',
  );
  await cloud[Symbol.asyncDispose]();
  await closed;
});

/** The status that an attempt is refused with. */
async function statusOf(socket: WebSocket): Promise<number> {
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number },
  ];
  socket.on('error', () => undefined).terminate();
  return response.statusCode;
}
