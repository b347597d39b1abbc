/** The service as a whole: discovery, who may do what, and what it answers to nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMember, startIdentity } from './testing/start-identity.ts';

test('versions are discovered on the name that the caller used', async () => {
  await using cloud = await startIdentity();
  for (const path of ['', '/']) {
    const root = await cloud.send('GET', path, undefined, { host: 'other.name:81' });
    assert.equal(root.status, 300);
    assert.equal(root.headers['location'], 'http://other.name:81/identity/v3/');
    const [version] = root.body.versions.values;
    assert.equal(version.id, 'v3.14');
    assert.equal(version.status, 'stable');
    assert.deepEqual(version.links, [{ rel: 'self', href: 'http://other.name:81/identity/v3/' }]);
  }
  const one = await cloud.send('GET', '/v3/');
  assert.equal(one.status, 200);
  assert.equal(one.body.version.id, 'v3.14');
  const odd = await cloud.send('GET', '/v3', undefined, { host: 'a"><script>' });
  assert.equal(JSON.stringify(odd.body).includes('script'), false);
});

const open = new Set(['GET /', 'GET /v3', 'POST /v3/auth/tokens', 'POST /v3/users/:id/password']);

test('every route but the few that are meant to be open refuses whoever has no token', async () => {
  await using cloud = await startIdentity();
  const routes: { method: string; url: string }[] = [];
  cloud.identity.service.routes({
    addHook: () => undefined,
    ...Object.fromEntries(
      ['get', 'post', 'put', 'patch', 'delete'].map((method) => [
        method,
        (url: string) => routes.push({ method: method.toUpperCase(), url }),
      ]),
    ),
  } as never);
  assert.ok(routes.length > 100, String(routes.length));
  for (const { method, url } of routes) {
    const answer = await cloud.send(method as 'GET', url.replaceAll(/:[a-z_]+/g, 'x'));
    assert.equal(answer.status === 401, !open.has(`${method} ${url}`), `${method} ${url}`);
  }
});

const personas = {
  admin: {
    role: 'admin',
    can: [
      'users',
      'projects',
      'roles',
      'services',
      'domains',
      'groups',
      'endpoints',
      'role_assignments',
      'regions',
    ],
  },
  manager: { role: 'manager', can: ['regions'] },
  member: { role: 'member', can: ['regions'] },
  reader: { role: 'reader', can: ['regions'] },
  service: { role: 'service', can: ['regions'] },
};

for (const [name, { role, can }] of Object.entries(personas)) {
  test(`a ${name} on a project may list ${can.length === 1 ? can[0] : 'everything'}`, async () => {
    await using cloud = await startIdentity();
    const speaker = await (await makeMember(cloud, 'who', role)).login();
    for (const collection of personas.admin.can) {
      const { status, body } = await speaker.get(`/v3/${collection}`);
      assert.equal(status, can.includes(collection) ? 200 : 403, collection);
      if (status === 403) {
        assert.equal(body.error.title, 'Forbidden');
        assert.match(
          body.error.message,
          /^You are not authorized to perform the requested action: identity:list_\w+\.$/,
        );
      }
    }
  });
}

test('a reader of the system sees everything and changes nothing', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { userId } = await makeMember(cloud, 'ann');
  await admin.put(`/v3/system/users/${userId}/roles/${await cloud.roleId('reader')}`);
  const reader = await cloud.user('ann', 'ann', { system: { all: true } });
  for (const collection of personas.admin.can) {
    assert.equal((await reader.get(`/v3/${collection}`)).status, 200, collection);
  }
  assert.equal((await reader.post('/v3/users', { user: { name: 'x' } })).status, 403);
  assert.equal((await reader.delete(`/v3/users/${userId}`)).status, 403);
});

test('a manager of a domain rules its users, groups and projects, and gives no more than manager', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { userId, projectId } = await makeMember(cloud, 'ann');
  const corp = await cloud.make('domains', 'domain', { name: 'corp' });
  await admin.put(`/v3/domains/${corp.id}/users/${userId}/roles/${await cloud.roleId('manager')}`);
  const boss = await cloud.user('ann', 'ann', { domain: { id: corp.id } });
  const user = await boss.post('/v3/users', { user: { name: 'bob' } });
  assert.equal(user.body.user.domain_id, corp.id);
  const project = await boss.post('/v3/projects', { project: { name: 'p' } });
  assert.equal(project.body.project.domain_id, corp.id);
  const grant = async (role: string, on = project.body.project.id as string) => {
    const id = await cloud.roleId(role);
    return (await boss.put(`/v3/projects/${on}/users/${user.body.user.id}/roles/${id}`)).status;
  };
  assert.equal(await grant('member'), 204);
  assert.equal(await grant('admin'), 403);
  assert.equal(await grant('member', projectId), 403);
  assert.equal(
    (await boss.post('/v3/users', { user: { name: 'x', domain_id: 'default' } })).status,
    403,
  );
  assert.equal((await boss.get('/v3/roles')).status, 200);
});

test('an operator can change who may do what', async () => {
  await using cloud = await startIdentity({ policy: { 'identity:list_users': 'role:member' } });
  const ann = await (await makeMember(cloud, 'ann')).login();
  assert.equal((await ann.get('/v3/users')).status, 200);
});

test('nonsense gets an answer in this service’s own words', async (t) => {
  await using cloud = await startIdentity();
  const { token } = await cloud.admin();
  const rows = [
    { why: 'no JSON', method: 'POST', url: '/v3/users', payload: '{', status: 400 },
    { why: 'a list for an object', method: 'POST', url: '/v3/users', payload: '[]', status: 400 },
    { why: 'null', method: 'POST', url: '/v3/users', payload: 'null', status: 400 },
    {
      why: 'the wrong wrapper',
      method: 'POST',
      url: '/v3/users',
      payload: '{"project":{}}',
      status: 400,
    },
    {
      why: 'a prototype',
      method: 'POST',
      url: '/v3/users',
      payload: '{"user":{"name":"x","__proto__":{"admin":1}}}',
      status: 201,
    },
    {
      why: 'a method that is not served',
      method: 'PUT',
      url: '/v3/users',
      payload: '{}',
      status: 405,
    },
    {
      why: 'a path that is not served',
      method: 'GET',
      url: '/v3/credentials',
      payload: undefined,
      status: 404,
    },
    { why: 'a bad escape', method: 'GET', url: '/v3/users/%zz', payload: undefined, status: 400 },
    {
      why: 'a huge body',
      method: 'POST',
      url: '/v3/users',
      payload: `{"user":{"name":"${'x'.repeat(2_000_000)}"}}`,
      status: 413,
    },
    {
      why: 'a long id',
      method: 'GET',
      url: `/v3/users/${'x'.repeat(290)}`,
      payload: undefined,
      status: 404,
    },
    {
      why: 'a quote in a query',
      method: 'GET',
      url: "/v3/users?name='%20or%201=1--",
      payload: undefined,
      status: 200,
    },
  ] as const;
  for (const { why, method, url, payload, status } of rows) {
    await t.test(why, async () => {
      const response = await cloud.app.inject({
        method,
        url: `/identity${url}`,
        headers: { 'x-auth-token': token, 'content-type': 'application/json' },
        ...(payload !== undefined && { payload }),
      });
      assert.equal(response.statusCode, status, response.body);
      if (status >= 400) {
        const { error } = response.json();
        assert.equal(error.code, status);
        assert.ok(error.message.length > 0);
      }
    });
  }
});
