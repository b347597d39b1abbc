/** Grants of every kind, and what they come to, over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { makeMember, projectScope, startIdentity } from '../testing/start-identity.ts';

const kinds = ['project', 'domain', 'system'].flatMap((target) =>
  ['user', 'group'].flatMap((actor) =>
    [false, true].flatMap((inherited) =>
      target === 'system' && inherited ? [] : [{ target, actor, inherited }],
    ),
  ),
);

test('each kind of grant is given, listed, checked and taken back', async (t) => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { projectId, userId } = await makeMember(cloud, 'ann');
  const group = await cloud.make('groups', 'group', { name: 'g' });
  const role = await cloud.make('roles', 'role', { name: 'r' });
  const ids: Record<string, string> = {
    project: projectId,
    domain: 'default',
    user: userId,
    group: group.id,
  };
  for (const { target, actor, inherited } of kinds) {
    await t.test(`${target}, ${actor}${inherited ? ', inherited' : ''}`, async () => {
      const on = target === 'system' ? 'system' : `${target}s/${ids[target]}`;
      const root = `/v3/${inherited ? 'OS-INHERIT/' : ''}${on}/${actor}s/${ids[actor]}/roles`;
      const tail = inherited ? '/inherited_to_projects' : '';
      const one = (id: string) => `${root}/${id}${tail}`;
      const listed = async () => {
        const { body } = await admin.get(`${root}${tail}`);
        return body.roles.map((each: { id: string }) => each.id).includes(role.id) as boolean;
      };
      const missing = await admin.head(one(role.id));
      assert.equal(missing.status, 404);
      assert.equal(await listed(), false);
      assert.equal((await admin.put(one(role.id))).status, 204);
      assert.equal((await admin.put(one(role.id))).status, 204, 'twice is once');
      assert.equal((await admin.head(one(role.id))).status, 204);
      assert.equal((await admin.get(one(role.id))).status, 204);
      assert.equal(await listed(), true);
      assert.equal((await admin.put(one('nope'))).body.error.message, 'Could not find role: nope.');
      assert.equal((await admin.delete(one(role.id))).status, 204);
      const gone = await admin.delete(one(role.id));
      assert.equal(gone.status, 404);
      assert.match(
        gone.body.error.message,
        new RegExp(
          `^Could not find role assignment with role: ${role.id}, user or group: ${ids[actor]}`,
        ),
      );
    });
  }
});

test('grants to or on what does not exist are refused', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { projectId, userId } = await makeMember(cloud, 'ann');
  const role = await cloud.roleId('reader');
  const rows = [
    [`projects/nope/users/${userId}`, 'Could not find project: nope.'],
    [`projects/default/users/${userId}`, 'Could not find project: default.'],
    [`domains/${projectId}/users/${userId}`, `Could not find domain: ${projectId}.`],
    [`projects/${projectId}/users/nope`, 'Could not find user: nope.'],
    ['system/groups/nope', 'Could not find group: nope.'],
  ];
  for (const [path, message] of rows) {
    assert.equal((await admin.put(`/v3/${path}/roles/${role}`)).body.error.message, message);
  }
  const corp = await cloud.make('domains', 'domain', { name: 'corp' });
  const local = await cloud.make('roles', 'role', { name: 'local', domain_id: corp.id });
  assert.equal(
    (await admin.put(`/v3/projects/${projectId}/users/${userId}/roles/${local.id}`)).status,
    403,
  );
  assert.equal((await admin.put(`/v3/system/users/${userId}/roles/${local.id}`)).status, 400);
});

test('a role of a domain counts only by what it implies', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { projectId, userId } = await makeMember(cloud, 'ann');
  const local = await cloud.make('roles', 'role', { name: 'local', domain_id: 'default' });
  const extra = await cloud.make('roles', 'role', { name: 'Extra' });
  await admin.put(`/v3/roles/${local.id}/implies/${extra.id}`);
  await admin.put(`/v3/projects/${projectId}/users/${userId}/roles/${local.id}`);
  const { body } = await cloud.login('ann', 'ann', projectScope('ann'));
  const names = body.token.roles.map((role: { name: string }) => role.name);
  assert.deepEqual(names.toSorted(), ['Extra', 'member', 'reader']);
});

test('what a domain passes on opens its projects, those made later too', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { userId } = await makeMember(cloud, 'ann');
  const role = await cloud.roleId('reader');
  await admin.put(
    `/v3/OS-INHERIT/domains/default/users/${userId}/roles/${role}/inherited_to_projects`,
  );
  const parent = await cloud.make('projects', 'project', { name: 'later' });
  await cloud.make('projects', 'project', { name: 'below', parent_id: parent.id });
  const { body } = await cloud.login('ann', 'ann', projectScope('below'));
  assert.deepEqual(body.token.roles, [{ id: role, name: 'reader' }]);
  assert.equal((await cloud.login('ann', 'ann', { domain: { id: 'default' } })).status, 401);
  const ann = await cloud.user('ann', 'ann', 'unscoped');
  assert.equal((await ann.get('/v3/auth/projects')).body.projects.length, 5);
});

test('assignments are listed as given and as they come out, with links and names', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { projectId, userId } = await makeMember(cloud, 'ann');
  const group = await cloud.make('groups', 'group', { name: 'g' });
  await admin.put(`/v3/groups/${group.id}/users/${userId}`);
  const [member, reader] = [await cloud.roleId('member'), await cloud.roleId('reader')];
  await admin.put(
    `/v3/OS-INHERIT/domains/default/groups/${group.id}/roles/${reader}/inherited_to_projects`,
  );
  const api = 'http://cloud.test:8774/identity/v3';
  const list = async (query: string) =>
    (await admin.get(`/v3/role_assignments?${query}`)).body.role_assignments;

  assert.deepEqual(await list(`user.id=${userId}`), [
    {
      links: { assignment: `${api}/projects/${projectId}/users/${userId}/roles/${member}` },
      scope: { project: { id: projectId } },
      user: { id: userId },
      role: { id: member },
    },
  ]);
  assert.deepEqual(await list(`group.id=${group.id}&include_names`), [
    {
      links: {
        assignment: `${api}/OS-INHERIT/domains/default/groups/${group.id}/roles/${reader}/inherited_to_projects`,
      },
      scope: { domain: { id: 'default', name: 'Default' }, 'OS-INHERIT:inherited_to': 'projects' },
      group: { id: group.id, name: 'g', domain: { id: 'default', name: 'Default' } },
      role: { id: reader, name: 'reader' },
    },
  ]);
  const come = await list(`effective&user.id=${userId}&scope.project.id=${projectId}`);
  const links = come.map((each: { links: object }) => each.links);
  const expected = [
    {
      membership: `${api}/groups/${group.id}/users/${userId}`,
      assignment: `${api}/OS-INHERIT/domains/default/groups/${group.id}/roles/${reader}/inherited_to_projects`,
    },
    { assignment: `${api}/projects/${projectId}/users/${userId}/roles/${member}` },
    {
      assignment: `${api}/projects/${projectId}/users/${userId}/roles/${member}`,
      prior_role: `${api}/prior_role/${reader}/implies/${member}`,
    },
  ];
  // The order is that of random ids.
  assert.equal(links.length, expected.length);
  for (const each of expected) {
    assert.ok(
      links.some((link: object) => isDeepStrictEqual(link, each)),
      JSON.stringify(each),
    );
  }
  assert.equal((await list('scope.system=all')).length, 1);
  assert.equal((await list('scope.system=all&effective')).length, 4);
  assert.equal((await list(`role.id=${reader}&effective&user.id=${userId}`)).length, 4);
  assert.equal((await list('scope.OS-INHERIT:inherited_to=projects')).length, 1);
  assert.equal((await list('scope.domain.id=default')).length, 1);
});

test('questions that make no sense are refused', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  for (const query of [
    'scope.project.id=a&scope.domain.id=b',
    'scope.project.id=a&scope.system=all',
    'user.id=a&group.id=b',
    'effective&group.id=b',
    'include_subtree',
  ]) {
    assert.equal((await admin.get(`/v3/role_assignments?${query}`)).status, 400, query);
  }
  const ann = await (await makeMember(cloud, 'ann')).login();
  assert.equal((await ann.get('/v3/role_assignments')).status, 403);
});
