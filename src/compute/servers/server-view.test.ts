/** Servers as clients see them at each microversion, member by member as a real Nova shows them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ComputeWorld, NET_1 } from '../fake/compute-world.ts';

const world = await ComputeWorld.start();
const id = await world.boot({ networks: [{ uuid: NET_1 }], metadata: { a: 'b' } });
after(async () => {
  await world[Symbol.asyncDispose]();
});

const BASE =
  'id name status tenant_id user_id metadata hostId image flavor created updated addresses accessIPv4 accessIPv6 ' +
  'links OS-DCF:diskConfig progress';
const EXTENDED =
  'OS-EXT-AZ:availability_zone config_drive key_name OS-SRV-USG:launched_at OS-SRV-USG:terminated_at security_groups ' +
  'OS-EXT-STS:task_state OS-EXT-STS:vm_state OS-EXT-STS:power_state os-extended-volumes:volumes_attached';
const ATTRIBUTES =
  'OS-EXT-SRV-ATTR:host OS-EXT-SRV-ATTR:instance_name OS-EXT-SRV-ATTR:hypervisor_hostname';
const MORE_ATTRIBUTES =
  'OS-EXT-SRV-ATTR:reservation_id OS-EXT-SRV-ATTR:launch_index OS-EXT-SRV-ATTR:hostname OS-EXT-SRV-ATTR:kernel_id ' +
  'OS-EXT-SRV-ATTR:ramdisk_id OS-EXT-SRV-ATTR:root_device_name OS-EXT-SRV-ATTR:user_data';

const shown: readonly (readonly [
  who: 'red' | 'admin',
  path: 'show' | 'list' | 'update',
  version: string,
  members: string,
])[] = [
  ['red', 'show', '2.1', `${BASE} ${EXTENDED}`],
  ['red', 'list', '2.1', `${BASE} ${EXTENDED}`],
  ['red', 'update', '2.1', BASE],
  ['admin', 'list', '2.1', `${BASE} ${EXTENDED} ${ATTRIBUTES}`],
  ['admin', 'show', '2.3', `${BASE} ${EXTENDED} ${ATTRIBUTES} ${MORE_ATTRIBUTES}`],
  ['red', 'show', '2.8', `${BASE} ${EXTENDED}`],
  ['red', 'show', '2.9', `${BASE} ${EXTENDED} locked`],
  ['admin', 'show', '2.15', `${BASE} ${EXTENDED} ${ATTRIBUTES} ${MORE_ATTRIBUTES} locked`],
  [
    'admin',
    'show',
    '2.16',
    `${BASE} ${EXTENDED} ${ATTRIBUTES} ${MORE_ATTRIBUTES} locked host_status`,
  ],
  ['red', 'show', '2.16', `${BASE} ${EXTENDED} locked`],
  ['red', 'show', '2.19', `${BASE} ${EXTENDED} locked description`],
  ['red', 'list', '2.47', `${BASE} ${EXTENDED} locked description tags`],
  ['red', 'update', '2.47', `${BASE} locked description tags`],
  ['red', 'show', '2.63', `${BASE} ${EXTENDED} locked description tags trusted_image_certificates`],
  ['red', 'list', '2.71', `${BASE} ${EXTENDED} locked description tags trusted_image_certificates`],
  [
    'red',
    'show',
    '2.71',
    `${BASE} ${EXTENDED} locked description tags trusted_image_certificates server_groups`,
  ],
  [
    'red',
    'update',
    '2.75',
    `${BASE} ${EXTENDED} locked locked_reason description tags trusted_image_certificates server_groups`,
  ],
  [
    'admin',
    'list',
    '2.90',
    `${BASE} ${EXTENDED} ${ATTRIBUTES} ${MORE_ATTRIBUTES} locked locked_reason description tags ` +
      'trusted_image_certificates host_status',
  ],
  [
    'red',
    'show',
    '2.90',
    `${BASE} ${EXTENDED} OS-EXT-SRV-ATTR:hostname locked locked_reason description tags ` +
      'trusted_image_certificates server_groups',
  ],
  [
    'red',
    'show',
    '2.104',
    `${BASE} ${EXTENDED} OS-EXT-SRV-ATTR:hostname locked locked_reason description tags ` +
      'trusted_image_certificates server_groups pinned_availability_zone scheduler_hints',
  ],
];

for (const [who, path, version, members] of shown) {
  test(`${path} of a server at ${version} shows ${who} the members that Nova shows`, async () => {
    const caller = world.as(who, version);
    const { body } =
      path === 'list'
        ? await caller.get('/servers/detail')
        : path === 'show'
          ? await caller.get(`/servers/${id}`)
          : await caller.put(`/servers/${id}`, { server: {} });
    const server = path === 'list' ? body.servers[0] : body.server;
    assert.deepEqual(Object.keys(server).toSorted(), members.split(' ').toSorted());
  });
}

test('a flavor is a link until 2.46 and a copy from 2.47 on', async () => {
  const old = await world.as('red', '2.46').get(`/servers/${id}`);
  assert.deepEqual(old.body.server.flavor, {
    id: '42',
    links: [{ rel: 'bookmark', href: 'http://localhost:80/compute/flavors/42' }],
  });
  const copy = await world.as('red', '2.47').get(`/servers/${id}`);
  assert.deepEqual(copy.body.server.flavor, {
    vcpus: 1,
    ram: 192,
    disk: 1,
    ephemeral: 0,
    swap: 0,
    original_name: 'm1.nano',
    extra_specs: {},
  });
});

test('addresses tell MAC and kind, after an update until 2.74 only the address', async () => {
  const { body } = await world.as('red').get(`/servers/${id}`);
  const [address] = body.server.addresses['net-1'];
  assert.deepEqual(Object.keys(address), [
    'version',
    'addr',
    'OS-EXT-IPS:type',
    'OS-EXT-IPS-MAC:mac_addr',
  ]);
  const updated = await world.as('red', '2.74').put(`/servers/${id}`, { server: {} });
  assert.deepEqual(Object.keys(updated.body.server.addresses['net-1'][0]), ['version', 'addr']);
});

test('image properties are in servers from 2.98 on', async () => {
  const { body } = await world.as('red', '2.98').get(`/servers/${id}`);
  assert.equal(body.server.image.properties.disk_format, 'qcow2');
  assert.equal(
    (await world.as('red', '2.97').get(`/servers/${id}`)).body.server.image.properties,
    undefined,
  );
});

test('another project does not see the server, an admin does', async () => {
  const { status, body } = await world.as('blue').get(`/servers/${id}`);
  assert.equal(status, 404);
  assert.equal(body.itemNotFound.message, `Instance ${id} could not be found.`);
  assert.equal((await world.as('admin').get(`/servers/${id}`)).status, 200);
});
