/** Projects and domains over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMember, startIdentity } from '../testing/start-identity.ts';

test('a project is made, shown, changed and deleted, with whatever else was said of it', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const made = await admin.post('/v3/projects', {
    project: { name: ' web ', description: 'd', tags: ['b', 'a'], colour: 'red' },
  });
  assert.equal(made.status, 201);
  const { project } = made.body;
  assert.match(project.id, /^[0-9a-f]{32}$/);
  assert.deepEqual(project, {
    colour: 'red',
    id: project.id,
    name: 'web',
    domain_id: 'default',
    description: 'd',
    enabled: true,
    parent_id: 'default',
    is_domain: false,
    tags: ['a', 'b'],
    options: {},
    links: { self: `http://cloud.test:8774/identity/v3/projects/${project.id}` },
  });
  const path = `/v3/projects/${project.id}`;
  assert.deepEqual((await admin.get(path)).body, { project });
  const changed = await admin.patch(path, { project: { name: 'api', size: 3 } });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.project.name, 'api');
  assert.deepEqual(changed.body.project.extra, { colour: 'red', size: 3 });
  assert.equal((await admin.delete(path)).status, 204);
  const gone = await admin.get(path);
  assert.equal(gone.status, 404);
  assert.equal(gone.body.error.message, `Could not find project: ${project.id}.`);
});

const refused = [
  { why: 'no name', project: {}, status: 400, says: /'name' is a required property/ },
  {
    why: 'an empty name',
    project: { name: '' },
    status: 400,
    says: /^Invalid input for field 'name': '' is too short/,
  },
  { why: 'blanks for a name', project: { name: '  ' }, status: 400, says: /does not match/ },
  { why: 'a long name', project: { name: 'a'.repeat(65) }, status: 400, says: /is too long/ },
  {
    why: 'a word for a switch',
    project: { name: 'x', enabled: 'yes' },
    status: 400,
    says: /'enabled': 'yes' is not of type 'boolean'/,
  },
  {
    why: 'a tag with a slash',
    project: { name: 'x', tags: ['a/b'] },
    status: 400,
    says: /'tags\/0'/,
  },
  {
    why: 'an unknown option',
    project: { name: 'x', options: { fast: true } },
    status: 400,
    says: /Additional properties/,
  },
  {
    why: 'an unknown domain',
    project: { name: 'x', domain_id: 'nope' },
    status: 400,
    says: /Could not find domain: nope/,
  },
  {
    why: 'a taken name, in capitals',
    project: { name: 'ADMIN' },
    status: 409,
    says: /two projects with either the same name/,
  },
  {
    why: 'too much of everything',
    project: { name: 'x', note: 'n'.repeat(70_000) },
    status: 400,
    says: /65535/,
  },
];

test('bad projects are refused, each for its reason', async (t) => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  for (const { why, project, status, says } of refused) {
    await t.test(why, async () => {
      const answer = await admin.post('/v3/projects', { project });
      assert.equal(answer.status, status);
      assert.match(answer.body.error.message, says);
    });
  }
});

test('projects are found by name, domain, parent, state, tags and parts of their name', async (t) => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const parent = await cloud.make('projects', 'project', { name: 'Parent', tags: ['x', 'y'] });
  await cloud.make('projects', 'project', { name: 'child_1', parent_id: parent.id, tags: ['x'] });
  await cloud.make('projects', 'project', { name: 'off', enabled: false });
  await cloud.make('domains', 'domain', { name: 'corp' });
  const rows = [
    ['?name=parent', ['Parent']],
    ['?name__contains=_', ['child_1']],
    ['?name__icontains=RENT', ['Parent']],
    ['?name__startswith=chi', ['child_1']],
    [`?parent_id=${parent.id}`, ['child_1']],
    ['?enabled=false', ['off']],
    ['?tags=x,y', ['Parent']],
    ['?tags-any=x,y', ['Parent', 'child_1']],
    ['?not-tags=x,y&name__contains=i', ['admin', 'child_1', 'service']],
    ['?not-tags-any=x,y', ['admin', 'off', 'service']],
    ['?is_domain=true', ['Default', 'corp']],
    ['?nonsense=1&domain_id=nope', []],
  ] as const;
  for (const [query, names] of rows) {
    await t.test(query, async () => {
      const { body } = await admin.get(`/v3/projects${query}`);
      const found = (body.projects as { name: string }[]).map((project) => project.name);
      assert.deepEqual(found.toSorted(), names);
      assert.equal(body.links.self, `http://cloud.test:8774/identity/v3/projects${query}`);
    });
  }
});

test('a list can be walked in pages', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  for (const name of ['a', 'b', 'c']) await cloud.make('projects', 'project', { name });
  const seen: string[] = [];
  let next: string | null = '/identity/v3/projects?limit=2';
  while (next !== null) {
    const { body } = await admin.get(next.replace(/^.*\/identity/, ''));
    assert.ok(body.projects.length <= 2);
    assert.equal('truncated' in body, body.links.next !== null);
    seen.push(...body.projects.map((project: { name: string }) => project.name));
    next = body.links.next;
  }
  assert.deepEqual(seen.toSorted(), ['a', 'admin', 'b', 'c', 'service']);
  assert.equal((await admin.get('/v3/projects?limit=two')).status, 400);
});

test('tags are set, listed, checked and taken away', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { id } = await cloud.make('projects', 'project', { name: 'p' });
  const path = `/v3/projects/${id}/tags`;
  assert.deepEqual((await admin.put(path, { tags: ['b', 'a'] })).body.tags, ['b', 'a']);
  const put = await admin.put(`${path}/c%20d`);
  assert.equal(put.status, 201);
  assert.deepEqual((await admin.get(path)).body, {
    links: { self: 'http://cloud.test:8774/identity/v3' },
    tags: ['a', 'b', 'c d'],
  });
  assert.equal((await admin.get(`${path}/a`)).status, 204);
  assert.equal((await admin.delete(`${path}/a`)).status, 204);
  const missing = await admin.get(`${path}/a`);
  assert.equal(missing.body.error.message, 'Could not find project tag: a.');
  assert.equal((await admin.put(path, { tags: ['x', 'x'] })).status, 400);
  assert.equal((await admin.delete(path)).status, 204);
  assert.deepEqual((await admin.get(path)).body.tags, []);
});

test('a family of projects is told upwards and downwards', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const a = await cloud.make('projects', 'project', { name: 'a' });
  const b = await cloud.make('projects', 'project', { name: 'b', parent_id: a.id });
  const up = await admin.get(`/v3/projects/${b.id}?parents_as_ids`);
  assert.deepEqual(up.body.project.parents, { [a.id]: { default: null } });
  const down = await admin.get(`/v3/projects/${a.id}?subtree_as_ids=1`);
  assert.deepEqual(down.body.project.subtree, { [b.id]: null });
  // Lists hold only what the caller has a role on.
  const list = await admin.get(`/v3/projects/${a.id}?subtree_as_list`);
  assert.deepEqual(list.body.project.subtree, []);
  const both = await admin.get(`/v3/projects/${a.id}?parents_as_ids&parents_as_list`);
  assert.equal(both.status, 400);
  assert.equal((await admin.delete(`/v3/projects/${a.id}`)).status, 403);
});

test('a domain takes everything in it along when it goes, and goes only when it is disabled', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const made = await admin.post('/v3/domains', { domain: { name: 'corp' } });
  assert.deepEqual(Object.keys(made.body.domain), [
    'id',
    'name',
    'description',
    'enabled',
    'tags',
    'options',
    'links',
  ]);
  const { id } = made.body.domain;
  const again = await admin.post('/v3/domains', { domain: { name: 'corp' } });
  assert.equal(
    again.body.error.message,
    'Conflict occurred attempting to store project - it is not permitted to have two projects acting as domains with the same name: corp.',
  );
  const user = await cloud.make('users', 'user', { name: 'bob', domain_id: id });
  const group = await cloud.make('groups', 'group', { name: 'g', domain_id: id });
  const project = await cloud.make('projects', 'project', { name: 'p', domain_id: id });
  const role = await cloud.make('roles', 'role', { name: 'r', domain_id: id });
  const member = await cloud.roleId('member');
  await admin.put(`/v3/projects/${project.id}/users/${user.id}/roles/${member}`);
  await admin.put(`/v3/system/groups/${group.id}/roles/${member}`);
  const refusedDelete = await admin.delete(`/v3/domains/${id}`);
  assert.equal(refusedDelete.status, 403);
  assert.match(refusedDelete.body.error.message, /disable it first/);
  await admin.patch(`/v3/domains/${id}`, { domain: { enabled: false } });
  assert.equal((await admin.delete(`/v3/domains/${id}`)).status, 204);
  for (const path of [
    `domains/${id}`,
    `users/${user.id}`,
    `groups/${group.id}`,
    `projects/${project.id}`,
    `roles/${role.id}`,
  ]) {
    assert.equal((await admin.get(`/v3/${path}`)).status, 404, path);
  }
  const left = await cloud.db.selectFrom('role_assignments').select('actor_id').execute();
  assert.equal(left.length, 2, 'only those of the admin are left');
});

test('members see their own project and domain, and nothing else', async () => {
  await using cloud = await startIdentity();
  const { projectId, login } = await makeMember(cloud, 'ann');
  const ann = await login();
  const other = await cloud.make('projects', 'project', { name: 'other' });
  assert.equal((await ann.get(`/v3/projects/${projectId}`)).status, 200);
  assert.equal((await ann.get('/v3/domains/default')).status, 200);
  for (const path of [`projects/${other.id}`, 'projects/unknown', 'projects', 'domains']) {
    assert.equal((await ann.get(`/v3/${path}`)).status, 403, path);
  }
  const refusedCreate = await ann.post('/v3/projects', { project: { name: 'x' } });
  assert.equal(refusedCreate.status, 403);
  assert.equal(
    refusedCreate.body.error.message,
    'You are not authorized to perform the requested action: identity:create_project.',
  );
});
