/** What a first start makes, and what later starts leave alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_PASSWORD, projectScope, startIdentity } from '../testing/start-identity.ts';

test('a second start makes nothing, and keeps the password', async () => {
  await using cloud = await startIdentity();
  const made = await cloud.identity.bootstrap.ensureBootstrap({ adminPassword: 'other' });
  assert.equal(made, false);
  assert.equal((await cloud.login('admin', ADMIN_PASSWORD, projectScope('admin'))).status, 201);
  assert.equal((await cloud.login('admin', 'other')).status, 401);
});

test('the catalog follows the cloud to another address', async () => {
  await using cloud = await startIdentity();
  await using moved = await startIdentity({ db: cloud.db, publicUrl: 'http://10.0.0.1:80' });
  const urls = async (at: typeof cloud) => {
    const { endpoints } = (await (await at.admin()).get('/v3/endpoints')).body;
    return endpoints.map((endpoint: { url: string }) => new URL(endpoint.url).origin) as string[];
  };
  assert.deepEqual(new Set(await urls(cloud)), new Set(['http://cloud.test:8774']));
  assert.deepEqual(new Set(await urls(moved)), new Set(['http://10.0.0.1']));
  const { catalog } = (await (await moved.admin()).get('/v3/auth/catalog')).body;
  assert.match(JSON.stringify(catalog), /http:\/\/10\.0\.0\.1:80\/networking"/);
});

test('a project with a user is made once, and made whole when half of it is there', async () => {
  await using cloud = await startIdentity();
  const { bootstrap, api } = cloud.identity;
  const wanted = { projectName: 'demo', userName: 'demo', password: 'one' };
  const first = await bootstrap.ensureProjectWithUser(wanted);
  assert.equal(first.created, true);
  const second = await bootstrap.ensureProjectWithUser({ ...wanted, password: 'two' });
  assert.deepEqual(second, { ...first, created: false });
  assert.equal((await cloud.login('demo', 'one', projectScope('demo'))).status, 201);
  await (await cloud.admin()).delete(`/v3/projects/${first.projectId}`);
  const third = await bootstrap.ensureProjectWithUser(wanted);
  assert.equal(third.created, true);
  assert.equal(third.userId, first.userId);
  assert.equal(await api.projectExists(first.projectId), false);
  assert.equal((await api.findProject(third.projectId))?.name, 'demo');
  assert.deepEqual([...(await api.projectNames([third.projectId, 'x'])).values()], ['demo']);
});

test('other services learn from a token who asks, for what, and with which roles', async () => {
  await using cloud = await startIdentity();
  const { api } = cloud.identity;
  const { token } = await cloud.admin();
  const project = await api.findProjectByName('ADMIN');
  const user = await api.findUserByName('admin');
  assert.deepEqual(await api.authenticate(token), {
    userId: user?.id,
    userName: 'admin',
    userDomainId: 'default',
    projectId: project?.id,
    projectName: 'admin',
    projectDomainId: 'default',
    domainId: '',
    systemScope: '',
    roles: new Set(['reader', 'member', 'manager', 'admin']),
  });
  const system = await cloud.user('admin', ADMIN_PASSWORD, { system: { all: true } });
  const seen = await api.authenticate(system.token);
  assert.equal(seen?.systemScope, 'all');
  assert.equal(seen?.projectId, '');
  assert.equal(await api.authenticate('rubbish'), undefined);
});
