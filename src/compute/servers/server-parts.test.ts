/** Metadata, tags, lock, states, console and actions of a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';

test('metadata is added to, replaced and taken away item by item', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ metadata: { a: '1' } });
  const caller = world.as('red');
  const path = `/servers/${id}/metadata`;
  assert.deepEqual((await caller.post(path, { metadata: { b: '2' } })).body, {
    metadata: { a: '1', b: '2' },
  });
  assert.deepEqual((await caller.put(`${path}/a`, { meta: { a: '3' } })).body, {
    meta: { a: '3' },
  });
  assert.deepEqual((await caller.get(`${path}/a`)).body, { meta: { a: '3' } });
  assert.equal((await caller.delete(`${path}/a`)).status, 204);
  assert.deepEqual((await caller.get(path)).body, { metadata: { b: '2' } });
  assert.deepEqual((await caller.put(path, { metadata: {} })).body, { metadata: {} });
  const gone = await caller.get(`${path}/b`);
  assert.equal(gone.status, 404);
  assert.equal(gone.body.itemNotFound.message, 'Metadata item was not found');
  for (const name of ['constructor', '__proto__']) {
    assert.equal((await caller.get(`${path}/${name}`)).status, 404, name);
    assert.equal((await caller.delete(`${path}/${name}`)).status, 404, name);
    assert.equal((await caller.get(`/servers/${id}/ips/${name}`)).status, 404, name);
  }
  const other = await caller.put(`${path}/a`, { meta: { b: '1' } });
  assert.equal(other.body.badRequest.message, 'Request body and URI mismatch');
  const many = Object.fromEntries(Array.from({ length: 129 }, (_none, index) => [`k${index}`, '']));
  const over = await caller.post(path, { metadata: many });
  assert.equal(over.status, 403);
  assert.equal(over.body.forbidden.message, 'Maximum number of metadata items exceeds 128');
});

test('tags are there from 2.26 on, each once and in order', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const path = `/servers/${id}/tags`;
  const early = await world.as('red', '2.25').get(path);
  assert.equal(early.status, 404);
  assert.equal(
    early.body.itemNotFound.message,
    "API version '2.25' is not supported on this method.",
  );
  const caller = world.as('red', '2.26');
  assert.deepEqual((await caller.put(path, { tags: ['b', 'a', 'b'] })).body, { tags: ['a', 'b'] });
  const made = await caller.put(`${path}/c`, undefined);
  assert.equal(made.status, 201);
  assert.match(String(made.headers['location']), /\/tags\/c$/);
  assert.equal((await caller.put(`${path}/c`, undefined)).status, 204);
  assert.equal((await caller.get(`${path}/c`)).status, 204);
  assert.equal((await caller.delete(`${path}/c`)).status, 204);
  const gone = await caller.delete(`${path}/c`);
  assert.equal(gone.status, 404);
  assert.equal(gone.body.itemNotFound.message, `Server ${id} has no tag 'c'`);
  assert.equal((await caller.put(path, { tags: ['a,b'] })).status, 400);
  assert.equal((await caller.delete(path)).status, 204);
  assert.deepEqual((await caller.get(path)).body, { tags: [] });
});

test('a locked server is left alone by all but admins, and its reason is shown', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('red', '2.73');
  const locked = await caller.post(`/servers/${id}/action`, { lock: { locked_reason: 'mine' } });
  assert.equal(locked.status, 202);
  const shown = (await caller.get(`/servers/${id}`)).body.server;
  assert.deepEqual([shown.locked, shown.locked_reason], [true, 'mine']);
  for (const refused of [
    await caller.post(`/servers/${id}/action`, { 'os-stop': {} }),
    await caller.delete(`/servers/${id}`),
    await caller.put(`/servers/${id}/metadata`, { metadata: {} }),
  ]) {
    assert.equal(refused.status, 409);
    assert.equal(refused.body.conflictingRequest.message, `Instance ${id} is locked`);
  }
  assert.equal(
    (await world.as('admin').post(`/servers/${id}/action`, { 'os-stop': {} })).status,
    202,
  );
  assert.equal((await caller.post(`/servers/${id}/action`, { unlock: null })).status, 202);
  assert.equal((await caller.get(`/servers/${id}`)).body.server.locked, false);
  await world.idle();
  await world.as('admin').post(`/servers/${id}/action`, { lock: null });
  const override = await caller.post(`/servers/${id}/action`, { unlock: null });
  assert.equal(override.status, 403);
});

const refused: readonly (readonly [
  body: object,
  status: number,
  text: string | ((id: string) => string),
])[] = [
  [{}, 400, 'Malformed request body'],
  [{ pause: null, unpause: null }, 400, 'Malformed request body'],
  [{ paint: null }, 400, 'There is no such action: paint'],
  [{ constructor: null }, 400, 'There is no such action: constructor'],
  [
    { reboot: {} },
    400,
    "Invalid input for field/attribute reboot. Value: {}. 'type' is a required property",
  ],
  [
    { reboot: { type: 'WARM' } },
    400,
    "Invalid input for field/attribute type. Value: WARM. 'WARM' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']",
  ],
  [
    { 'os-resetState': { state: 'invalid' } },
    400,
    "Invalid input for field/attribute state. Value: invalid. 'invalid' is not one of ['active', 'error']",
  ],
  [
    { 'os-resetState': { state: 1 } },
    400,
    "Invalid input for field/attribute state. Value: 1. 1 is not of type 'string'",
  ],
  [
    { 'os-start': null },
    409,
    (id) => `Cannot 'start' instance ${id} while it is in vm_state active`,
  ],
  [
    { unpause: null },
    409,
    (id) => `Cannot 'unpause' instance ${id} while it is in vm_state active`,
  ],
  [{ restore: {} }, 409, (id) => `Cannot 'restore' instance ${id} while it is in vm_state active`],
  [{ resume: {} }, 409, (id) => `Cannot 'resume' instance ${id} while it is in vm_state active`],
  [
    { unshelve: null },
    409,
    (id) => `Cannot 'unshelve' instance ${id} while it is in vm_state active`,
  ],
  [
    { createImage: { name: 'x' } },
    501,
    "The action 'createImage' is not implemented by this cloud yet.",
  ],
  [{ suspend: {} }, 501, "The action 'suspend' is not implemented by this cloud yet."],
  [{ changePassword: { adminPass: 'x' } }, 501, 'Unable to set password on instance'],
];

test('actions that cannot be done are refused in the words of Nova', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  for (const [body, status, text] of refused) {
    const answer = await world.as('admin').post(`/servers/${id}/action`, body);
    assert.equal(answer.status, status, JSON.stringify(body));
    const [fault] = Object.values(answer.body) as { message: string }[];
    assert.equal(fault?.message, typeof text === 'string' ? text : text(id));
  }
  const missing = await world.as('red').post('/servers/nope/action', { pause: {} });
  assert.equal(missing.status, 404);
  assert.equal(missing.body.itemNotFound.message, 'Instance nope could not be found.');
  const member = await world
    .as('red')
    .post(`/servers/${id}/action`, { 'os-resetState': { state: 'error' } });
  assert.equal(member.status, 403);
});

test('the console tells as many lines as are asked for', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const output = async (length?: number | string | null) =>
    (await world.as('red').post(`/servers/${id}/action`, { 'os-getConsoleOutput': { length } }))
      .body.output as string;
  assert.equal(await output(), `one\ntwo\nthree of ${id}`);
  assert.equal(await output(2), `two\nthree of ${id}`);
  assert.equal(await output('1'), `three of ${id}`);
  assert.equal(await output(-1), `one\ntwo\nthree of ${id}`);
  assert.equal(await output(0), '');
  // What Tempest counts.
  world.readConsole = async () => '\u001b[1mone\r\ntwo\tthree\n';
  assert.equal(await output(), '[1mone\ntwo\tthree\n');
  assert.equal(await output(2), 'two\tthree\n');
});

test('actions are kept with their requests, and after the server is gone from 2.21 on', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  await world.as('red').delete(`/servers/${id}`);
  await world.idle();
  assert.equal((await world.as('red').get(`/servers/${id}/os-instance-actions`)).status, 404);
  const caller = world.as('red', '2.21');
  const { body } = await caller.get(`/servers/${id}/os-instance-actions`);
  assert.deepEqual(
    body.instanceActions.map(({ action }: { action: string }) => action),
    ['delete', 'create'],
  );
  const [, made] = body.instanceActions;
  const one = await world
    .as('admin', '2.21')
    .get(`/servers/${id}/os-instance-actions/${made.request_id}`);
  assert.equal(one.body.instanceAction.events[0].event, 'compute__do_build_and_run_instance');
  assert.equal(one.body.instanceAction.events[0].result, 'Success');
  const none = await caller.get(`/servers/${id}/os-instance-actions/999`);
  assert.equal(none.status, 404);
  assert.equal(none.body.itemNotFound.message, 'Action 999 not found');
});

test('PUT renames and describes a server', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const caller = world.as('red', '2.90');
  const { body } = await caller.put(`/servers/${id}`, {
    server: { name: 'Ínstáñcé', description: 'd', accessIPv4: '1.1.1.1', hostname: 'other' },
  });
  assert.equal(body.server.name, 'Ínstáñcé');
  assert.equal(body.server.description, 'd');
  assert.equal(body.server.accessIPv4, '1.1.1.1');
  const v6 = await caller.put(`/servers/${id}`, {
    server: { accessIPv6: '0000:0000:0000:0000:0000:BABE:220.12.22.2' },
  });
  assert.equal(v6.body.server.accessIPv6, '::babe:dc0c:1602');
  assert.equal(body.server['OS-EXT-SRV-ATTR:hostname'], 'other');
  const empty = await caller.put(`/servers/${id}`, { server: { name: '' } });
  assert.equal(
    empty.body.badRequest.message,
    "Invalid input for field/attribute name. Value: . '' is too short",
  );
});

test('resetState makes the row say so, and the next deletion works', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot();
  const admin = world.as('admin');
  await admin.post(`/servers/${id}/action`, { 'os-resetState': { state: 'error' } });
  assert.equal((await admin.get(`/servers/${id}`)).body.server.status, 'ERROR');
  await admin.post(`/servers/${id}/action`, { 'os-resetState': { state: 'active' } });
  assert.equal((await admin.get(`/servers/${id}`)).body.server.status, 'ACTIVE');
  await admin.post(`/servers/${id}/action`, { forceDelete: null });
  await world.idle();
  assert.equal((await admin.get(`/servers/${id}`)).status, 404);
});
