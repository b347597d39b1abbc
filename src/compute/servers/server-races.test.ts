/** What happens to a server by itself, and when two things happen at once: nothing is lost, nothing is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#platform/fault.ts';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const PORT = '44444444-4444-4444-8444-444444444444';
const NOTHING = {
  ports: [],
  images: [],
  claims: [],
  cards: [],
  guests: [],
  wantedServers: [],
  wantedPorts: [],
};

const SERVER = {
  name: 'vm',
  imageRef: '33333333-3333-4333-8333-333333333333',
  flavorRef: '42',
  networks: [{ uuid: NET_1 }],
};

/** Asks for a server whose host does nothing yet, and waits until the host has been told of it. */
async function begin(world: ComputeWorld): Promise<string> {
  world.host.held = true;
  const told = new Promise<void>((resolve) => {
    world.desired.onChange(({ section }) => {
      if (section === 'servers') resolve();
    });
  });
  const { body } = await world.as('red').post('/servers', { server: SERVER });
  await told;
  return body.server.id as string;
}

test('a server that is deleted while its host starts it is gone at once, with all that it had', async () => {
  await using world = await ComputeWorld.start();
  const id = await begin(world);
  const building = await world.as('red').get(`/servers/${id}`);
  assert.equal(building.body.server.status, 'BUILD');
  assert.equal(building.body.server['OS-EXT-STS:task_state'], 'spawning');
  assert.deepEqual(building.body.server.addresses, {});
  assert.equal((await world.as('red').delete(`/servers/${id}`)).status, 204);
  assert.equal((await world.as('red').delete(`/servers/${id}`)).status, 204);
  world.host.held = false;
  world.host.convergeAll();
  await world.idle();
  assert.equal((await world.as('red').get(`/servers/${id}`)).status, 404);
  assert.deepEqual(await world.holdings(), NOTHING);
});

test('a server that is deleted while a card is plugged takes the card with it', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  world.host.held = true;
  const told = new Promise<void>((resolve) => {
    world.desired.onChange(({ section }) => {
      if (section === 'servers') resolve();
    });
  });
  const attaching = world
    .as('red')
    .post(`/servers/${id}/os-interface`, { interfaceAttachment: { net_id: NET_2 } });
  await told;
  await world.as('red').delete(`/servers/${id}`);
  world.host.held = false;
  world.host.convergeAll();
  const { status } = await attaching;
  assert.notEqual(status, 200);
  await world.idle();
  assert.deepEqual(await world.holdings(), NOTHING);
});

test('a server whose host goes down while it starts ends in ERROR, and the host removes it when it is back', async () => {
  await using world = await ComputeWorld.start();
  const id = await begin(world);
  world.host.disconnect();
  await world.idle();
  const { body } = await world.as('red').get(`/servers/${id}`);
  assert.equal(body.server.status, 'ERROR');
  assert.match(body.server.fault.message, /Compute service of node-1 is unavailable/);
  world.host.held = false;
  world.host.connect();
  await world.idle();
  assert.deepEqual(await world.holdings(), NOTHING);
});

test('a server is built in the end when the agent, or control, is started again meanwhile', async () => {
  await using world = await ComputeWorld.start({ hostGraceMs: 60_000 });
  const id = await begin(world);
  world.host.disconnect();
  world.host.held = false;
  await world.restart({ connect: false });
  const second = await world.as('red').post('/servers', { server: SERVER });
  world.host.connect();
  await world.idle();
  for (const each of [id, second.body.server.id]) {
    const { body } = await world.as('red').get(`/servers/${each}`);
    assert.equal(body.server.status, 'ACTIVE', JSON.stringify(body));
  }
});

test('a port that another server is just taking as a card does not become the card of two', async () => {
  await using world = await ComputeWorld.start();
  const first = await world.boot();
  world.network.addPort(PORT, NET_2);
  await world.db
    .insertInto('interfaces')
    .values({
      port_id: PORT,
      server_id: first,
      network_id: NET_2,
      mac: '',
      mtu: 0,
      slot: 1,
      position: 1,
      tag: null,
      preserve_on_delete: 1,
      state: 'attaching',
    })
    .execute();
  const second = await world.boot({ networks: [{ uuid: NET_1 }, { port: PORT }] });
  const { body } = await world.as('red').get(`/servers/${second}`);
  assert.equal(body.server.status, 'ERROR');
  assert.match(body.server.fault.message, new RegExp(`Port ${PORT} is still in use\\.$`));
  assert.equal(world.network.ports.get(PORT)?.deviceId, '');
  assert.equal((await world.holdings()).ports.length, 1);
});

test('a server of a host that is down is deleted without it; the host removes the guest when it is back', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  world.host.disconnect();
  const { body } = await world.as('admin', '2.16').get(`/servers/${id}`);
  assert.equal(body.server.host_status, 'UNKNOWN');
  assert.equal(body.server.status, 'ACTIVE');
  await world.as('red').delete(`/servers/${id}`);
  await world.idle();
  assert.equal((await world.as('red').get(`/servers/${id}`)).status, 404);
  assert.equal(world.host.guests.size, 1);
  world.host.connect();
  await world.idle();
  assert.deepEqual(await world.holdings(), NOTHING);
});

for (const [power, number] of [
  ['stopped', 4],
  ['crashed', 6],
] as const) {
  test(`a guest that ${power === 'stopped' ? 'shuts down' : 'crashes'} by itself is SHUTOFF and stays off`, async () => {
    await using world = await ComputeWorld.start();
    const id = await world.boot();
    world.host.end(id, power);
    // Asked before the host is told that the guest shall be off.
    await world.compute.idle();
    const { body } = await world.as('red').get(`/servers/${id}`);
    assert.equal(body.server.status, 'SHUTOFF');
    assert.equal(body.server['OS-EXT-STS:power_state'], number);
    await world.idle();
    assert.equal(world.host.told.get(id)?.at(-1)?.power, 'stopped');
    await world.as('red').post(`/servers/${id}/action`, { 'os-start': null });
    await world.idle();
    assert.equal((await world.as('red').get(`/servers/${id}`)).body.server.status, 'ACTIVE');
  });
}

test('a guest that ends as soon as it starts was built, and is SHUTOFF', async () => {
  await using world = await ComputeWorld.start();
  const id = await begin(world);
  // The first that the host says of the guest is its end.
  world.host.end(id, 'crashed');
  await world.idle();
  const { body } = await world.as('red').get(`/servers/${id}`);
  assert.equal(body.server.status, 'SHUTOFF');
  assert.equal(body.server['OS-EXT-STS:power_state'], 6);
  assert.notEqual(body.server['OS-SRV-USG:launched_at'], null);
});

test('a start that fails leaves the server off, and the action tells why', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('red', '2.84');
  await caller.post(`/servers/${id}/action`, { 'os-stop': null });
  await world.idle();
  world.host.refuse = (spec) =>
    spec?.power === 'running' ? { code: 'QemuFailed', message: 'no memory' } : undefined;
  await caller.post(`/servers/${id}/action`, { 'os-start': null });
  await world.idle();
  const { body } = await caller.get(`/servers/${id}`);
  assert.equal(body.server.status, 'SHUTOFF');
  assert.equal(body.server['OS-EXT-STS:task_state'], null);
  const actions = await caller.get(`/servers/${id}/os-instance-actions`);
  const [last] = actions.body.instanceActions;
  assert.deepEqual([last.action, last.message], ['start', 'Error']);
  const shown = await world
    .as('admin', '2.84')
    .get(`/servers/${id}/os-instance-actions/${last.request_id}`);
  assert.equal(shown.body.instanceAction.events[0].details, 'no memory');
});

test('a reboot that fails leaves the server in ERROR with the reason, and a hard reboot leads out', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('red');
  world.host.refuse = () => ({ code: 'QemuFailed', message: 'no memory' });
  const guest = world.host.guests.get(id);
  assert.ok(guest);
  world.host.guests.set(id, { ...guest, power: 'stopped' });
  await caller.post(`/servers/${id}/action`, { reboot: { type: 'HARD' } });
  await world.idle();
  const { body } = await caller.get(`/servers/${id}`);
  assert.equal(body.server.status, 'ERROR');
  assert.equal(body.server.fault.message, 'no memory');
  world.host.refuse = () => undefined;
  await caller.post(`/servers/${id}/action`, { reboot: { type: 'HARD' } });
  await world.idle();
  assert.equal((await caller.get(`/servers/${id}`)).body.server.status, 'ACTIVE');
});

test('a host without room, and networks that fail, leave the texts of Nova', async () => {
  await using world = await ComputeWorld.start();
  const faultOf = async (id: string) =>
    (await world.as('red').get(`/servers/${id}`)).body.server.fault.message as string;

  world.network.refuse = () => new Fault('conflict', 'IpAddressGenerationFailure', 'No more.');
  const empty = await world.boot();
  assert.equal(
    await faultOf(empty),
    `Build of instance ${empty} aborted: Failed to allocate the network(s), not rescheduling.`,
  );
  world.network.refuse = () => new Fault('conflict', 'PortBindingFailed', 'Binding failed.');
  const unbound = await world.boot();
  assert.equal(
    await faultOf(unbound),
    'Exceeded maximum number of retries. Exceeded max scheduling attempts 3 ' +
      `for instance ${unbound}. Last exception: Binding failed.`,
  );
  world.network.refuse = () => undefined;
  await world.db.updateTable('compute_nodes').set({ disabled: 1 }).execute();
  await world.as('admin').post('/flavors', {
    flavor: { id: 'huge', name: 'huge', ram: 1, vcpus: 1, disk: 100_000 },
  });
  const homeless = await world.boot();
  assert.equal(
    await faultOf(homeless),
    'No valid host was found. There are not enough hosts available.',
  );
  const large = await world.boot({ flavorRef: 'huge' });
  assert.equal(await faultOf(large), 'No valid host was found. ');
  // Only admins see what went on inside.
  const { body } = await world.as('admin').get(`/servers/${unbound}`);
  assert.equal(body.server.fault.details, 'ports: PortBindingFailed: Binding failed.');
});

test('after a restart of control, hosts are told the same and running guests are left alone', async () => {
  await using world = await ComputeWorld.start({ forceConfigDrive: true });
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const before = world.desired.find('node-1', 'servers', id);
  await world.restart();
  await world.idle();
  assert.deepEqual(world.desired.find('node-1', 'servers', id), before);
  assert.equal((await world.as('red').get(`/servers/${id}`)).body.server.status, 'ACTIVE');
});
