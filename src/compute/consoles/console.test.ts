/** Tickets to consoles over HTTP: who gets one, in which words others are refused, and what a ticket opens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ConsoleRef } from '#base/host/console.ts';
import { ComputeWorld, IMAGE, NET_1 } from '../fake/compute-world.ts';

const patience = () => AbortSignal.timeout(5000);
const novnc = { remote_console: { protocol: 'vnc', type: 'novnc' } };
const serial = { remote_console: { protocol: 'serial', type: 'serial' } };

/** The ticket in the address of a console. */
function tokenIn(url: string): string {
  const { searchParams } = new URL(url);
  const path = searchParams.get('path');
  const query = path === null ? searchParams : new URL(path, 'http://cloud').searchParams;
  return query.get('token') ?? '';
}

const [screens, serials] = ['/novnc/websockify', '/serial'];

async function enter(world: ComputeWorld, path: string | undefined, token: string) {
  const door = world.compute.doors.find((one) => one.path === path);
  assert.ok(door);
  return await door.open(new URLSearchParams({ token }), patience());
}

test('a console has an address with a ticket, under its microversion, as Nova words it', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const path = `/servers/${id}/remote-consoles`;
  const { status, body } = await world.as('red', '2.6').post(path, novnc);
  assert.equal(status, 200);
  const { url, ...rest } = body.remote_console;
  assert.deepEqual(rest, { protocol: 'vnc', type: 'novnc' });
  assert.match(
    url,
    /^http:\/\/localhost:80\/novnc\/vnc_auto\.html\?path=novnc%2Fwebsockify%3Ftoken%3D[0-9a-f-]{36}$/,
  );
  const other = (await world.as('red', '2.104').post(path, serial)).body.remote_console.url;
  assert.match(other, /^ws:\/\/localhost:80\/serial\?token=[0-9a-f-]{36}$/);
  const old = world.as('red', '2.5');
  const tooOld = await old.post(path, novnc);
  assert.equal(tooOld.status, 404);
  for (const [action, type] of [
    ['os-getVNCConsole', 'novnc'],
    ['os-getSerialConsole', 'serial'],
  ] as const) {
    const { body: made } = await old.post(`/servers/${id}/action`, { [action]: { type } });
    assert.equal(made.console.type, type);
    assert.notEqual(tokenIn(made.console.url), '');
    const gone = await world.as('red', '2.6').post(`/servers/${id}/action`, { [action]: { type } });
    assert.equal(gone.status, 404);
    assert.equal(
      gone.body.itemNotFound.message,
      "API version '2.6' is not supported on this method.",
    );
  }
});

const refusals: readonly [
  version: string,
  protocol: string,
  type: string,
  message: string | RegExp,
][] = [
  ['2.6', 'vnc', 'xvpvnc', 'Invalid console type xvpvnc'],
  ['2.6', 'vnc', 'serial', 'Invalid console type serial'],
  ['2.6', 'serial', 'novnc', 'Invalid console type novnc'],
  ['2.6', 'spice', 'spice-html5', 'Unavailable console type spice-html5.'],
  ['2.6', 'rdp', 'rdp-html5', 'Unavailable console type rdp.'],
  ['2.8', 'mks', 'webmks', 'Unavailable console type webmks.'],
  ['2.99', 'spice', 'spice-direct', 'Unavailable console type spice-direct.'],
  [
    '2.7',
    'mks',
    'webmks',
    /^Invalid input for field\/attribute (protocol|type)\. Value: (mks|webmks)\. /,
  ],
  [
    '2.98',
    'spice',
    'spice-direct',
    /^Invalid input for field\/attribute type\. Value: spice-direct\. /,
  ],
];

test('what is no console, or none that this cloud has, is refused in the words of Nova', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  for (const [version, protocol, type, message] of refusals) {
    const answer = await world
      .as('red', version)
      .post(`/servers/${id}/remote-consoles`, { remote_console: { protocol, type } });
    assert.equal(answer.status, 400, `${version} ${type}`);
    if (typeof message === 'string') assert.equal(answer.body.badRequest.message, message);
    else assert.match(answer.body.badRequest.message, message);
  }
  const spice = { 'os-getSPICEConsole': { type: 'spice-html5' } };
  const old = await world.as('red').post(`/servers/${id}/action`, spice);
  assert.equal(old.body.badRequest.message, 'Unavailable console type spice-html5.');
  const rdp = { 'os-getRDPConsole': { type: 'rdp-html5' } };
  assert.equal((await world.as('red').post(`/servers/${id}/action`, rdp)).status, 410);
  assert.deepEqual(await world.db.selectFrom('console_tokens').selectAll().execute(), []);
});

test('there is no console of a server that does not run, or that is not the caller’s', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const ask = async (who: 'red' | 'blue' | 'reader') =>
    await world.as(who, '2.6').post(`/servers/${id}/remote-consoles`, novnc);
  assert.equal((await ask('blue')).status, 404);
  assert.equal((await ask('reader')).status, 403);
  await world.as('red').post(`/servers/${id}/action`, { 'os-stop': null });
  await world.idle();
  const off = await ask('red');
  assert.equal(off.status, 409);
  assert.equal(off.body.conflictingRequest.message, `Instance ${id} is not ready`);
  world.host.held = true;
  const networks = [{ uuid: NET_1 }];
  const server = { name: 'slow', imageRef: IMAGE, flavorRef: '42', networks };
  const made = await world.as('red').post('/servers', { server });
  const slow = made.body.server.id as string;
  const building = await world.as('red', '2.6').post(`/servers/${slow}/remote-consoles`, novnc);
  assert.equal(building.body.conflictingRequest.message, `Instance ${slow} is not ready`);
  world.host.held = false;
  world.host.convergeAll();
  await world.idle();
});

test('a ticket opens its own console again and again, for ten minutes, and is kept as a hash alone', async (t) => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const asked: [string, ConsoleRef][] = [];
  const { openConsole } = world;
  world.openConsole = async (host, console, signal) => {
    asked.push([host, console]);
    return await openConsole(host, console, signal);
  };
  const caller = world.as('red', '2.6');
  const { url } = (await caller.post(`/servers/${id}/remote-consoles`, novnc)).body.remote_console;
  const token = tokenIn(url);
  for (const _ of [1, 2]) {
    const stream = await enter(world, screens, token);
    stream.write('hello');
    assert.equal(String(((await once(stream, 'data')) as [Buffer])[0]), 'hello');
    stream.destroy();
  }
  assert.deepEqual(asked[1], ['node-1', { server: id, type: 'vnc' }]);
  const [row] = await world.db.selectFrom('console_tokens').selectAll().execute();
  assert.equal(JSON.stringify(row).includes(token), false);
  const refused = { kind: 'forbidden', code: 'InvalidToken' };
  for (const wrong of ['', 'bad', `bad${token}`, row?.token_hash ?? '', 'x'.repeat(10_000)]) {
    await assert.rejects(enter(world, screens, wrong), refused);
  }
  await assert.rejects(enter(world, serials, token), refused);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 600_001 });
  await assert.rejects(enter(world, screens, token), refused);
  await caller.post(`/servers/${id}/remote-consoles`, serial);
  const rows = await world.db.selectFrom('console_tokens').selectAll().execute();
  assert.deepEqual(
    rows.map(({ console_type }) => console_type),
    ['serial'],
  );
});

test('so many may sit at the consoles of one server, and another when one has left', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const made = await world.as('red', '2.6').post(`/servers/${id}/remote-consoles`, serial);
  const token = tokenIn(made.body.remote_console.url);
  const streams = [];
  for (let count = 0; count < 16; count += 1) streams.push(await enter(world, serials, token));
  const more = enter(world, serials, token);
  await assert.rejects(more, { kind: 'unavailable', code: 'TooManyConnections' });
  const [first] = streams;
  assert.ok(first);
  first.destroy();
  await once(first, 'close');
  streams.push(await enter(world, serials, token));
  const { openConsole } = world;
  world.openConsole = async () => {
    throw new Error('the host is down');
  };
  streams.pop()?.destroy();
  await assert.rejects(enter(world, serials, token), /Too many|the host is down/);
  await new Promise((resolve) => setImmediate(resolve));
  for (const _ of [1, 2, 3]) await assert.rejects(enter(world, serials, token), /host is down/);
  world.openConsole = async (...args) => {
    const over = await openConsole(...args);
    over.destroy();
    await once(over, 'close');
    return over;
  };
  for (const _ of [1, 2, 3]) await enter(world, serials, token);
  world.openConsole = openConsole;
  streams.push(await enter(world, serials, token));
  for (const stream of streams) stream.destroy();
});

test('tickets go with their server', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const made = await world.as('red', '2.6').post(`/servers/${id}/remote-consoles`, serial);
  const token = tokenIn(made.body.remote_console.url);
  world.host.held = true;
  await world.as('red').delete(`/servers/${id}`);
  await assert.rejects(enter(world, serials, token), { code: 'InvalidToken' });
  world.host.held = false;
  world.host.convergeAll();
  await world.idle();
  assert.deepEqual(await world.db.selectFrom('console_tokens').selectAll().execute(), []);
});

test('administrators can see where a ticket leads, from 2.31 on', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const made = await world.as('red', '2.6').post(`/servers/${id}/remote-consoles`, serial);
  const path = `/os-console-auth-tokens/${tokenIn(made.body.remote_console.url)}`;
  const { status, body } = await world.as('admin', '2.31').get(path);
  assert.equal(status, 200);
  assert.deepEqual(body, {
    console: { instance_uuid: id, host: 'node-1', port: 0, internal_access_path: null },
  });
  assert.equal((await world.as('red', '2.31').get(path)).status, 403);
  assert.equal((await world.as('admin', '2.30').get(path)).status, 400);
  assert.equal((await world.as('admin', '2.99').get(`${path}?a=1`)).status, 400);
  const unknown = await world.as('admin', '2.31').get('/os-console-auth-tokens/bad');
  assert.equal(unknown.status, 404);
  assert.equal(unknown.body.itemNotFound.message, 'Token not found');
});
