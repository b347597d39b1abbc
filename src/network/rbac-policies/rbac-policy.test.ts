/** Sharing over HTTP, on a database. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setLimits } from '#platform/quota/quota.store.ts';
import { startExtras, type Answer } from '../extensions/testing.ts';
import { ensureSharedWithAll, findShared } from './rbac-policy.store.ts';

type Policy = { id: string; target_tenant: string; object_id: string };
const policyIn = (answer: Answer) => (answer.body as { rbac_policy: Policy }).rbac_policy;
const policiesIn = (answer: Answer) => (answer.body as { rbac_policies: Policy[] }).rbac_policies;

const ADMIN = 'ops:admin,member,reader';

const share = (object_id: string, target_tenant: string, members: object = {}) => ({
  rbac_policy: {
    object_type: 'network',
    object_id,
    action: 'access_as_shared',
    target_tenant,
    ...members,
  },
});

test('an owner gives a network to another project, and takes it back', async () => {
  await using cloud = await startExtras();
  const red = cloud.as('red');
  const network = await cloud.addNetwork('red');
  const made = await red.post('/rbac-policies', share(network, 'blue'));
  assert.equal(made.status, 201, made.error);
  const { id } = policyIn(made);
  assert.deepEqual(policyIn(made), {
    id,
    project_id: 'red',
    action: 'access_as_shared',
    object_id: network,
    target_tenant: 'blue',
    object_type: 'network',
    tenant_id: 'red',
  });
  const sharedWith = async (project: string) =>
    (await findShared(cloud.db, 'network', [network], project)).has(network);
  assert.deepEqual([await sharedWith('blue'), await sharedWith('green')], [true, false]);
  assert.deepEqual(policiesIn(await red.get('/rbac-policies?target_tenant=blue&fields=id')), [
    { id },
  ]);
  assert.deepEqual(policiesIn(await cloud.as('blue').get('/rbac-policies')), []);
  assert.equal(
    (await cloud.as('blue').get(`/rbac-policies/${id}`)).error,
    `RbacPolicyNotFound: RBAC policy of type unknown with ID ${id} not found`,
  );
  assert.equal((await red.delete(`/rbac-policies/${id}`)).status, 204);
  assert.equal(await sharedWith('blue'), false);
});

test('the same is not given twice', async () => {
  await using cloud = await startExtras();
  const network = await cloud.addNetwork('red');
  const red = cloud.as('red');
  await red.post('/rbac-policies', share(network, 'blue'));
  const twice = await red.post('/rbac-policies', share(network, 'blue'));
  assert.equal(
    twice.error,
    'DuplicateRbacPolicy: An RBAC policy already exists with those values.',
  );
  const green = policyIn(await red.post('/rbac-policies', share(network, 'green')));
  const moved = await red.put(`/rbac-policies/${green.id}`, {
    rbac_policy: { target_tenant: 'blue' },
  });
  assert.equal(moved.status, 409, moved.error);
});

test('only administrators give to everybody', async () => {
  await using cloud = await startExtras();
  const network = await cloud.addNetwork('red');
  const denied = await cloud.as('red').post('/rbac-policies', share(network, '*'));
  assert.equal(
    denied.error,
    'PolicyNotAuthorized: ((((rule:create_rbac_policy and rule:create_rbac_policy:object_type) and ' +
      'rule:create_rbac_policy:object_id) and rule:create_rbac_policy:target_tenant) and ' +
      'rule:create_rbac_policy:action) is disallowed by policy',
  );
  assert.equal(denied.status, 403);
  const { id } = policyIn(await cloud.as('red').post('/rbac-policies', share(network, 'blue')));
  const widened = await cloud
    .as('red')
    .put(`/rbac-policies/${id}`, { rbac_policy: { target_tenant: '*' } });
  assert.equal(
    widened.error,
    'PolicyNotAuthorized: (rule:update_rbac_policy and rule:update_rbac_policy:target_tenant) is disallowed by policy',
  );
  const allowed = await cloud.as(ADMIN).post('/rbac-policies', share(network, '*'));
  assert.equal(allowed.status, 201, allowed.error);
});

const refused: readonly [string, object, number, string][] = [
  [
    'an unknown type of object',
    { object_type: 'bad' },
    400,
    "InvalidInput: Invalid input for operation: 'bad' is not a valid RBAC object type.",
  ],
  [
    'an action that the type does not know',
    { object_type: 'security_group', action: 'access_as_external' },
    400,
    "InvalidActionForType: Invalid action 'access_as_external' for object type 'security_group'. Valid actions: ['access_as_shared']",
  ],
  [
    'no target',
    { target_tenant: null },
    400,
    "HTTPBadRequest: Invalid input for target_tenant. Reason: 'None' is not a valid string.",
  ],
];

for (const [what, members, status, error] of refused) {
  test(`POST /v2.0/rbac-policies refuses ${what}`, async () => {
    await using cloud = await startExtras();
    const network = await cloud.addNetwork('red');
    const answer = await cloud.as('red').post('/rbac-policies', share(network, 'blue', members));
    assert.deepEqual([answer.status, answer.error], [status, error]);
  });
}

test("nobody gives away what is another's or what is not there", async () => {
  await using cloud = await startExtras();
  const network = await cloud.addNetwork('blue');
  const answer = await cloud.as('red').post('/rbac-policies', share(network, 'red'));
  assert.equal(
    answer.error,
    'InvalidInput: Invalid input for operation: Only admins can manipulate policies on objects they do not own.',
  );
  const missing = randomUUID();
  assert.equal(
    (await cloud.as('red').post('/rbac-policies', share(missing, 'blue'))).error,
    `NetworkNotFound: Network ${missing} could not be found.`,
  );
});

test('a network is not taken from a project that has a port on it', async () => {
  await using cloud = await startExtras();
  const network = await cloud.addNetwork('red');
  const red = cloud.as('red');
  const { id } = policyIn(await red.post('/rbac-policies', share(network, 'blue')));
  await cloud.addPort('blue', network);
  const inUse =
    `RbacPolicyInUse: RBAC policy on object ${network} cannot be removed because other objects depend on it.\n` +
    `Details: Unable to reconfigure sharing settings for network ${network}. Multiple projects are using it.`;
  assert.equal((await red.delete(`/rbac-policies/${id}`)).error, inUse);
  const green = { rbac_policy: { target_tenant: 'green' } };
  assert.equal((await red.put(`/rbac-policies/${id}`, green)).error, inUse);
  await ensureSharedWithAll(cloud.db, {
    id: randomUUID(),
    project_id: 'red',
    object_type: 'network',
    object_id: network,
    action: 'access_as_shared',
  });
  assert.equal((await red.delete(`/rbac-policies/${id}`)).status, 204);
  const [everybody] = policiesIn(await red.get('/rbac-policies'));
  assert.equal((await red.delete(`/rbac-policies/${everybody?.id}`)).error, inUse);
});

test('a security group is not taken from a project whose port is in it', async () => {
  await using cloud = await startExtras();
  const red = cloud.as('red');
  const { body } = await red.post('/security-groups', { security_group: { name: 'web' } });
  const group = (body as { security_group: { id: string } }).security_group.id;
  const given = await red.post(
    '/rbac-policies',
    share(group, 'blue', { object_type: 'security_group' }),
  );
  await cloud.addPort('blue', await cloud.addNetwork('blue'), [group]);
  assert.equal(
    (await red.delete(`/rbac-policies/${policyIn(given).id}`)).error,
    `RbacPolicyInUse: RBAC policy on object ${group} cannot be removed because other objects depend on it.\nDetails: project_id=blue`,
  );
});

test('a network that is given as external is external until nobody has it so', async () => {
  await using cloud = await startExtras();
  const network = await cloud.addNetwork('ops');
  const admin = cloud.as(ADMIN);
  const external = async () => {
    const row = await cloud.db
      .selectFrom('networks')
      .select('external')
      .where('id', '=', network)
      .executeTakeFirstOrThrow();
    return row.external;
  };
  const given = await admin.post(
    '/rbac-policies',
    share(network, 'blue', { action: 'access_as_external' }),
  );
  assert.equal(given.status, 201, given.error);
  assert.equal(await external(), 1);
  assert.equal((await admin.delete(`/rbac-policies/${policyIn(given).id}`)).status, 204);
  assert.equal(await external(), 0);
});

test('a project may share only so often', async () => {
  await using cloud = await startExtras();
  await setLimits(cloud.db, 'network', 'red', { rbac_policy: 1 });
  const network = await cloud.addNetwork('red');
  await cloud.as('red').post('/rbac-policies', share(network, 'blue'));
  assert.equal(
    (await cloud.as('red').post('/rbac-policies', share(network, 'green'))).error,
    "OverQuota: Quota exceeded for resources: ['rbac_policy'].",
  );
});

test('policies have no times, so a list of those changed since one is refused', async () => {
  await using cloud = await startExtras();
  const answer = await cloud.as('red').get('/rbac-policies?changed_since=2026-01-01T00:00:00Z');
  assert.deepEqual(
    [answer.status, answer.error],
    [400, "HTTPBadRequest: ['changed_since'] is invalid attribute for filtering"],
  );
});
