/** Storm events over HTTP, and in the log: what hosts see of ports becomes their history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StormState } from '#base/host/firewall.ts';
import { openDatabase } from '#platform/db/database.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Logger } from '#platform/log.ts';
import { pino } from 'pino';
import { startNetwork } from '../testing.ts';

/** Two ports of red that h1 plugs. */
async function start(options: { db?: Db; log?: Logger } = {}) {
  const net = await startNetwork(options);
  net.addHost('h1');
  await net.idle();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const make = async () => {
    const { id } = await red.make('port', { network_id, device_id: 'd' });
    const port = { 'binding:host_id': 'h1' };
    await net.as('ops:admin').put(`/v2.0/ports/${id}`, { port });
    return id as string;
  };
  return { ...net, red, id: await make(), other: await make() };
}

type Net = Awaited<ReturnType<typeof startNetwork>>;

/** Lets h1 see states of a port, one after the other. */
async function sees(net: Net, id: string, ...states: readonly StormState[]): Promise<void> {
  for (const storm of states) {
    const seen = { settled: 1, error: null, plugged: true, carrier: true, storm };
    net.observed.observe('h1', 'ports', id, seen);
    await net.idle();
  }
}

async function statesOf(net: Net, id: string, query = ''): Promise<readonly StormState[]> {
  const { body } = await net.as('red').get(`/v2.0/ports/${id}/storm-events${query}`);
  return body.storm_events.map(({ state }: { state: StormState }) => state);
}

test('each other state of a port is an event, the newest first', async () => {
  await using net = await start();
  await sees(net, net.id, 'ok', 'storm', 'storm', 'loop', 'quarantined', 'ok', 'ok');
  const { body } = await net.red.get(`/v2.0/ports/${net.id}/storm-events`);
  const [newest] = body.storm_events;
  assert.match(newest.id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(newest, {
    id: newest.id,
    port_id: net.id,
    state: 'ok',
    message: 'The port is as it should be again.',
    created_at: '2026-01-02T03:04:05Z',
  });
  assert.deepEqual(await statesOf(net, net.id), ['ok', 'quarantined', 'loop', 'storm']);
  assert.deepEqual(await statesOf(net, net.other), []);
  assert.equal('storm_events_links' in body, false);
});

test('a port is none the newer for its events', async () => {
  await using net = await start();
  await sees(net, net.id, 'ok');
  const before = (await net.red.get(`/v2.0/ports/${net.id}`)).body.port;
  await sees(net, net.id, 'loop');
  const after = (await net.red.get(`/v2.0/ports/${net.id}`)).body.port;
  assert.deepEqual(after, { ...before, storm_state: 'loop' });
});

test('events come in pages, and by state', async () => {
  await using net = await start();
  await sees(net, net.id, 'storm', 'ok', 'loop', 'ok');
  const path = `/v2.0/ports/${net.id}/storm-events`;
  const first = (await net.red.get(`${path}?limit=3`)).body;
  const ids = first.storm_events.map(({ id }: { id: string }) => id);
  const [next] = first.storm_events_links;
  assert.equal(next.rel, 'next');
  assert.match(next.href, new RegExp(`${path}\\?limit=3&marker=${ids[2]}$`));
  assert.deepEqual(await statesOf(net, net.id, `?limit=3&marker=${ids[2]}`), ['storm']);
  assert.deepEqual(await statesOf(net, net.id, `?limit=2&marker=${ids[2]}&page_reverse=True`), [
    'ok',
    'loop',
  ]);
  assert.deepEqual(await statesOf(net, net.id, '?state=loop&state=storm'), ['loop', 'storm']);
  const { body } = await net.red.get(`${path}?fields=state&limit=1`);
  assert.deepEqual(body.storm_events, [{ state: 'ok' }]);
});

const REFUSED: readonly (readonly [string, number, string])[] = [
  [
    'limit=-1',
    400,
    "BadRequest: Bad limit request: Limit must be an integer 0 or greater and not '-1'.",
  ],
  ['marker=nothing&limit=1', 404, 'StormEventNotFound: Storm event nothing could not be found.'],
  ['color=red', 400, "HTTPBadRequest: ['color'] is invalid attribute for filtering"],
  ['sort_key=message', 400, "HTTPBadRequest: ['message'] is invalid attribute for sort_keys"],
];

for (const [query, status, error] of REFUSED) {
  test(`a list of events with ${query} is refused`, async () => {
    await using net = await start();
    const answer = await net.red.get(`/v2.0/ports/${net.id}/storm-events?${query}`);
    assert.deepEqual([answer.status, answer.error], [status, error]);
  });
}

test('the marker of another port is none', async () => {
  await using net = await start();
  await sees(net, net.other, 'storm');
  const { body } = await net.red.get(`/v2.0/ports/${net.other}/storm-events`);
  const path = `/v2.0/ports/${net.id}/storm-events?limit=1&marker=${body.storm_events[0].id}`;
  assert.equal((await net.red.get(path)).status, 404);
});

test('the newest hundred events of a port are kept', async () => {
  await using net = await start();
  await sees(net, net.other, 'loop');
  for (let round = 0; round < 51; round += 1) await sees(net, net.id, 'storm', 'ok');
  const states = await statesOf(net, net.id);
  assert.equal(states.length, 100);
  assert.equal(states[0], 'ok');
  assert.deepEqual(await statesOf(net, net.other), ['loop']);
});

test('a port that goes takes its events with it, and one that is unplugged floods nothing', async () => {
  await using net = await start();
  await sees(net, net.id, 'loop');
  await sees(net, net.other, 'loop');
  assert.equal((await net.red.delete(`/v2.0/ports/${net.id}`)).status, 204);
  net.observed.observe('h1', 'ports', net.id, undefined);
  net.observed.observe('h1', 'ports', net.other, undefined);
  net.observed.listed('h1', 1);
  await net.idle();
  assert.deepEqual(await statesOf(net, net.other), ['ok', 'loop']);
  const left = await net.db.selectFrom('storm_events').select('port_id').distinct().execute();
  assert.deepEqual(left, [{ port_id: net.other }]);
});

test('a control that starts anew goes on where the last one was', async () => {
  const db = await openDatabase(':memory:');
  try {
    const earlier = await start({ db });
    const { id } = earlier;
    await sees(earlier, id, 'loop');
    await earlier[Symbol.asyncDispose]();
    await using later = await startNetwork({ db });
    await later.loadDesired();
    later.addHost('h1');
    // It has not looked yet: nobody knows.
    await later.idle();
    await sees(later, id, 'loop', 'quarantined', 'ok');
    assert.deepEqual(await statesOf(later, id), ['ok', 'quarantined', 'loop']);
  } finally {
    await db.destroy();
  }
});

test('the log warns of what is wrong, and says when it is over', async () => {
  const lines: { level: number; storm_state?: string; port_id?: string; host?: string }[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  await using net = await start({ log });
  await sees(net, net.id, 'quarantined', 'ok');
  const storms = lines.filter(({ storm_state }) => storm_state !== undefined);
  assert.deepEqual(
    storms.map(({ level, storm_state, port_id, host }) => [level, storm_state, port_id, host]),
    [
      [40, 'quarantined', net.id, 'h1'],
      [30, 'ok', net.id, 'h1'],
    ],
  );
});

test('whoever may not see the port may not see its events', async () => {
  await using net = await start();
  const { error } = await net.as('blue').get(`/v2.0/ports/${net.id}/storm-events`);
  assert.equal(error, `PortNotFound: Port ${net.id} could not be found.`);
  assert.equal((await net.as('red:').get(`/v2.0/ports/${net.id}/storm-events`)).status, 404);
});
