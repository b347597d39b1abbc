/** Tags of cards: asked for at boot and with an attachment, and found again in the API and in the guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const PORT = '44444444-4444-4444-8444-444444444444';

type Device = { type: string; bus: string; mac: string; address: string; tags: string[] };

/** The cards that the config drive of a server tells of. */
function devices(world: ComputeWorld, id: string, version = 'latest'): readonly Device[] {
  const files = world.desired.find('node-1', 'servers', id)?.configDrive ?? {};
  const content = files[`openstack/${version}/meta_data.json`];
  return (JSON.parse(content as string) as { devices: Device[] }).devices;
}

async function tagsOf(world: ComputeWorld, id: string, version: string) {
  const { body } = await world.as('red', version).get(`/servers/${id}/os-interface`);
  return new Map<string, unknown>(
    (body.interfaceAttachments as { port_id: string }[]).map((each) => [
      each.port_id,
      'tag' in each ? each.tag : 'not shown',
    ]),
  );
}

for (const version of ['2.32', '2.42', '2.104']) {
  test(`${version}: tagged cards of several networks are told apart in the guest`, async () => {
    await using world = await ComputeWorld.start({ forceConfigDrive: true });
    world.network.addPort(PORT, NET_2);
    const id = await world.boot(
      {
        networks: [
          { uuid: NET_1, tag: 'net-1-100' },
          { uuid: NET_1, fixed_ip: '10.0.0.100', tag: 'net-1-200' },
          { port: PORT, tag: 'same' },
          { uuid: NET_2 },
          { uuid: NET_2, fixed_ip: '10.0.1.200', tag: 'same' },
        ],
      },
      version,
    );
    const spec = world.desired.find('node-1', 'servers', id);
    const told = devices(world, id);
    const tagged = ['net-1-100', 'net-1-200', 'same', null, 'same'];
    const expected = tagged.flatMap((tag, slot) => {
      if (tag === null) return [];
      const bus = (slot + 1).toString(16).padStart(2, '0');
      const mac = spec?.nics[slot]?.mac;
      return [
        {
          vf_trusted: false,
          type: 'nic',
          mac,
          bus: 'pci',
          address: `0000:${bus}:00.0`,
          tags: [tag],
        },
      ];
    });
    assert.deepEqual(told, expected);
    const ids = spec?.nics.map(({ portId }) => portId) ?? [];
    const shown = await tagsOf(world, id, '2.70');
    assert.deepEqual(
      ids.map((portId) => shown.get(portId)),
      tagged,
    );
    assert.deepEqual([...new Set((await tagsOf(world, id, '2.69')).values())], ['not shown']);
  });
}

test('a format from before tags tells of none', async () => {
  await using world = await ComputeWorld.start({ forceConfigDrive: true });
  const id = await world.boot({ networks: [{ uuid: NET_1, tag: 't' }] }, '2.42');
  assert.equal(devices(world, id, '2015-10-15'), undefined);
  assert.deepEqual(devices(world, id, '2016-06-30')[0]?.tags, ['t']);
});

const TAGS: readonly (readonly [version: string, tag: unknown, status: number])[] = [
  ['2.48', 'a', 400],
  ['2.49', 'a', 200],
  ['2.49', 'a'.repeat(60), 200],
  ['2.49', 'a'.repeat(61), 400],
  ['2.49', '', 400],
  ['2.49', 'a,b', 400],
  ['2.49', 'a/b', 400],
  ['2.49', null, 400],
  ['2.104', 'two words é', 200],
];
for (const [version, tag, status] of TAGS) {
  test(`${version}: a card with the tag ${JSON.stringify(tag)} is answered with ${status}`, async () => {
    await using world = await ComputeWorld.start();
    const id = await world.boot();
    const answer = await world
      .as('red', version)
      .post(`/servers/${id}/os-interface`, { interfaceAttachment: { net_id: NET_2, tag } });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
  });
}

test('a tag belongs to the attachment: the port does not keep it', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  world.network.addPort(PORT, NET_2);
  const caller = world.as('red', '2.70');
  const path = `/servers/${id}/os-interface`;
  const attach = async (more: object) =>
    (await caller.post(path, { interfaceAttachment: { port_id: PORT, ...more } })).body
      .interfaceAttachment.tag;
  assert.equal(await attach({ tag: 'first' }), 'first');
  const { body } = await caller.get(`${path}/${PORT}`);
  assert.equal(body.interfaceAttachment.tag, 'first');
  assert.equal((await caller.delete(`${path}/${PORT}`)).status, 202);
  await world.idle();
  assert.equal(await attach({}), null);
  assert.equal((await tagsOf(world, id, '2.70')).get(PORT), null);
});
