/** Security groups over HTTP, on a database. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setLimits } from '#platform/quota/quota.store.ts';
import { startExtras, type Answer } from '../extensions/testing.ts';
import {
  checkPortGroups,
  ensureDefaultGroup,
  groupsOfPorts,
  setPortGroups,
} from './port-groups.ts';

type Rule = {
  id: string;
  direction: string;
  ethertype: string;
  remote_group_id: string | null;
  revision_number: number;
};
type Group = {
  id: string;
  name: string;
  shared: boolean;
  stateful: boolean;
  tags: string[];
  revision_number: number;
  security_group_rules: Rule[];
};
const groupIn = (answer: Answer) => (answer.body as { security_group: Group }).security_group;
const groupsIn = (answer: Answer) => (answer.body as { security_groups: Group[] }).security_groups;

type Cloud = Awaited<ReturnType<typeof startExtras>>;

const make = async (cloud: Cloud, project: string, name: string) =>
  groupIn(await cloud.as(project).post('/security-groups', { security_group: { name } }));

test('GET /v2.0/security-groups finds a default group with four rules, the same one each time', async () => {
  await using cloud = await startExtras();
  const [group, ...others] = groupsIn(await cloud.as('red:reader').get('/security-groups'));
  assert.ok(group);
  assert.equal(others.length, 0);
  assert.equal(group.name, 'default');
  assert.equal(group.revision_number, 1);
  const rules = group.security_group_rules.map(
    (rule) => `${rule.direction} ${rule.ethertype} ${rule.remote_group_id}`,
  );
  assert.deepEqual(rules.toSorted(), [
    'egress IPv4 null',
    'egress IPv6 null',
    `ingress IPv4 ${group.id}`,
    `ingress IPv6 ${group.id}`,
  ]);
  const again = groupsIn(await cloud.as('red').get('/security-groups?name=default'));
  assert.deepEqual(
    again.map(({ id }) => id),
    [group.id],
  );
  assert.equal(groupsIn(await cloud.as('blue').get('/security-groups'))[0]?.id === group.id, false);
});

test('POST /v2.0/security-groups makes a group that lets everything out, and shows all of it', async () => {
  await using cloud = await startExtras();
  const made = await cloud.as('red').post('/security-groups', {
    security_group: { name: 'web', description: 'for the web' },
  });
  assert.equal(made.status, 201, made.error);
  const { security_group_rules: rules, ...group } = groupIn(made);
  assert.deepEqual(group, {
    id: group.id,
    project_id: 'red',
    tenant_id: 'red',
    description: 'for the web',
    tags: [],
    revision_number: 1,
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
    name: 'web',
    stateful: true,
    shared: false,
  });
  assert.deepEqual(rules[0], {
    id: rules[0]?.id,
    project_id: 'red',
    tenant_id: 'red',
    security_group_id: group.id,
    ethertype: rules[0]?.ethertype,
    direction: 'egress',
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_address_group_id: null,
    remote_group_id: null,
    normalized_cidr: null,
    belongs_to_default_sg: false,
    description: null,
    tags: [],
    revision_number: 0,
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
  });
  assert.deepEqual(rules.map(({ ethertype }) => ethertype).toSorted(), ['IPv4', 'IPv6']);
});

test('several groups are made together, or none', async () => {
  await using cloud = await startExtras();
  const made = await cloud.as('red').post('/security-groups', {
    security_groups: [{ security_group: { name: 'a' } }, { security_group: { name: 'b' } }],
  });
  assert.equal(made.status, 201, made.error);
  assert.deepEqual(
    groupsIn(made).map(({ name }) => name),
    ['a', 'b'],
  );
  await setLimits(cloud.db, 'network', 'red', { security_group: 4 });
  const refused = await cloud.as('red').post('/security-groups', {
    security_groups: [{ name: 'c' }, { name: 'd' }],
  });
  assert.equal(refused.error, "OverQuota: Quota exceeded for resources: ['security_group'].");
  assert.equal(groupsIn(await cloud.as('red').get('/security-groups')).length, 3);
});

const refused: readonly [string, object, number, string][] = [
  [
    'the name of the default group',
    { name: 'Default' },
    409,
    'SecurityGroupDefaultAlreadyExists: Default security group already exists.',
  ],
  [
    'a name that is no text',
    { name: true },
    400,
    "HTTPBadRequest: Invalid input for name. Reason: 'True' is not a valid string.",
  ],
  [
    'a long name',
    { name: 'x'.repeat(256) },
    400,
    `HTTPBadRequest: Invalid input for name. Reason: '${'x'.repeat(256)}' exceeds maximum length of 255.`,
  ],
  [
    'an unknown attribute',
    { name: 'a', colour: 'red' },
    400,
    "HTTPBadRequest: Unrecognized attribute(s) 'colour'",
  ],
  [
    "another's project",
    { name: 'a', project_id: 'blue' },
    400,
    "HTTPBadRequest: Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin or advsvc privileges",
  ],
];

for (const [what, security_group, status, error] of refused) {
  test(`POST /v2.0/security-groups refuses ${what}`, async () => {
    await using cloud = await startExtras();
    const answer = await cloud.as('red').post('/security-groups', { security_group });
    assert.equal(answer.error, error);
    assert.equal(answer.status, status);
  });
}

test('a reader may look at groups and may not make any', async () => {
  await using cloud = await startExtras();
  const answer = await cloud.as('red:reader').post('/security-groups', { security_group: {} });
  assert.equal(
    answer.error,
    'PolicyNotAuthorized: rule:create_security_group is disallowed by policy',
  );
  assert.equal(answer.status, 403);
  assert.deepEqual(groupsIn(await cloud.as('red:nobody').get('/security-groups')), []);
});

test('a group of another project is not there, unless it was shared; then it can be read and not changed', async () => {
  await using cloud = await startExtras();
  const { id } = await make(cloud, 'red', 'web');
  const blue = cloud.as('blue');
  const hidden = await blue.get(`/security-groups/${id}`);
  assert.equal(hidden.error, `SecurityGroupNotFound: Security group ${id} does not exist`);
  await cloud.db
    .insertInto('rbac_policies')
    .values({
      id: randomUUID(),
      project_id: 'red',
      object_type: 'security_group',
      object_id: id,
      action: 'access_as_shared',
      target_project: 'blue',
    })
    .execute();
  const shown = groupIn(await blue.get(`/security-groups/${id}`));
  assert.equal(shown.shared, true);
  assert.equal(shown.security_group_rules.length, 2);
  assert.equal(groupIn(await cloud.as('red').get(`/security-groups/${id}`)).shared, false);
  assert.deepEqual(
    groupsIn(await blue.get('/security-groups?shared=True')).map((group) => group.id),
    [id],
  );
  const changed = await blue.put(`/security-groups/${id}`, { security_group: { name: 'mine' } });
  assert.equal(changed.error, 'HTTPNotFound: The resource could not be found.');
  assert.equal((await blue.delete(`/security-groups/${id}`)).status, 404);
});

test('an administrator sees every group and may make one for a project', async () => {
  await using cloud = await startExtras();
  const admin = cloud.as('ops:admin,member,reader');
  await make(cloud, 'red', 'web');
  const made = await admin.post('/security-groups', {
    security_group: { name: 'db', tenant_id: 'blue' },
  });
  assert.equal(made.status, 201, made.error);
  const names = groupsIn(await admin.get('/security-groups?sort_key=name&sort_dir=desc'));
  assert.deepEqual(
    names.map(({ name }) => name),
    ['web', 'default', 'default', 'default', 'db'].toSorted().toReversed(),
  );
  assert.equal(groupsIn(await admin.get('/security-groups?project_id=blue')).length, 2);
});

test('PUT /v2.0/security-groups/{id} changes name and description and counts real changes', async () => {
  await using cloud = await startExtras();
  const { id } = await make(cloud, 'red', 'web');
  const red = cloud.as('red');
  const changed = groupIn(
    await red.put(`/security-groups/${id}`, { security_group: { name: 'www' } }),
  );
  assert.deepEqual([changed.name, changed.revision_number], ['www', 2]);
  const same = await red.put(`/security-groups/${id}`, { security_group: { name: 'www' } });
  assert.equal(groupIn(same).revision_number, 2);
});

test('a group is changed or deleted only at the revision that If-Match names', async () => {
  await using cloud = await startExtras();
  const { id } = await make(cloud, 'red', 'web');
  const answer = await cloud.app.inject({
    method: 'DELETE',
    url: `/networking/v2.0/security-groups/${id}`,
    headers: { 'x-auth-token': 'red', 'if-match': 'revision_number=7' },
  });
  assert.equal(answer.statusCode, 412);
});

test('the default group keeps its name, and only an administrator may delete it', async () => {
  await using cloud = await startExtras();
  const red = cloud.as('red');
  const [group] = groupsIn(await red.get('/security-groups'));
  const path = `/security-groups/${group?.id}`;
  assert.equal(
    (await red.put(path, { security_group: { name: 'test' } })).error,
    'SecurityGroupCannotUpdateDefault: Updating default security group not allowed.',
  );
  assert.equal((await red.put(path, { security_group: { description: 'd' } })).status, 200);
  assert.equal(
    (await red.delete(path)).error,
    'SecurityGroupCannotRemoveDefault: Insufficient rights for removing default security group.',
  );
  assert.equal((await cloud.as('ops:admin').delete(path)).status, 204);
  assert.equal(groupsIn(await red.get('/security-groups')).length, 1);
});

test('a group that a port is in is neither deleted nor turned stateless', async () => {
  await using cloud = await startExtras();
  const { id } = await make(cloud, 'red', 'web');
  const portId = await cloud.addPort('red', await cloud.addNetwork('red'), [id]);
  const red = cloud.as('red');
  const inUse = `SecurityGroupInUse: Security Group ${id} in use.`;
  assert.equal((await red.delete(`/security-groups/${id}`)).error, inUse);
  const turned = { security_group: { stateful: false } };
  assert.equal((await red.put(`/security-groups/${id}`, turned)).error, inUse);
  assert.deepEqual(
    await groupsOfPorts(cloud.db, [portId]),
    new Map([[portId, [{ id, name: 'web' }]]]),
  );
  await setPortGroups(cloud.db, portId, []);
  assert.equal(groupIn(await red.put(`/security-groups/${id}`, turned)).stateful, false);
  assert.equal((await red.delete(`/security-groups/${id}`)).status, 204);
  assert.equal((await red.get(`/security-groups/${id}`)).status, 404);
});

test('a port gets only groups that its project may use, and not stateful ones with stateless ones', async () => {
  await using cloud = await startExtras();
  const own = await make(cloud, 'red', 'own');
  const foreign = await make(cloud, 'blue', 'foreign');
  const stateless = groupIn(
    await cloud.as('red').post('/security-groups', { security_group: { stateful: false } }),
  );
  const { db } = cloud;
  const ctx = { projectId: 'red', internal: false, roles: new Set(['member']) } as never;
  const check = async (ids: readonly string[]) =>
    await db.transaction().execute(async (tx) => {
      await checkPortGroups(tx, ctx, 'red', ids);
    });
  await check([own.id]);
  await assert.rejects(check([own.id, foreign.id]), {
    message: `Security group ${foreign.id} does not exist`,
  });
  await assert.rejects(check([own.id, stateless.id]), {
    message:
      'Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.',
  });
});

test('two who need the default group of a project at once get the same one', async () => {
  await using cloud = await startExtras();
  const need = async () =>
    await cloud.db
      .transaction()
      .execute(async (tx) => await ensureDefaultGroup(tx, 'red', cloud.deps));
  const [one, other] = await Promise.all([need(), need()]);
  assert.equal(one, other);
});

test('a list of groups comes in pages, in order, with the fields asked for', async () => {
  await using cloud = await startExtras();
  for (const name of ['a', 'b', 'c']) await make(cloud, 'red', name);
  const red = cloud.as('red');
  const first = await red.get(
    '/security-groups?limit=2&sort_key=name&sort_dir=asc&fields=name&fields=id',
  );
  assert.deepEqual(
    groupsIn(first).map((group) => Object.keys(group).toSorted()),
    [
      ['id', 'name'],
      ['id', 'name'],
    ],
  );
  const marker = groupsIn(first)[1]?.id;
  const second = await red.get(
    `/security-groups?limit=2&sort_key=name&sort_dir=asc&marker=${marker}`,
  );
  assert.deepEqual(
    [...groupsIn(first), ...groupsIn(second)].map(({ name }) => name),
    ['a', 'b', 'c', 'default'],
  );
  const back = await red.get(
    `/security-groups?limit=1&sort_key=name&sort_dir=asc&page_reverse=True&marker=${marker}`,
  );
  assert.deepEqual(
    groupsIn(back).map(({ name }) => name),
    ['a'],
  );
});

test('a project that may have no more rules can still look at its groups', async () => {
  await using cloud = await startExtras();
  await setLimits(cloud.db, 'network', 'red', { security_group_rule: 3 });
  const answer = await cloud.as('red').get('/security-groups');
  assert.equal(answer.status, 200, answer.error);
  assert.deepEqual(groupsIn(answer), []);
});
