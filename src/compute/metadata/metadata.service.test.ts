/** The metadata service over real rows: whose metadata a port leads to, what changes with the server, and passwords. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpAnswer } from '#base/host/metadata.ts';
import { ComputeWorld, IMAGE, NET_1, NET_2 } from '../fake/compute-world.ts';

const PORT = '44444444-4444-4444-8444-444444444444';
const META_DATA = '/openstack/latest/meta_data.json';

type Ask = { readonly method?: string; readonly body?: string };

async function ask(
  world: ComputeWorld,
  portId: string,
  path: string,
  { method = 'GET', body }: Ask = {},
): Promise<HttpAnswer & { readonly text: string }> {
  const sent = body === undefined ? null : Buffer.from(body).toString('base64');
  const answer = await world.compute.answerMetadata({ portId, method, path, body: sent });
  return { ...answer, text: Buffer.from(answer.body, 'base64').toString() };
}

// oxlint-disable-next-line typescript/no-explicit-any -- files of any shape are looked into
const tell = async (world: ComputeWorld, portId: string, path = META_DATA): Promise<any> =>
  JSON.parse((await ask(world, portId, path)).text);

const portsOf = (world: ComputeWorld, id: string) =>
  world.desired.find('node-1', 'servers', id)?.nics.map(({ portId }) => portId) ?? [];

test('each port leads to its own server, and to nobody else', async () => {
  await using world = await ComputeWorld.start();
  const one = await world.boot({ name: 'one', networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const two = await world.boot({ name: 'two', metadata: { secret: 'of two' } });
  for (const portId of portsOf(world, one)) {
    const told = await tell(world, portId);
    assert.deepEqual([told['uuid'], told['name'], told['meta']], [one, 'one', undefined]);
  }
  const [port = ''] = portsOf(world, two);
  const told = await tell(world, port);
  assert.deepEqual([told['uuid'], told['meta']], [two, { secret: 'of two' }]);
});

test('a port of no server is answered 404, but for the versions of EC2', async () => {
  await using world = await ComputeWorld.start();
  world.network.addPort(PORT, NET_1);
  for (const path of ['/openstack', META_DATA, '/latest/user-data', '/openstack/latest/password']) {
    const answer = await ask(world, PORT, path);
    assert.equal(answer.status, 404, path);
    assert.match(answer.text, /404 Not Found/);
  }
  assert.equal((await ask(world, PORT, '/')).status, 200);
  assert.equal((await ask(world, PORT, '/', { method: 'POST' })).status, 405);
});

test('a server that is gone is not told of any more', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const [port = ''] = portsOf(world, id);
  assert.equal((await ask(world, port, META_DATA)).status, 200);
  await world.as('admin').delete(`/servers/${id}`);
  await world.idle();
  assert.equal((await ask(world, port, META_DATA)).status, 404);
});

test('what changes with the server is told at once: metadata, name, and cards that were plugged later', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const [port = ''] = portsOf(world, id);
  assert.equal((await tell(world, port))['meta'], undefined);
  const caller = world.as('red', '2.70');
  await caller.post(`/servers/${id}/metadata`, { metadata: { a: 'b' } });
  assert.deepEqual((await tell(world, port))['meta'], { a: 'b' });
  await caller.put(`/servers/${id}`, { server: { name: 'renamed' } });
  assert.equal((await tell(world, port))['name'], 'renamed');
  const attachment = { interfaceAttachment: { net_id: NET_2, tag: 'late' } };
  const { body } = await caller.post(`/servers/${id}/os-interface`, attachment);
  const late: string = body.interfaceAttachment.port_id;
  const devices = (await tell(world, late))['devices'] as { mac: string; tags: string[] }[];
  assert.deepEqual(
    devices.map(({ mac, tags }) => [mac, tags]),
    [[body.interfaceAttachment.mac_addr, ['late']]],
  );
  const network = await tell(world, late, '/openstack/latest/network_data.json');
  assert.deepEqual(
    network['links'].map((link: { vif_id: string }) => link.vif_id),
    [port, late],
  );
});

test('no two readers get the same randomness', async () => {
  await using world = await ComputeWorld.start();
  const [port = ''] = portsOf(world, await world.boot());
  const seeds = [await tell(world, port), await tell(world, port)].map((told) =>
    Buffer.from(told['random_seed'] as string, 'base64'),
  );
  assert.deepEqual(
    seeds.map(({ length }) => length),
    [512, 512],
  );
  assert.notDeepEqual(seeds[0], seeds[1]);
});

test('EC2 is told the addresses, the groups, the key and the flavor', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const [port = ''] = portsOf(world, id);
  const text = async (name: string) => (await ask(world, port, `/latest/meta-data/${name}`)).text;
  assert.equal(await text('local-ipv4'), world.network.ports.get(port)?.fixedIps[0]?.ip);
  assert.equal(await text('security-groups'), 'default');
  assert.equal(await text('instance-type'), 'm1.nano');
  assert.equal(await text('instance-id'), 'i-00000001');
  assert.equal(await text('placement/availability-zone'), 'nova');
  assert.match(await text('reservation-id'), /^r-[a-z0-9]{8}$/);
});

test('a floating IP is the public address of EC2', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const [port = ''] = portsOf(world, id);
  const found = world.network.ports.get(port);
  const fixedIp = found?.fixedIps[0]?.ip ?? '';
  const path = '/latest/meta-data/public-ipv4';
  assert.equal((await ask(world, port, path)).text, '');
  Object.assign(found ?? {}, { floatingIps: [{ ip: '172.24.4.9', fixedIp }] });
  world.network.see(port, 'ACTIVE');
  assert.equal((await ask(world, port, path)).text, '172.24.4.9');
});

test('a card without an address is told of only to a server that asks for it', async () => {
  await using world = await ComputeWorld.start();
  world.network.addPort(PORT, NET_2, { fixedIps: [], ipAllocation: 'none' });
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { port: PORT }] });
  const links = async () => {
    const told = await tell(world, PORT, '/openstack/latest/network_data.json');
    return (told.links as { vif_id: string }[]).map((link) => link.vif_id);
  };
  const [first = ''] = portsOf(world, id);
  assert.deepEqual(await links(), [first]);
  const metadata = { 'stackyard:unaddressed_nics': 'true' };
  await world.as('red').post(`/servers/${id}/metadata`, { metadata });
  assert.deepEqual(await links(), [first, PORT]);
});

test('a disk is found by its tag', async () => {
  await using world = await ComputeWorld.start();
  const device = { source_type: 'image', destination_type: 'local', boot_index: 0, uuid: IMAGE };
  const id = await world.boot(
    { block_device_mapping_v2: [{ ...device, tag: 'system' }], networks: [{ uuid: NET_1 }] },
    '2.42',
  );
  const [port = ''] = portsOf(world, id);
  assert.deepEqual((await tell(world, port))['devices'], [
    { type: 'disk', serial: null, bus: 'pci', address: '0000:1d:00.0', tags: ['system'] },
  ]);
});

test('a guest tells its password once; its owner reads it and may clear it', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const [port = ''] = portsOf(world, id);
  const path = '/openstack/2013-04-04/password';
  const owner = world.as('red');
  const read = async () => (await owner.get(`/servers/${id}/os-server-password`)).body;
  assert.deepEqual(await read(), { password: '' });
  assert.equal((await ask(world, port, path, { method: 'POST', body: 'c2VjcmV0' })).status, 200);
  assert.deepEqual(await read(), { password: 'c2VjcmV0' });
  assert.equal((await ask(world, port, path)).text, 'c2VjcmV0');
  assert.equal((await ask(world, port, path, { method: 'POST', body: 'other' })).status, 409);
  assert.equal((await world.as('blue').get(`/servers/${id}/os-server-password`)).status, 404);
  assert.equal((await owner.delete(`/servers/${id}/os-server-password`)).status, 204);
  assert.deepEqual(await read(), { password: '' });
  assert.equal((await ask(world, port, path, { method: 'POST', body: 'again' })).status, 200);
});

const DRIVES: readonly (readonly [
  why: string,
  server: object,
  options: { readonly forced?: boolean; readonly image?: string },
  shown: 'True' | '',
])[] = [
  ['nobody asks', {}, {}, ''],
  ['the server asks', { config_drive: true }, {}, 'True'],
  ['the server asks in a word', { config_drive: 'True' }, {}, 'True'],
  ['the server refuses', { config_drive: false }, {}, ''],
  ['the image makes it mandatory', { config_drive: false }, { image: 'mandatory' }, 'True'],
  ['the image leaves it open', {}, { image: 'optional' }, ''],
  ['the operator forces it', {}, { forced: true }, 'True'],
];
for (const [why, server, { forced = false, image }, shown] of DRIVES) {
  test(`config drive, ${why}: '${shown}'`, async () => {
    await using world = await ComputeWorld.start({ forceConfigDrive: forced });
    if (image !== undefined) world.images.add(IMAGE, { properties: { img_config_drive: image } });
    const id = await world.boot(server);
    const { body } = await world.as('red').get(`/servers/${id}`);
    assert.equal(body.server.config_drive, shown);
    const drive = world.desired.find('node-1', 'servers', id)?.configDrive;
    assert.equal(drive !== null, shown === 'True');
  });
}

test('the config drive tells what the service told when the server was built', async () => {
  await using world = await ComputeWorld.start({ forceConfigDrive: true });
  const id = await world.boot({ metadata: { a: 'b' } });
  const [port = ''] = portsOf(world, id);
  const drive = world.desired.find('node-1', 'servers', id)?.configDrive ?? {};
  const told = {
    ...JSON.parse(drive['openstack/latest/meta_data.json'] as string),
    random_seed: '',
  };
  assert.deepEqual(told, { ...(await tell(world, port)), random_seed: '' });
  for (const file of ['network_data.json', 'vendor_data.json', 'vendor_data2.json']) {
    const path = `openstack/latest/${file}`;
    assert.equal(drive[path], (await ask(world, port, `/${path}`)).text);
  }
});
