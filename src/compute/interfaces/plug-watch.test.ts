/** A server that is built waits for its cards to be plugged: how long, for which, and what ends it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1, NET_2 } from '../fake/compute-world.ts';
import type { PlugSettings } from './plug-watch.ts';

const PORT = '44444444-4444-4444-8444-444444444444';
const LONG: PlugSettings = { timeoutMs: 60_000, fatal: true };
const ABORTED = (id: string) =>
  `Build of instance ${id} aborted: Failed to allocate the network(s), not rescheduling.`;

/** A world whose ports are BUILD until a test says otherwise, and a server on two networks that is being built. */
async function building(settings: PlugSettings) {
  const world = await ComputeWorld.start({ plugSettings: settings });
  world.network.boundAs = 'BUILD';
  const { status, body } = await world.as('admin').post('/servers', {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: '42',
      networks: [{ uuid: NET_1 }, { uuid: NET_2 }],
    },
  });
  assert.equal(status, 202);
  const { id } = body.server;
  const show = async () => (await world.as('admin').get(`/servers/${id}`)).body.server;
  // oxlint-disable-next-line typescript/no-explicit-any -- a body of any shape
  const until = async (is: (server: any) => boolean) => {
    for (;;) {
      const server = await show();
      if (is(server)) return server;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  // The guest runs: from now on it is only its cards that are waited for.
  await until(() => world.host.guests.has(id));
  const ports = [...world.network.ports.values()].map((port) => port.id);
  const tell = async (name: string, tag: string | undefined, how = 'completed') => {
    const events = [{ name, server_uuid: id, tag, status: how }];
    const answer = await world.as('admin').post('/os-server-external-events', { events });
    assert.equal(answer.status, 200);
  };
  return {
    world,
    id: id as string,
    ports,
    show,
    ended: async () => await until(({ status: now }) => now !== 'BUILD'),
    tell,
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

test('a server is ACTIVE when the last of its ports is', async () => {
  await using server = await building(LONG);
  const [first = '', second = ''] = server.ports;
  assert.equal((await server.show()).status, 'BUILD');
  server.world.network.see(first, 'ACTIVE');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await server.show()).status, 'BUILD');
  server.world.network.see(second, 'ACTIVE');
  assert.equal((await server.ended()).status, 'ACTIVE');
});

test('external events say that a port is plugged as well as the network does', async () => {
  await using server = await building(LONG);
  const [first = '', second = ''] = server.ports;
  await server.tell('network-vif-plugged', first);
  await server.tell('network-vif-unplugged', second);
  assert.equal((await server.show()).status, 'BUILD');
  await server.tell('network-vif-plugged', second);
  assert.equal((await server.ended()).status, 'ACTIVE');
});

for (const by of ['the network', 'an external event'] as const) {
  test(`a server fails when ${by} says that a port cannot be plugged, and leaves nothing`, async () => {
    await using server = await building(LONG);
    const { world, id, ports } = server;
    const [first = ''] = ports;
    if (by === 'the network') world.network.see(first, 'ERROR');
    else await server.tell('network-vif-plugged', first, 'failed');
    const ended = await server.ended();
    assert.equal(ended.status, 'ERROR');
    assert.equal(ended.fault.message, ABORTED(id));
    await world.idle();
    const { ports: held, guests, cards } = await world.holdings();
    assert.deepEqual([held, guests, cards], [[], [], []]);
  });
}

test('a server whose ports are not plugged in time fails', async () => {
  await using server = await building({ timeoutMs: 50, fatal: true });
  const ended = await server.ended();
  assert.equal(ended.status, 'ERROR');
  assert.equal(ended.fault.message, ABORTED(server.id));
});

test('where that is not fatal, it is ACTIVE all the same, in time or when an event says failed', async () => {
  {
    await using server = await building({ timeoutMs: 50, fatal: false });
    assert.equal((await server.ended()).status, 'ACTIVE');
  }
  await using server = await building({ timeoutMs: 60_000, fatal: false });
  await server.tell('network-vif-plugged', server.ports[0], 'failed');
  assert.equal((await server.ended()).status, 'ACTIVE');
});

test('a time of 0 waits for nothing', async () => {
  await using server = await building({ timeoutMs: 0, fatal: true });
  assert.equal((await server.ended()).status, 'ACTIVE');
});

test('a guest that ends at once is not waited for', async () => {
  await using server = await building(LONG);
  server.world.host.end(server.id, 'stopped');
  await server.world.idle();
  assert.equal((await server.show()).status, 'SHUTOFF');
});

test('a server that is deleted while it waits is gone', async () => {
  await using server = await building(LONG);
  const { world, id } = server;
  assert.equal((await world.as('admin').delete(`/servers/${id}`)).status, 204);
  await world.idle();
  assert.equal((await world.as('admin').get(`/servers/${id}`)).status, 404);
  assert.deepEqual((await world.holdings()).ports, []);
});

test('a port that is administratively down is not waited for', async () => {
  await using world = await ComputeWorld.start({ plugSettings: LONG });
  world.network.boundAs = 'DOWN';
  world.network.addPort(PORT, NET_1, { adminStateUp: false });
  const id = await world.boot({ networks: [{ port: PORT }] });
  assert.equal((await world.as('red').get(`/servers/${id}`)).body.server.status, 'ACTIVE');
});

test('a card that is plugged later, and a start, wait for nothing', async () => {
  await using world = await ComputeWorld.start({ plugSettings: LONG });
  const id = await world.boot();
  world.network.boundAs = 'BUILD';
  const caller = world.as('red');
  const attachment = { interfaceAttachment: { net_id: NET_2 } };
  assert.equal((await caller.post(`/servers/${id}/os-interface`, attachment)).status, 200);
  for (const [action, status] of [
    ['os-stop', 'SHUTOFF'],
    ['os-start', 'ACTIVE'],
  ] as const) {
    assert.equal((await caller.post(`/servers/${id}/action`, { [action]: null })).status, 202);
    await world.idle();
    assert.equal((await caller.get(`/servers/${id}`)).body.server.status, status);
  }
});
