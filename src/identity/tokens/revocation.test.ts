/** What takes tokens back before their time, each tried with a token that worked a moment ago. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeMember,
  projectScope,
  startIdentity,
  type TestIdentity,
} from '../testing/start-identity.ts';

type Who = { readonly userId: string; readonly projectId: string };
type Admin = Awaited<ReturnType<TestIdentity['admin']>>;

const reasons: readonly {
  why: string;
  change: (admin: Admin, who: Who, cloud: TestIdentity) => Promise<{ status: number }>;
  /** Whether taking the change back makes the old token good again. */
  undo?: (admin: Admin, who: Who) => Promise<{ status: number }>;
  revives?: boolean;
}[] = [
  {
    why: 'the user changed the password',
    change: async (_admin, { userId }, cloud) =>
      await cloud.send('POST', `/v3/users/${userId}/password`, {
        user: { original_password: 'ann', password: 'new' },
      }),
  },
  {
    why: 'an admin changed the password',
    change: async (admin, { userId }) =>
      await admin.patch(`/v3/users/${userId}`, { user: { password: 'new' } }),
  },
  {
    why: 'the user was disabled, even when enabled again',
    change: async (admin, { userId }) =>
      await admin.patch(`/v3/users/${userId}`, { user: { enabled: false } }),
    undo: async (admin, { userId }) =>
      await admin.patch(`/v3/users/${userId}`, { user: { enabled: true } }),
  },
  {
    why: 'the user was deleted',
    change: async (admin, { userId }) => await admin.delete(`/v3/users/${userId}`),
  },
  {
    why: 'the project was disabled, until it is enabled again',
    change: async (admin, { projectId }) =>
      await admin.patch(`/v3/projects/${projectId}`, { project: { enabled: false } }),
    undo: async (admin, { projectId }) =>
      await admin.patch(`/v3/projects/${projectId}`, { project: { enabled: true } }),
    revives: true,
  },
  {
    why: 'the project was deleted',
    change: async (admin, { projectId }) => await admin.delete(`/v3/projects/${projectId}`),
  },
  {
    why: 'the last role was taken away',
    change: async (admin, { userId, projectId }, cloud) => {
      const role = await cloud.roleId('member');
      return await admin.delete(`/v3/projects/${projectId}/users/${userId}/roles/${role}`);
    },
  },
];

for (const { why, change, undo, revives } of reasons) {
  test(`a token ends when ${why}`, async () => {
    await using cloud = await startIdentity();
    const who = await makeMember(cloud, 'ann');
    const ann = await who.login();
    assert.equal((await ann.get('/v3/auth/projects')).status, 200);
    const admin = await cloud.admin();
    const { status } = await change(admin, who, cloud);
    assert.ok(status === 200 || status === 204, String(status));
    assert.equal((await ann.get('/v3/auth/projects')).status, 401);
    if (!undo) return;
    assert.equal((await undo(admin, who)).status, 200);
    assert.equal((await ann.get('/v3/auth/projects')).status, revives ? 200 : 401);
    assert.equal((await cloud.login('ann', 'ann', projectScope('ann'))).status, 201);
  });
}

test('a token that is issued in the millisecond of a revocation is good, and can be revoked too', async () => {
  await using cloud = await startIdentity();
  const who = await makeMember(cloud, 'ann');
  for (const password of ['one', 'two', 'three']) {
    await cloud.identity.bootstrap.setPassword(who.userId, password);
    const ann = await cloud.user('ann', password, projectScope('ann'));
    assert.equal((await ann.get('/v3/auth/projects')).status, 200);
    await cloud.identity.bootstrap.setPassword(who.userId, 'other');
    assert.equal((await ann.get('/v3/auth/projects')).status, 401);
  }
});

test('a role taken from a token that has others is missing at once', async () => {
  await using cloud = await startIdentity();
  const { userId, projectId, login } = await makeMember(cloud, 'ann', 'admin');
  const ann = await login();
  const admin = await cloud.admin();
  await admin.put(
    `/v3/projects/${projectId}/users/${userId}/roles/${await cloud.roleId('reader')}`,
  );
  assert.equal((await ann.get('/v3/users')).status, 200);
  const role = await cloud.roleId('admin');
  await admin.delete(`/v3/projects/${projectId}/users/${userId}/roles/${role}`);
  assert.equal((await ann.get('/v3/users')).status, 403);
});

test('a domain that is disabled closes for its users and its projects', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const domain = await cloud.make('domains', 'domain', { name: 'corp' });
  const user = await cloud.make('users', 'user', {
    name: 'bob',
    password: 'pw',
    domain_id: domain.id,
  });
  const project = await cloud.make('projects', 'project', { name: 'p', domain_id: domain.id });
  await admin.put(
    `/v3/projects/${project.id}/users/${user.id}/roles/${await cloud.roleId('member')}`,
  );
  const ask = async () =>
    await cloud.send('POST', '/v3/auth/tokens', {
      auth: {
        identity: { methods: ['password'], password: { user: { id: user.id, password: 'pw' } } },
        scope: { project: { id: project.id } },
      },
    });
  const bob = cloud.as(String((await ask()).headers['x-subject-token']));
  assert.equal((await bob.get('/v3/auth/projects')).status, 200);
  await admin.patch(`/v3/domains/${domain.id}`, { domain: { enabled: false } });
  assert.equal((await bob.get('/v3/auth/projects')).status, 401);
  assert.equal((await ask()).status, 401);
});
