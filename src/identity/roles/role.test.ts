/** Roles and what they imply, over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startIdentity } from '../testing/start-identity.ts';

test('a role is made, shown, changed and deleted', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const made = await admin.post('/v3/roles', { role: { name: 'auditor' } });
  assert.equal(made.status, 201);
  const { role } = made.body;
  assert.deepEqual(role, {
    id: role.id,
    name: 'auditor',
    domain_id: null,
    description: null,
    options: {},
    links: { self: `http://cloud.test:8774/identity/v3/roles/${role.id}` },
  });
  const path = `/v3/roles/${role.id}`;
  assert.equal(
    (await admin.patch(path, { role: { name: 'x', description: 'd' } })).body.role.description,
    'd',
  );
  const twice = await admin.post('/v3/roles', { role: { name: 'member' } });
  assert.equal(
    twice.body.error.message,
    'Conflict occurred attempting to store role - Duplicate entry found with name member.',
  );
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.get(path)).body.error.message, `Could not find role: ${role.id}.`);
});

test('the roles that a cloud starts with stay as they are', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const id = await cloud.roleId('reader');
  for (const answer of [
    await admin.delete(`/v3/roles/${id}`),
    await admin.patch(`/v3/roles/${id}`, { role: { name: 'x' } }),
  ]) {
    assert.equal(answer.status, 403);
    assert.match(answer.body.error.message, /^Unable to \w+ immutable role resource: `/);
  }
  const freed = await admin.patch(`/v3/roles/${id}`, { role: { options: { immutable: false } } });
  assert.equal(freed.status, 200);
  assert.equal((await admin.delete(`/v3/roles/${id}`)).status, 204);
});

test('roles of a domain are listed with that domain only', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  await cloud.make('roles', 'role', { name: 'member', domain_id: 'default' });
  const count = async (query: string) =>
    (await admin.get(`/v3/roles${query}`)).body.roles.length as number;
  assert.equal(await count(''), 5);
  assert.equal(await count('?domain_id=default'), 1);
  assert.equal(await count('?name=member'), 1);
});

test('roles imply others, once, and never admin', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const [a, b] = [
    await cloud.make('roles', 'role', { name: 'a' }),
    await cloud.make('roles', 'role', { name: 'b' }),
  ];
  const path = `/v3/roles/${a.id}/implies/${b.id}`;
  const missing = await admin.get(path);
  assert.equal(missing.status, 404);
  assert.equal(missing.body.error.message, `${a.id} does not imply ${b.id}.`);
  const made = await admin.put(path);
  assert.equal(made.status, 201);
  const base = 'http://cloud.test:8774/identity/v3/roles';
  const view = (role: { id: string; name: string }) => ({
    id: role.id,
    links: { self: `${base}/${role.id}` },
    name: role.name,
  });
  assert.deepEqual(made.body, {
    role_inference: { prior_role: view(a), implies: view(b) },
    links: { self: `${base}/${a.id}/implies/${b.id}` },
  });
  assert.equal((await admin.put(path)).status, 409);
  assert.deepEqual((await admin.get(path)).body, made.body);
  assert.equal((await admin.head(path)).status, 204);
  const list = await admin.get(`/v3/roles/${a.id}/implies`);
  assert.deepEqual(list.body.role_inference.implies, [view(b)]);
  assert.deepEqual((await admin.get(`/v3/roles/${b.id}/implies`)).body.role_inference.implies, []);
  assert.equal((await admin.get('/v3/role_inferences')).body.role_inferences.length, 4);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.delete(path)).status, 404);
  const top = await cloud.roleId('admin');
  const refused = await admin.put(`/v3/roles/${a.id}/implies/${top}`);
  assert.equal(refused.status, 403);
  assert.equal(refused.body.error.message, `${top} cannot be an implied roles.`);
});
