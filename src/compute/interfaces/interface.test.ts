/** os-interface: what is shown, refused, plugged and unplugged, and in which slot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#platform/fault.ts';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const PORT = '44444444-4444-4444-8444-444444444444';
const MISSING = '99999999-9999-4999-8999-999999999999';

type Case = {
  readonly why: string;
  readonly attach: object;
  readonly prepare?: (world: ComputeWorld, id: string) => unknown;
  readonly as?: 'red' | 'admin' | 'reader';
  readonly version?: string;
  readonly status: number;
  readonly text: string | ((id: string) => string) | RegExp;
};

const change = (world: ComputeWorld, members: object) =>
  Object.assign(world.network.ports.get(PORT) ?? {}, members);
const refuse = (world: ComputeWorld, fault: Fault) => {
  world.network.refuse = (call) => (call.startsWith('ensurePort ') ? fault : undefined);
};

const REFUSED: readonly Case[] = [
  {
    why: 'a network and a port',
    attach: { net_id: NET_1, port_id: PORT },
    status: 400,
    text: 'Must not input both network_id and port_id',
  },
  {
    why: 'an address without a network',
    attach: { fixed_ips: [{ ip_address: '10.0.0.9' }] },
    status: 400,
    text: 'Must input network_id when request IP address',
  },
  {
    why: 'two addresses',
    attach: { net_id: NET_1, fixed_ips: [{ ip_address: '10.0.0.9' }, { ip_address: '10.0.0.8' }] },
    status: 400,
    text: /is too long/,
  },
  {
    why: 'nothing, with several networks',
    attach: {},
    status: 400,
    text: 'Multiple possible networks found, use a Network ID to be more specific.',
  },
  {
    why: 'nothing, with no network',
    attach: {},
    prepare: (world) => world.network.networks.clear(),
    status: 400,
    text: "No specific network was requested and none are available for project 'red'.",
  },
  {
    why: 'an unknown network',
    attach: { net_id: MISSING },
    status: 404,
    text: `Network ${MISSING} could not be found.`,
  },
  {
    why: 'an unknown port',
    attach: { port_id: MISSING },
    status: 404,
    text: `Port id ${MISSING} could not be found.`,
  },
  {
    why: 'a port in use',
    attach: { port_id: PORT },
    prepare: (world) => change(world, { deviceId: 'other' }),
    status: 409,
    text: `Port ${PORT} is still in use.`,
  },
  {
    why: 'a port of another project',
    as: 'admin',
    attach: { port_id: PORT },
    prepare: (world) => change(world, { projectId: 'blue' }),
    status: 400,
    text: (id) => `Port ${PORT} not usable for instance ${id}.`,
  },
  {
    why: 'an address that is taken',
    attach: { net_id: NET_2, fixed_ips: [{ ip_address: '10.0.1.77' }] },
    prepare: (world) => change(world, { fixedIps: [{ subnetId: 's', ip: '10.0.1.77' }] }),
    status: 409,
    text: 'Fixed IP 10.0.1.77 is already in use.',
  },
  {
    why: 'a network without addresses left',
    attach: { net_id: NET_1 },
    prepare: (world) =>
      refuse(world, new Fault('conflict', 'IpAddressGenerationFailure', 'No more IP addresses.')),
    status: 400,
    text: `No fixed IP addresses available for network: ${NET_1}`,
  },
  {
    why: 'an address that the network cannot have',
    attach: { net_id: NET_1, fixed_ips: [{ ip_address: '192.168.9.9' }] },
    prepare: (world) =>
      refuse(world, new Fault('invalid', 'InvalidIpForNetwork', 'IP address is not valid.')),
    status: 400,
    text: 'IP address is not valid.',
  },
  {
    why: 'a network with port security and without a subnet',
    attach: { net_id: NET_2 },
    prepare: (world) => world.network.addNetwork(NET_2, { subnets: [] }),
    status: 400,
    text: 'Network requires port_security_enabled and subnet associated in order to apply security groups.',
  },
  {
    why: 'a filtered port of such a network',
    attach: { port_id: PORT },
    prepare: (world) => world.network.addNetwork(NET_2, { subnets: [] }),
    status: 400,
    text: /Network requires port_security_enabled/,
  },
  {
    why: 'more ports than the quota',
    attach: { net_id: NET_1 },
    prepare: (world) => Object.assign(world.network, { quota: 1 }),
    status: 403,
    text: 'Maximum number of ports exceeded',
  },
  {
    why: 'an external network',
    attach: { net_id: NET_2 },
    prepare: (world) => world.network.addNetwork(NET_2, { external: true }),
    status: 403,
    text: `It is not allowed to create an interface on external network ${NET_2}`,
  },
  {
    why: 'a locked server',
    attach: { net_id: NET_1 },
    prepare: async (world, id) =>
      await world.as('admin').post(`/servers/${id}/action`, { lock: null }),
    status: 409,
    text: (id) => `Instance ${id} is locked`,
  },
  {
    why: 'a server in ERROR',
    attach: { net_id: NET_1 },
    prepare: async (world, id) =>
      await world
        .as('admin')
        .post(`/servers/${id}/action`, { 'os-resetState': { state: 'error' } }),
    status: 409,
    text: (id) => `Cannot 'attach_interface' instance ${id} while it is in vm_state error`,
  },
  {
    why: 'a tag before 2.49',
    version: '2.48',
    attach: { net_id: NET_1, tag: 't' },
    status: 400,
    text: /Additional properties are not allowed/,
  },
  {
    why: 'a reader',
    as: 'reader',
    attach: { net_id: NET_1 },
    status: 403,
    text: "Policy doesn't allow os_compute_api:os-attach-interfaces:create to be performed.",
  },
  {
    why: 'a host that cannot plug',
    attach: { net_id: NET_1 },
    prepare: (world) => {
      world.host.refuse = (spec) =>
        spec && spec.nics.length > 1 ? { code: 'QmpError', message: 'no slot' } : undefined;
    },
    status: 500,
    text: (id) => `Failed to attach network adapter device to ${id}`,
  },
  {
    why: 'a host that is down',
    attach: { net_id: NET_1 },
    prepare: (world) => world.host.disconnect(),
    status: 503,
    text: 'Compute service of node-1 is unavailable at this time.',
  },
];

for (const { why, attach, prepare, as = 'red', version = '2.1', status, text } of REFUSED) {
  test(`POST os-interface with ${why} is refused with ${status} and changes nothing`, async () => {
    await using world = await ComputeWorld.start();
    const id = await world.boot();
    world.network.addPort(PORT, NET_2);
    await prepare?.(world, id);
    const before = await world.holdings();
    const answer = await world
      .as(as, version)
      .post(`/servers/${id}/os-interface`, { interfaceAttachment: attach });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    const [fault] = Object.values(answer.body) as { message: string }[];
    if (text instanceof RegExp) assert.match(fault?.message ?? '', text);
    else assert.equal(fault?.message, typeof text === 'string' ? text : text(id));
    await world.idle();
    assert.deepEqual(await world.holdings(), before);
  });
}

test('cards fill the lowest free slot, keep theirs, and answer as the port is', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_1 }, { uuid: NET_2 }] });
  const caller = world.as('red', '2.70');
  const slots = () =>
    world.host.guests.get(id)?.nics.map(({ slot, portId }) => [slot, portId] as const);
  const [, second, third] = slots() ?? [];
  const gone = await caller.delete(`/servers/${id}/os-interface/${second?.[1]}`);
  assert.equal(gone.status, 202);
  await world.idle();
  assert.deepEqual(
    slots()?.map(([slot]) => slot),
    [0, 2],
  );
  const made = await caller.post(`/servers/${id}/os-interface`, {
    interfaceAttachment: { net_id: NET_1, tag: 'new' },
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const attachment = made.body.interfaceAttachment;
  const port = world.network.ports.get(attachment.port_id);
  assert.deepEqual(attachment, {
    net_id: NET_1,
    port_id: port?.id,
    mac_addr: port?.mac,
    port_state: 'ACTIVE',
    fixed_ips: port?.fixedIps.map(({ subnetId, ip }) => ({ subnet_id: subnetId, ip_address: ip })),
    tag: 'new',
  });
  assert.deepEqual(
    slots()?.map(([slot]) => slot),
    [0, 1, 2],
  );
  assert.equal(slots()?.[2]?.[1], third?.[1]);
  await world.as('red').post(`/servers/${id}/action`, { reboot: { type: 'HARD' } });
  await world.idle();
  assert.deepEqual(slots()?.[1], [1, port?.id]);
  // compat: addresses come in the order of attachment, whatever the slot.
  const { body } = await caller.get(`/servers/${id}/ips`);
  assert.deepEqual(
    body.addresses['net-1'].map(({ addr }: { addr: string }) => addr).at(-1),
    port?.fixedIps[0]?.ip,
  );
});

test('a port that was given is let go of, one that was made is deleted', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: 'none' }, '2.37');
  world.network.addPort(PORT, NET_2, { fixedIps: [], ipAllocation: 'none' });
  const caller = world.as('red');
  const given = await caller.post(`/servers/${id}/os-interface`, {
    interfaceAttachment: { port_id: PORT },
  });
  assert.equal(given.status, 200);
  assert.deepEqual(given.body.interfaceAttachment.fixed_ips, []);
  const shown = await caller.get(`/servers/${id}`);
  assert.deepEqual(shown.body.server.addresses, { 'net-2': [] });
  assert.deepEqual((await caller.get(`/servers/${id}/ips/net-2`)).body, { 'net-2': [] });
  assert.equal((await caller.delete(`/servers/${id}/os-interface/${PORT}`)).status, 202);
  await world.idle();
  assert.equal(world.network.ports.get(PORT)?.deviceId, '');
  assert.deepEqual((await caller.get(`/servers/${id}/os-interface`)).body, {
    interfaceAttachments: [],
  });
});

test('DELETE of a port that is not attached is accepted, and the action tells that it failed', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const { status } = await world.as('red').delete(`/servers/${id}/os-interface/${MISSING}`);
  assert.equal(status, 202);
  const { body } = await world.as('red').get(`/servers/${id}/os-instance-actions`);
  assert.equal(body.instanceActions[0].action, 'detach_interface');
  assert.equal(body.instanceActions[0].message, 'Error');
});

test('GET of one interface knows the ports of this server only', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  world.network.addPort(PORT, NET_2);
  const missing = await world.as('red').get(`/servers/${id}/os-interface/${MISSING}`);
  assert.equal(missing.status, 404);
  const other = await world.as('red').get(`/servers/${id}/os-interface/${PORT}`);
  assert.equal(other.status, 404);
  assert.equal(
    other.body.itemNotFound.message,
    `Instance ${id} does not have a port with id ${PORT}`,
  );
});

test('a port that its owner deletes in the network is unplugged', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const [first] = world.host.guests.get(id)?.nics ?? [];
  world.network.deletePort(first?.portId ?? '');
  await world.idle();
  assert.deepEqual(
    world.host.guests.get(id)?.nics.map(({ slot }) => slot),
    [1],
  );
  assert.equal((await world.holdings()).cards.length, 1);
});

test('a stopped server takes a card and has it when it starts', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('red');
  await caller.post(`/servers/${id}/action`, { 'os-stop': null });
  await world.idle();
  const made = await caller.post(`/servers/${id}/os-interface`, {
    interfaceAttachment: { net_id: NET_2 },
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  await caller.post(`/servers/${id}/action`, { 'os-start': null });
  await world.idle();
  assert.equal(world.host.guests.get(id)?.nics.length, 2);
});

test('the 29th card is refused: there is no slot for it', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: Array.from({ length: 28 }, () => ({ uuid: NET_1 })) });
  const { status, body } = await world
    .as('red')
    .post(`/servers/${id}/os-interface`, { interfaceAttachment: { net_id: NET_1 } });
  assert.equal(status, 500);
  assert.equal(body.computeFault.message, `Failed to attach network adapter device to ${id}`);
  assert.equal((await world.holdings()).ports.length, 28);
});
