/** Servers over HTTP: made, shown, listed, changed, deleted, with nothing left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1, NET_2 } from '../fake/compute-world.ts';

test('POST /servers makes a server that becomes ACTIVE with its cards in the order of the request', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({
    networks: [{ uuid: NET_1 }, { uuid: NET_1 }, { uuid: NET_2 }, { uuid: NET_1 }],
  });
  const { body } = await world.as('admin').get(`/servers/${id}`);
  assert.equal(body.server.status, 'ACTIVE', JSON.stringify(body));
  assert.equal(body.server['OS-EXT-SRV-ATTR:host'], 'node-1');
  assert.deepEqual(Object.keys(body.server.addresses), ['net-1', 'net-2']);
  assert.equal(body.server.addresses['net-1'].length, 3);
  const [spec] = world.host.told.get(id) ?? [];
  const networks = spec?.nics.map(({ portId }) => world.network.ports.get(portId)?.networkId);
  assert.deepEqual(networks, [NET_1, NET_1, NET_2, NET_1]);
  assert.deepEqual(
    spec?.nics.map(({ slot }) => slot),
    [0, 1, 2, 3],
  );
});

test('DELETE /servers/{id} takes away the guest, its ports, its images and its room', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const gone = await world.as('admin').delete(`/servers/${id}`);
  assert.equal(gone.status, 204);
  await world.idle();
  assert.equal((await world.as('admin').get(`/servers/${id}`)).status, 404);
  assert.equal(world.network.ports.size, 0);
  assert.equal(world.images.held.size, 0);
  assert.deepEqual(await world.claims(), []);
  assert.deepEqual(world.desired.ids('node-1', 'servers'), []);
  assert.deepEqual(world.desired.ids('node-1', 'ports'), []);
});

test('a server without room anywhere ends in ERROR with the text of Nova', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ flavorRef: '5' });
  const second = await world.boot({ flavorRef: '1', networks: [{ uuid: NET_2 }] });
  const { body } = await world.as('admin').get(`/servers/${second}`);
  assert.equal(body.server.status, 'ACTIVE');
  const full = await world.as('admin').get(`/servers/${id}`);
  assert.equal(full.body.server.status, 'ACTIVE');
});

test('stop, start, pause, unpause and both reboots are done by the host and shown when done', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('red');
  const status = async () => (await caller.get(`/servers/${id}`)).body.server.status as string;
  const act = async (action: string, argument: object | null = null) => {
    world.host.held = true;
    const { status: code, body } = await caller.post(`/servers/${id}/action`, {
      [action]: argument,
    });
    assert.equal(code, 202, JSON.stringify(body));
    const during = await status();
    world.host.held = false;
    world.host.convergeAll();
    await world.idle();
    return [during, await status()];
  };
  assert.deepEqual(await act('os-stop'), ['ACTIVE', 'SHUTOFF']);
  assert.deepEqual(await act('os-start'), ['SHUTOFF', 'ACTIVE']);
  assert.deepEqual(await act('pause'), ['ACTIVE', 'PAUSED']);
  assert.deepEqual(await act('unpause'), ['PAUSED', 'ACTIVE']);
  assert.deepEqual(await act('reboot', { type: 'SOFT' }), ['REBOOT', 'ACTIVE']);
  assert.deepEqual(await act('reboot', { type: 'HARD' }), ['HARD_REBOOT', 'ACTIVE']);
  assert.equal(world.host.guests.get(id)?.rebootCount, 3, 'started once, rebooted twice');
});

test('an image that does not exist is refused', async () => {
  await using world = await ComputeWorld.start();
  world.images.images.delete(IMAGE);
  const refused = await world.as('red').post('/servers', {
    server: { name: 'vm', imageRef: IMAGE, flavorRef: '42', networks: [{ uuid: NET_1 }] },
  });
  assert.equal(refused.status, 400);
  assert.equal(refused.body.badRequest.message, 'Can not find requested image');
});
