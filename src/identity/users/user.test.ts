/** Users and groups over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMember, projectScope, startIdentity } from '../testing/start-identity.ts';

test('a user is made, shown, changed and deleted, and the password is never shown', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const made = await admin.post('/v3/users', {
    user: { name: 'bob', password: 'pw', email: 'bob@x.test', default_project_id: null },
  });
  assert.equal(made.status, 201);
  const { user } = made.body;
  assert.deepEqual(user, {
    email: 'bob@x.test',
    id: user.id,
    name: 'bob',
    domain_id: 'default',
    enabled: true,
    password_expires_at: null,
    options: {},
    links: { self: `http://cloud.test:8774/identity/v3/users/${user.id}` },
  });
  const path = `/v3/users/${user.id}`;
  assert.deepEqual((await admin.get(path)).body, { user });
  const changed = await admin.patch(path, { user: { name: 'rob', phone: '1', password: 'other' } });
  assert.deepEqual(changed.body.user.extra, { email: 'bob@x.test', phone: '1' });
  assert.equal((await cloud.login('rob', 'other')).status, 201);
  assert.equal((await cloud.login('rob', 'pw')).status, 401);
  const rows = await cloud.db.selectFrom('users').selectAll().execute();
  assert.equal(JSON.stringify(rows).includes('other'), false);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.delete(path)).body.error.message, `Could not find user: ${user.id}.`);
});

test('bad users are refused, each for its reason', async (t) => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const rows = [
    {
      user: { name: 'admin' },
      status: 409,
      says: /^Conflict occurred attempting to store user - Duplicate entry found with name admin at domain ID default\.$/,
    },
    {
      user: { name: 'x', domain_id: 'nope' },
      status: 404,
      says: /^Could not find domain: nope\.$/,
    },
    {
      user: { name: 'x', default_project_id: 'default' },
      status: 400,
      says: /cannot be a domain ID/,
    },
    {
      user: { name: 'x', password: 'p'.repeat(4097) },
      status: 403,
      says: /less than or equal to 4096/,
    },
    { user: { name: 'x', password: 5 }, status: 400, says: /5 is not/ },
    {
      user: { name: 'x', options: { multi_factor_auth_enabled: true } },
      status: 400,
      says: /Additional properties/,
    },
    { user: [], status: 400, says: /is not of type 'object'/ },
  ];
  for (const { user, status, says } of rows) {
    await t.test(JSON.stringify(user).slice(0, 60), async () => {
      const answer = await admin.post('/v3/users', { user });
      assert.equal(answer.status, status);
      assert.match(answer.body.error.message, says);
    });
  }
});

test('users change their own password, if they know it and may', async () => {
  await using cloud = await startIdentity();
  const { userId } = await makeMember(cloud, 'ann');
  const admin = await cloud.admin();
  const path = `/v3/users/${userId}/password`;
  const change = async (original_password: string, password: string) =>
    (await cloud.send('POST', path, { user: { original_password, password } })).status;
  assert.equal(await change('wrong', 'new'), 401);
  assert.equal(await change('ann', 'x'.repeat(4097)), 403);
  assert.equal(await change('ann', 'new'), 204);
  assert.equal((await cloud.login('ann', 'new')).status, 201);
  await admin.patch(`/v3/users/${userId}`, { user: { options: { lock_password: true } } });
  assert.equal(await change('new', 'newer'), 400);
  await admin.patch(`/v3/users/${userId}`, { user: { options: { lock_password: null } } });
  assert.equal(await change('new', 'newer'), 204);
  await admin.patch(`/v3/users/${userId}`, { user: { enabled: false } });
  assert.equal(await change('newer', 'newest'), 401);
});

test('ids and domains do not change', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { userId } = await makeMember(cloud, 'ann');
  const path = `/v3/users/${userId}`;
  for (const user of [{ id: 'other' }, { domain_id: 'other' }, {}]) {
    assert.equal((await admin.patch(path, { user })).status, 400, JSON.stringify(user));
  }
  assert.equal(
    (await admin.patch(path, { user: { id: userId, domain_id: 'default' } })).status,
    200,
  );
});

test('members see themselves, their groups and projects, and nobody else', async () => {
  await using cloud = await startIdentity();
  const ann = await makeMember(cloud, 'ann');
  const bob = await makeMember(cloud, 'bob');
  const speaker = await ann.login();
  for (const path of ['', '/groups', '/projects']) {
    assert.equal((await speaker.get(`/v3/users/${ann.userId}${path}`)).status, 200, path);
    assert.equal((await speaker.get(`/v3/users/${bob.userId}${path}`)).status, 403, path);
  }
  assert.equal((await speaker.get('/v3/users')).status, 403);
  const { body } = await speaker.get(`/v3/users/${ann.userId}/projects`);
  assert.deepEqual(
    body.projects.map((each: { id: string }) => each.id),
    [ann.projectId],
  );
});

test('a domain-scoped reader sees the users of that domain', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { userId } = await makeMember(cloud, 'ann');
  const corp = await cloud.make('domains', 'domain', { name: 'corp' });
  const bob = await cloud.make('users', 'user', { name: 'bob', domain_id: corp.id });
  await admin.put(`/v3/domains/${corp.id}/users/${userId}/roles/${await cloud.roleId('reader')}`);
  const reader = await cloud.user('ann', 'ann', { domain: { id: corp.id } });
  const { body } = await reader.get('/v3/users');
  assert.deepEqual(
    body.users.map((user: { id: string }) => user.id),
    [bob.id],
  );
  assert.equal((await reader.get(`/v3/users/${bob.id}`)).status, 200);
  const other = await makeMember(cloud, 'other');
  assert.equal((await reader.get(`/v3/users/${other.userId}`)).status, 403);
  assert.equal((await reader.delete(`/v3/users/${bob.id}`)).status, 403);
});

test('groups have members, and their roles are those of the members', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { userId } = await makeMember(cloud, 'ann');
  const group = await cloud.make('groups', 'group', { name: 'ops', note: 'n' });
  assert.equal(group.note, 'n');
  assert.equal(group.description, '');
  const member = `/v3/groups/${group.id}/users/${userId}`;
  assert.equal((await admin.head(member)).status, 404);
  assert.equal((await admin.put(member)).status, 204);
  assert.equal((await admin.put(member)).status, 204, 'twice is once');
  assert.equal((await admin.head(member)).status, 204);
  const names = async (path: string, kind: string) =>
    (await admin.get(path)).body[kind].map((each: { name: string }) => each.name);
  assert.deepEqual(await names(`/v3/groups/${group.id}/users?name=ann`, 'users'), ['ann']);
  assert.deepEqual(await names(`/v3/users/${userId}/groups`, 'groups'), ['ops']);
  const project = await cloud.make('projects', 'project', { name: 'shared' });
  await admin.put(
    `/v3/projects/${project.id}/groups/${group.id}/roles/${await cloud.roleId('reader')}`,
  );
  const ann = await cloud.user('ann', 'ann', projectScope('shared'));
  assert.equal((await ann.get('/v3/auth/projects')).body.projects.length, 2);
  assert.equal((await admin.delete(member)).status, 204);
  assert.equal((await ann.get('/v3/auth/projects')).status, 401);
  assert.equal((await admin.delete(member)).status, 404);
  const renamed = await admin.patch(`/v3/groups/${group.id}`, { group: { name: 'dev' } });
  assert.equal(renamed.body.group.name, 'dev');
  assert.equal((await admin.delete(`/v3/groups/${group.id}`)).status, 204);
  assert.equal(
    (await admin.get(`/v3/groups/${group.id}`)).body.error.message,
    `Could not find group: ${group.id}.`,
  );
});
