/** External events over HTTP: who may tell of them, how each is answered, and what comes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const MISSING = '99999999-9999-4999-8999-999999999999';
const PATH = '/os-server-external-events';

const NAMES: readonly (readonly [name: string, since: number])[] = [
  ['network-changed', 1],
  ['network-vif-plugged', 1],
  ['network-vif-unplugged', 1],
  ['network-vif-deleted', 1],
  ['volume-extended', 51],
  ['power-update', 76],
  ['accelerator-request-bound', 82],
  ['volume-reimaged', 93],
];

test('each event is known from its microversion on, and refused by the schema before', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  for (const [name, since] of NAMES) {
    const event = { name, server_uuid: id, tag: MISSING };
    const answer = await world.as('admin', `2.${since}`).post(PATH, { events: [event] });
    assert.equal(answer.status, 200, name);
    assert.deepEqual(answer.body, { events: [{ ...event, status: 'completed', code: 200 }] });
    if (since === 1) continue;
    const before = await world.as('admin', `2.${since - 1}`).post(PATH, { events: [event] });
    assert.equal(before.status, 400, name);
    assert.match(
      before.body.badRequest.message,
      new RegExp(
        `^Invalid input for field/attribute name\\. Value: ${name}\\. '${name}' is not one of `,
      ),
    );
  }
});

test('events that cannot be told are answered one by one, and the others are taken', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const unplaced = await world.boot({ flavorRef: '5' });
  await world.db.updateTable('servers').set({ host: '' }).where('id', '=', unplaced).execute();
  const events = [
    { name: 'network-changed', server_uuid: id, status: 'in-progress' },
    { name: 'network-changed', server_uuid: MISSING, tag: 'x' },
    { name: 'network-vif-plugged', server_uuid: unplaced, tag: 'x' },
    { name: 'volume-extended', server_uuid: id },
    { name: 'power-update', server_uuid: unplaced },
    { name: 'volume-extended', server_uuid: MISSING },
    { name: 'volume-reimaged', server_uuid: id },
  ];
  const { status, body } = await world.as('admin', '2.93').post(PATH, { events });
  assert.equal(status, 207);
  const codes = [200, 404, 422, 400, 400, 404, 200];
  const expected = events.map((event, at) => ({
    ...event,
    status: codes[at] === 200 ? 'completed' : 'failed',
    code: codes[at],
  }));
  assert.deepEqual(body, { events: expected });
});

test('a deleted server is unknown', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  await world.as('admin').delete(`/servers/${id}`);
  await world.idle();
  const events = [{ name: 'network-changed', server_uuid: id }];
  const { status, body } = await world.as('admin').post(PATH, { events });
  assert.equal(status, 207);
  assert.equal(body.events[0].code, 404);
});

const event = { name: 'network-changed', server_uuid: MISSING };
const MALFORMED: readonly (readonly [why: string, body: unknown, text: RegExp])[] = [
  ['no events', { events: [] }, /attribute events\. Value: \[\]\. \[\] .*(too short|non-empty)/],
  ['no list of events', {}, /'events' is a required property/],
  ['an event without a name', { events: [{ server_uuid: MISSING }] }, /'name' is a required/],
  ['an event without a server', { events: [{ name: event.name }] }, /'server_uuid' is a required/],
  ['a server that is no UUID', { events: [{ ...event, server_uuid: '7' }] }, /'7' is not a 'uuid'/],
  ['an unknown status', { events: [{ ...event, status: 'ok' }] }, /'ok' is not one of/],
  ['a long tag', { events: [{ ...event, tag: 'x'.repeat(256) }] }, /is too long/],
  ['another member', { events: [{ ...event, data: {} }] }, /Additional properties/],
];
test('what is not in the schema is refused with 400', async () => {
  await using world = await ComputeWorld.start();
  for (const [why, body, text] of MALFORMED) {
    const answer = await world.as('admin').post(PATH, body);
    assert.equal(answer.status, 400, why);
    assert.match(answer.body.badRequest.message, text, why);
  }
});

test('projects may not tell of events, other services and admins may', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const events = [{ name: 'network-changed', server_uuid: id }];
  for (const who of ['red', 'reader'] as const) {
    const { status, body } = await world.as(who).post(PATH, { events });
    assert.equal(status, 403);
    assert.equal(
      body.forbidden.message,
      "Policy doesn't allow os_compute_api:os-server-external-events:create to be performed.",
    );
  }
  assert.equal((await world.as('service').post(PATH, { events })).status, 200);
});

test('network-vif-deleted unplugs the card of that port, of that server only', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const other = await world.boot();
  const nics = () => world.host.guests.get(id)?.nics.map(({ portId }) => portId) ?? [];
  const [first = '', second = ''] = nics();
  const tell = async (server_uuid: string, tag: string) => {
    const events = [{ name: 'network-vif-deleted', server_uuid, tag }];
    const { status } = await world.as('service').post(PATH, { events });
    assert.equal(status, 200);
    await world.idle();
  };
  await tell(other, first);
  await tell(id, MISSING);
  assert.deepEqual(nics(), [first, second]);
  // The network's own word for it was lost.
  world.network.ports.delete(first);
  await tell(id, first);
  assert.deepEqual(nics(), [second]);
  assert.deepEqual((await world.holdings()).cards.includes(first), false);
  await tell(id, first);
  assert.deepEqual(nics(), [second]);
});

test('after network-changed a card has the MTU of its network when the guest starts again', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const mtus = () => world.desired.find('node-1', 'servers', id)?.nics.map(({ mtu }) => mtu);
  const second = world.host.guests.get(id)?.nics[1]?.portId;
  const change = (network: string, mtu: number) =>
    world.network.networks.set(network, {
      ...(world.network.networks.get(network) ?? world.network.addNetwork(network)),
      mtu,
    });
  change(NET_1, 1400);
  change(NET_2, 1300);
  const tell = async (more: object) => {
    const events = [{ name: 'network-changed', server_uuid: id, ...more }];
    assert.equal((await world.as('service').post(PATH, { events })).status, 200);
    await world.as('red').post(`/servers/${id}/action`, { reboot: { type: 'HARD' } });
    await world.idle();
  };
  await tell({ tag: second });
  assert.deepEqual(mtus(), [1450, 1300]);
  await tell({});
  assert.deepEqual(mtus(), [1400, 1300]);
});

test('volume-extended and power-update leave an action with the server, and change nothing', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('admin', '2.84');
  const tell = async (name: string, tag: string) => {
    const events = [{ name, server_uuid: id, tag }];
    assert.equal((await caller.post(PATH, { events })).status, 200);
    await world.idle();
    const { body } = await caller.get(`/servers/${id}/os-instance-actions`);
    const [last] = body.instanceActions;
    return [last.action, last.message];
  };
  assert.deepEqual(await tell('volume-extended', MISSING), ['extend_volume', null]);
  assert.deepEqual(await tell('power-update', 'POWER_OFF'), ['stop', 'Error']);
  assert.deepEqual(await tell('power-update', 'POWER_ON'), ['start', 'Error']);
  // compat: an unknown power state is passed over without a word.
  assert.deepEqual(await tell('power-update', 'SIDEWAYS'), ['start', 'Error']);
  const { body } = await caller.get(`/servers/${id}`);
  assert.equal(body.server.status, 'ACTIVE');
});
