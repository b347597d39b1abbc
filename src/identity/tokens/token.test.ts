/** Tokens over HTTP: how they are got, what they say, and when they stop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ADMIN_PASSWORD,
  makeMember,
  projectScope,
  startIdentity,
} from '../testing/start-identity.ts';

const SAME_TEXT = 'The request you have made requires authentication.';

test('a token for a project says who, where, with which roles, until when, and what is where', async () => {
  await using cloud = await startIdentity();
  const { status, headers, body } = await cloud.login(
    'admin',
    ADMIN_PASSWORD,
    projectScope('admin'),
  );
  assert.equal(status, 201);
  assert.ok(String(headers['x-subject-token']).length > 50);
  const { token } = body;
  assert.deepEqual(token.methods, ['password']);
  assert.deepEqual(token.user.domain, { id: 'default', name: 'Default' });
  assert.equal(token.user.password_expires_at, null);
  assert.equal(token.project.name, 'admin');
  assert.equal(token.is_domain, false);
  assert.deepEqual(token.roles.map((role: { name: string }) => role.name).toSorted(), [
    'admin',
    'manager',
    'member',
    'reader',
  ]);
  assert.equal(token.issued_at, '2026-01-01T00:00:00.000000Z');
  assert.equal(token.expires_at, '2026-01-01T01:00:00.000000Z');
  assert.match(token.audit_ids[0], /^[\w-]{22}$/);
  const compute = token.catalog.find((service: { type: string }) => service.type === 'compute');
  assert.deepEqual(
    compute.endpoints
      .map((each: { interface: string; url: string }) => [each.interface, each.url])
      .toSorted(),
    [
      ['admin', 'http://cloud.test:8774/compute/v2.1'],
      ['internal', 'http://cloud.test:8774/compute/v2.1'],
      ['public', 'http://cloud.test:8774/compute/v2.1'],
    ],
  );
});

const scopes = [
  { what: 'a project by id', scope: { project: { id: 'ID' } }, has: 'project' },
  { what: 'a project by name', scope: projectScope('admin'), has: 'project' },
  {
    what: 'a project whose domain is named',
    scope: { project: { name: 'admin', domain: { name: 'default' } } },
    has: 'project',
  },
  { what: 'the system', scope: { system: { all: true } }, has: 'system' },
  { what: 'nothing', scope: 'unscoped', has: undefined },
  { what: 'nothing, said as an object', scope: { unscoped: {} }, has: undefined },
  { what: 'nothing, by silence', scope: undefined, has: undefined },
];

test('a token can be scoped to many things', async (t) => {
  await using cloud = await startIdentity();
  const id = (await cloud.identity.api.findProjectByName('admin'))?.id ?? '';
  for (const { what, scope, has } of scopes) {
    await t.test(what, async () => {
      const wanted = JSON.parse(JSON.stringify(scope ?? null).replace('ID', id)) as unknown;
      const { status, body } = await cloud.login('admin', ADMIN_PASSWORD, wanted ?? undefined);
      assert.equal(status, 201);
      for (const member of ['project', 'system', 'domain']) {
        assert.equal(member in body.token, member === has, member);
      }
      assert.equal('catalog' in body.token, has !== undefined);
      assert.equal('roles' in body.token, has !== undefined);
    });
  }
});

test('a token can be scoped to a domain, where the user has a role', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const { id } = (await cloud.identity.api.findUserByName('admin')) ?? { id: '' };
  const scope = { domain: { name: 'Default' } };
  assert.equal((await cloud.login('admin', ADMIN_PASSWORD, scope)).status, 401);
  const reader = await cloud.roleId('reader');
  await admin.put(`/v3/domains/default/users/${id}/roles/${reader}`);
  const { body } = await cloud.login('admin', ADMIN_PASSWORD, scope);
  assert.deepEqual(body.token.domain, { id: 'default', name: 'Default' });
  assert.deepEqual(body.token.roles, [{ id: reader, name: 'reader' }]);
});

test('without a scope the default project is taken, unless the user cannot work there', async () => {
  await using cloud = await startIdentity();
  const { userId, projectId } = await makeMember(cloud, 'ann');
  const admin = await cloud.admin();
  await admin.patch(`/v3/users/${userId}`, { user: { default_project_id: projectId } });
  assert.equal((await cloud.login('ann', 'ann')).body.token.project.id, projectId);
  const other = await cloud.make('projects', 'project', { name: 'other' });
  await admin.patch(`/v3/users/${userId}`, { user: { default_project_id: other.id } });
  assert.equal('project' in (await cloud.login('ann', 'ann')).body.token, false);
});

const refused = [
  { why: 'a wrong password', name: 'admin', password: 'wrong', scope: undefined },
  { why: 'an unknown user', name: 'nobody', password: 'wrong', scope: undefined },
  { why: 'an unknown project', name: 'admin', password: ADMIN_PASSWORD, scope: projectScope('x') },
  {
    why: 'a project without a role',
    name: 'admin',
    password: ADMIN_PASSWORD,
    scope: projectScope('service'),
  },
  {
    why: 'an unknown domain',
    name: 'admin',
    password: ADMIN_PASSWORD,
    scope: { domain: { id: 'x' } },
  },
  { why: 'a password too long', name: 'admin', password: 'x'.repeat(5000), scope: undefined },
];

test('whoever is not let in hears the same words', async (t) => {
  await using cloud = await startIdentity();
  for (const { why, name, password, scope } of refused) {
    await t.test(why, async () => {
      const { status, body, headers } = await cloud.login(name, password, scope);
      assert.equal(status, 401);
      assert.deepEqual(body.error, { code: 401, message: SAME_TEXT, title: 'Unauthorized' });
      assert.equal(
        headers['www-authenticate'],
        'Keystone uri="http://cloud.test:8774/identity/v3"',
      );
    });
  }
});

const malformed = [
  { why: 'no body', auth: undefined, says: /./ },
  { why: 'no methods', auth: { identity: {} }, says: /'methods' is a required property/ },
  {
    why: 'a method without its data',
    auth: { identity: { methods: ['password'] } },
    says: /Expecting to find password in identity/,
  },
  {
    why: 'a user without a password',
    auth: { identity: { methods: ['password'], password: { user: { id: 'x' } } } },
    says: /Expecting to find password in user/,
  },
  {
    why: 'a user named without a domain',
    auth: { identity: { methods: ['password'], password: { user: { name: 'x', password: 'y' } } } },
    says: /Expecting to find domain in user/,
  },
  {
    why: 'a user id that is no text',
    auth: { identity: { methods: ['password'], password: { user: { id: 5, password: 'y' } } } },
    says: /^Invalid input for field 'identity\/password\/user\/id': 5 is not of type 'string'/,
  },
  {
    why: 'two scopes',
    auth: {
      identity: { methods: ['token'], token: { id: 'x' } },
      scope: { system: { all: true }, domain: { id: 'default' } },
    },
    says: /in scope/,
  },
  {
    why: 'a project named without a domain',
    auth: {
      identity: { methods: ['token'], token: { id: 'x' } },
      scope: { project: { name: 'p' } },
    },
    says: /Expecting to find domain in project/,
  },
];

test('a malformed request for a token is refused as such', async (t) => {
  await using cloud = await startIdentity();
  for (const { why, auth, says } of malformed) {
    await t.test(why, async () => {
      const { status, body } = await cloud.send('POST', '/v3/auth/tokens', auth && { auth });
      assert.equal(status, 400);
      assert.match(body.error.message, says);
    });
  }
});

test('a method that is not served is refused by name', async () => {
  await using cloud = await startIdentity();
  const identity = { methods: ['kerberos'], kerberos: {} };
  const { status, body } = await cloud.send('POST', '/v3/auth/tokens', { auth: { identity } });
  assert.equal(status, 401);
  assert.equal(body.error.message, 'Attempted to authenticate with an unsupported method.');
});

test('rescoping keeps the end and remembers where the chain began', async () => {
  await using cloud = await startIdentity();
  const first = await cloud.login('admin', ADMIN_PASSWORD, 'unscoped');
  cloud.clock.ms += 60_000;
  const rescope = async (id: unknown, scope: unknown) =>
    await cloud.send('POST', '/v3/auth/tokens', {
      auth: { identity: { methods: ['token'], token: { id } }, scope },
    });
  const second = await rescope(first.headers['x-subject-token'], projectScope('admin'));
  assert.equal(second.status, 201);
  const { token } = second.body;
  assert.deepEqual(token.methods, ['password', 'token']);
  assert.equal(token.expires_at, first.body.token.expires_at);
  assert.equal(token.issued_at, '2026-01-01T00:01:00.000000Z');
  assert.equal(token.audit_ids[1], first.body.token.audit_ids[0]);
  const third = await rescope(second.headers['x-subject-token'], { system: { all: true } });
  assert.equal(third.body.token.audit_ids[1], first.body.token.audit_ids[0]);
  assert.deepEqual(third.body.token.methods, ['password', 'token']);
  assert.equal((await rescope('rubbish', projectScope('admin'))).status, 401);
});

test('a token is shown to its bearer and to services, and to nobody else', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const ann = await (await makeMember(cloud, 'ann')).login();
  const service = await (await makeMember(cloud, 'svc', 'service')).login();
  const path = '/v3/auth/tokens';
  const subject = { 'x-subject-token': ann.token };
  const shown = await ann.get(path, subject);
  assert.equal(shown.status, 200);
  assert.equal(shown.headers['x-subject-token'], ann.token);
  assert.equal(shown.body.token.user.name, 'ann');
  assert.ok(shown.body.token.catalog.length > 0);
  assert.equal('catalog' in (await admin.get(`${path}?nocatalog`, subject)).body.token, false);
  assert.equal((await service.get(path, subject)).status, 200);
  assert.equal((await service.head(path, subject)).status, 403);
  assert.equal((await admin.head(path, subject)).status, 200);
  assert.equal((await ann.get(path, { 'x-subject-token': admin.token })).status, 403);
  const unknown = await admin.get(path, { 'x-subject-token': 'rubbish' });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.body.error.message, 'Failed to validate token');
  assert.equal((await admin.get(path)).body.error.message, 'No token in the request');
});

test('an expired token opens nothing, but services may still ask what it was', async () => {
  await using cloud = await startIdentity();
  const ann = await (await makeMember(cloud, 'ann')).login();
  cloud.clock.ms += 3_600_000;
  assert.equal((await ann.get('/v3/auth/projects')).status, 401);
  const admin = await cloud.admin();
  const subject = { 'x-subject-token': ann.token };
  assert.equal((await admin.get('/v3/auth/tokens', subject)).status, 404);
  assert.equal((await admin.get('/v3/auth/tokens?allow_expired=1', subject)).status, 200);
  cloud.clock.ms += 2 * 86_400_000;
  const later = await cloud.admin();
  assert.equal((await later.get('/v3/auth/tokens?allow_expired=1', subject)).status, 404);
});

test('a deleted token is gone, and the one that was made from it lives on', async () => {
  await using cloud = await startIdentity();
  const ann = await (await makeMember(cloud, 'ann')).login();
  const rescoped = await cloud.send('POST', '/v3/auth/tokens', {
    auth: {
      identity: { methods: ['token'], token: { id: ann.token } },
      scope: projectScope('ann'),
    },
  });
  const other = cloud.as(String(rescoped.headers['x-subject-token']));
  const gone = await ann.delete('/v3/auth/tokens', { 'x-subject-token': ann.token });
  assert.equal(gone.status, 204);
  assert.equal((await ann.get('/v3/auth/projects')).status, 401);
  assert.equal((await other.get('/v3/auth/projects')).status, 200);
});

test('tokens outlive a restart, and those of another cloud are worth nothing', async () => {
  await using cloud = await startIdentity();
  const { token } = await cloud.admin();
  await using again = await startIdentity({ db: cloud.db });
  assert.equal((await again.as(token).get('/v3/users')).status, 200);
  await using elsewhere = await startIdentity();
  assert.equal((await elsewhere.as(token).get('/v3/users')).status, 401);
});

test('the scopes that a user can have are listed with any token', async () => {
  await using cloud = await startIdentity();
  await makeMember(cloud, 'ann');
  const ann = await cloud.user('ann', 'ann', 'unscoped');
  const projects = (await ann.get('/v3/auth/projects')).body.projects as { name: string }[];
  assert.deepEqual(
    projects.map((each) => each.name),
    ['ann'],
  );
  assert.deepEqual((await ann.get('/v3/auth/domains')).body.domains, []);
  assert.deepEqual((await ann.get('/v3/auth/system')).body.system, []);
  assert.equal((await ann.get('/v3/auth/catalog')).status, 403);
  const admin = await cloud.admin();
  assert.deepEqual((await admin.get('/v3/auth/system')).body.system, [{ all: true }]);
  assert.equal((await admin.get('/v3/auth/catalog')).body.catalog.length, 4);
});
