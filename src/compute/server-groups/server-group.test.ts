/** Server groups over HTTP, and where they put servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1 } from '../fake/compute-world.ts';
import { FACTS, FakeHost } from '../fake/fake-host.ts';

const SERVER = { name: 'vm', imageRef: IMAGE, flavorRef: '1', networks: [{ uuid: NET_1 }] };

async function makeGroup(world: ComputeWorld, group: object): Promise<string> {
  const { body } = await world.as('red', '2.64').post('/os-server-groups', {
    server_group: { name: 'group', ...group },
  });
  return body.server_group.id as string;
}

/** Boots a server into a group and says where it ended. */
async function bootInto(world: ComputeWorld, group: string) {
  const made = await world.as('red').post('/servers', {
    server: SERVER,
    'os:scheduler_hints': { group },
  });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  await world.idle();
  const { server } = (await world.as('admin').get(`/servers/${made.body.server.id}`)).body;
  return {
    id: server.id as string,
    status: server.status as string,
    host: server['OS-EXT-SRV-ATTR:host'] as string,
    fault: server.fault?.message as string | undefined,
  };
}

async function twoHosts(): Promise<ComputeWorld> {
  const world = await ComputeWorld.start();
  new FakeHost(world.desired, world.observed, { ...FACTS, host: 'node-2' }).connect();
  await world.idle();
  return world;
}

test('a group is shown as its microversion has it', async () => {
  await using world = await ComputeWorld.start();
  const made = await world.as('red').post('/os-server-groups', {
    server_group: { name: 'one', policies: ['affinity'] },
  });
  assert.equal(made.status, 200);
  const { id } = made.body.server_group;
  assert.deepEqual(made.body.server_group, {
    id,
    name: 'one',
    policies: ['affinity'],
    metadata: {},
    members: [],
  });
  const shown = async (version: string) =>
    (await world.as('red', version).get(`/os-server-groups/${id}`)).body.server_group;
  assert.equal((await shown('2.13')).project_id, 'red');
  assert.deepEqual(await shown('2.64'), {
    id,
    name: 'one',
    policy: 'affinity',
    rules: {},
    members: [],
    project_id: 'red',
    user_id: 'user-red',
  });
});

test('anti-affinity with one host lets one server live and leaves the second without a host', async () => {
  await using world = await ComputeWorld.start();
  const group = await makeGroup(world, { policy: 'anti-affinity' });
  const first = await bootInto(world, group);
  assert.equal(first.status, 'ACTIVE');
  const second = await bootInto(world, group);
  assert.equal(second.status, 'ERROR');
  assert.match(second.fault ?? '', /^No valid host was found\./);
  const { server_group: shown } = (await world.as('red').get(`/os-server-groups/${group}`)).body;
  assert.deepEqual(shown.members, [first.id, second.id]);
  await world.as('red').delete(`/servers/${first.id}`);
  await world.idle();
  assert.equal((await bootInto(world, group)).status, 'ACTIVE', 'its place is free again');
});

test('anti-affinity takes another host, and as many on one as its rule says', async () => {
  await using world = await twoHosts();
  const apart = await makeGroup(world, { policy: 'anti-affinity' });
  const hosts = [await bootInto(world, apart), await bootInto(world, apart)].map((one) => one.host);
  assert.deepEqual([...hosts].sort(), ['node-1', 'node-2']);
  const pairs = await makeGroup(world, {
    policy: 'anti-affinity',
    rules: { max_server_per_host: 2 },
  });
  for (let count = 0; count < 4; count++) {
    assert.equal((await bootInto(world, pairs)).status, 'ACTIVE');
  }
  assert.equal((await bootInto(world, pairs)).status, 'ERROR');
});

test('affinity keeps servers on one host, though another has more room', async () => {
  for (const policy of ['affinity', 'soft-affinity']) {
    await using world = await twoHosts();
    const group = await makeGroup(world, { policy });
    const hosts = new Set<string>();
    for (let count = 0; count < 3; count++) hosts.add((await bootInto(world, group)).host);
    assert.equal(hosts.size, 1, policy);
  }
});

test('a server shows its group from 2.71 on, until the group is deleted', async () => {
  await using world = await ComputeWorld.start();
  const group = await makeGroup(world, { policy: 'affinity' });
  const { id } = await bootInto(world, group);
  const groupsOf = async () =>
    (await world.as('red', '2.71').get(`/servers/${id}`)).body.server.server_groups;
  assert.deepEqual(await groupsOf(), [group]);
  assert.equal((await world.as('red').delete(`/os-server-groups/${group}`)).status, 204);
  assert.deepEqual(await groupsOf(), []);
});

test("another project's group cannot be seen, deleted or joined", async () => {
  await using world = await ComputeWorld.start();
  const group = await makeGroup(world, { policy: 'affinity' });
  const blue = world.as('blue');
  assert.equal((await blue.get(`/os-server-groups/${group}`)).status, 403);
  assert.equal((await blue.delete(`/os-server-groups/${group}`)).status, 403);
  const listed = await blue.get('/os-server-groups?all_projects=1');
  assert.deepEqual(listed.body.server_groups, []);
  const all = await world.as('admin').get('/os-server-groups?all_projects=1');
  assert.equal(all.body.server_groups.length, 1);
  const theirs = await blue.post('/os-server-groups', {
    server_group: { name: 'theirs', policies: ['affinity'] },
  });
  const { id } = theirs.body.server_group;
  const joined = await world.as('red').post('/servers', {
    server: SERVER,
    'os:scheduler_hints': { group: id },
  });
  assert.equal(joined.body.badRequest.message, `Instance group ${id} could not be found.`);
});

test('groups and their members have quotas', async () => {
  await using world = await ComputeWorld.start();
  await world.as('admin').put('/os-quota-sets/red', {
    quota_set: { server_groups: 1, server_group_members: 1 },
  });
  const group = await makeGroup(world, { policy: 'affinity' });
  const more = await world.as('red').post('/os-server-groups', {
    server_group: { name: 'more', policies: ['affinity'] },
  });
  assert.equal(more.body.forbidden.message, 'Quota exceeded, too many server groups.');
  await bootInto(world, group);
  const full = await world.as('red').post('/servers', {
    server: SERVER,
    'os:scheduler_hints': { group },
  });
  assert.equal(full.status, 403);
  assert.equal(full.body.forbidden.message, 'Quota exceeded, too many servers in group');
  const { servers } = (await world.as('red').get('/servers')).body;
  assert.equal(servers.length, 1, 'nothing is left of the refused one');
});

const refusals: readonly [version: string, group: object, message: RegExp][] = [
  ['2.14', { policies: ['soft-affinity'] }, /is not one of \['anti-affinity', 'affinity'\]$/],
  ['2.15', { policies: [] }, /\[\] is too short$/],
  ['2.64', { policies: ['affinity'] }, /'policy' is a required property$/],
  [
    '2.64',
    { policy: 'affinity', rules: { max_server_per_host: 2 } },
    /^Only anti-affinity policy supports rules\.$/,
  ],
  [
    '2.64',
    { policy: 'anti-affinity', rules: { max_server_per_host: 0 } },
    /0 is less than the minimum of 1$/,
  ],
];

for (const [version, group, message] of refusals) {
  test(`${version} POST /os-server-groups ${JSON.stringify(group)} is refused`, async () => {
    await using world = await ComputeWorld.start();
    const answer = await world.as('red', version).post('/os-server-groups', {
      server_group: { name: 'one', ...group },
    });
    assert.equal(answer.status, 400);
    assert.match(answer.body.badRequest.message, message);
  });
}
