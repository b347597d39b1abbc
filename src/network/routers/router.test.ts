/** Routers over HTTP: what they are, who may do what, and how they go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouters } from './testing.ts';

test('a router is shown with what Neutron shows of it', async () => {
  await using net = await startRouters();
  const { id, created_at, updated_at, ...rest } = net.router;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(created_at, updated_at);
  assert.deepEqual(rest, {
    project_id: 'red',
    tenant_id: 'red',
    name: 'r',
    description: '',
    admin_state_up: true,
    status: 'ACTIVE',
    status_reason: null,
    external_gateway_info: null,
    enable_snat: true,
    routes: [],
    availability_zone_hints: [],
    availability_zones: [],
    tags: [],
    revision_number: 1,
  });
  const seen = (await net.admin.get(net.path)).body.router;
  assert.deepEqual([seen.distributed, seen.ha], [false, false]);
});

test('a router is changed, and counts that', async () => {
  await using net = await startRouters();
  const answer = await net.red.put(
    net.path,
    { router: { name: 's', description: 'd', admin_state_up: false } },
    { 'if-match': 'revision_number=1' },
  );
  const { name, description, admin_state_up, revision_number } = answer.body.router;
  assert.deepEqual([name, description, admin_state_up, revision_number], ['s', 'd', false, 2]);
  const late = await net.red.put(
    net.path,
    { router: { name: 't' } },
    { 'if-match': 'revision_number=1' },
  );
  assert.equal(late.status, 412);
});

test('lists of routers can be filtered, sorted, cut and tagged', async () => {
  await using net = await startRouters();
  for (const name of ['c', 'a', 'b']) await net.red.make('router', { name });
  const names = async (query: string) => {
    const answer = await net.red.get(`/v2.0/routers?${query}`);
    assert.equal(answer.status, 200, answer.error);
    return answer.body.routers.map((router: { name: string }) => router.name);
  };
  assert.deepEqual(await names('sort_key=name&sort_dir=asc'), ['a', 'b', 'c', 'r']);
  assert.deepEqual(await names('name=a&name=b&sort_key=name&sort_dir=desc'), ['b', 'a']);
  assert.deepEqual(await names('sort_key=name&limit=2'), ['a', 'b']);
  assert.deepEqual(await names('admin_state_up=false'), []);
  assert.equal((await net.red.put(`${net.path}/tags`, { tags: ['x'] })).status, 200);
  assert.deepEqual(await names('tags=x'), ['r']);
  assert.equal((await net.show()).revision_number, 2);
  const strange = await net.red.get('/v2.0/routers?status=ACTIVE');
  assert.match(strange.error, /invalid attribute for filtering/);
});

test('nobody sees the routers of others, and a reader changes none', async () => {
  await using net = await startRouters();
  assert.deepEqual((await net.blue.get('/v2.0/routers')).body.routers, []);
  const missing = `RouterNotFound: Router ${net.router.id} could not be found`;
  assert.equal((await net.blue.get(net.path)).error, missing);
  assert.equal((await net.blue.put(net.path, { router: { name: 'x' } })).error, missing);
  assert.equal((await net.blue.delete(net.path)).error, missing);
  const wanted = { subnet_id: net.insideSubnet.id };
  assert.equal((await net.blue.put(`${net.path}/add_router_interface`, wanted)).error, missing);
  const reader = net.as('red:reader');
  for (const action of ['add_router_interface', 'remove_router_interface']) {
    const refused = await reader.put(`${net.path}/${action}`, wanted);
    assert.equal(refused.error, `PolicyNotAuthorized: rule:${action} is disallowed by policy`);
  }
  assert.equal((await reader.delete(net.path)).status, 403);
  assert.equal((await reader.post('/v2.0/routers', { router: {} })).status, 403);
});

test('a project has as many routers as its quota allows', async () => {
  await using net = await startRouters();
  await net.admin.put('/v2.0/quotas/red', { quota: { router: 2 } });
  await net.red.make('router', {});
  const refused = await net.red.post('/v2.0/routers', { router: {} });
  assert.deepEqual(
    [refused.status, refused.error],
    [409, "OverQuota: Quota exceeded for resources: ['router']."],
  );
  assert.equal((await net.red.get('/v2.0/quotas/red/details')).body.quota.router.used, 2);
});

const REFUSED: readonly [object, string][] = [
  [{ distributed: true }, 'InvalidInput: Invalid input for operation: Distributed routers'],
  [{ ha: true }, 'InvalidInput: Invalid input for operation: Highly available routers'],
  [{ availability_zone_hints: ['moon'] }, 'AvailabilityZoneNotFound: AvailabilityZone moon'],
  [{ routes: [] }, "HTTPBadRequest: Attribute 'routes' not allowed in POST"],
  [{ flavor_id: null }, "HTTPBadRequest: Unrecognized attribute(s) 'flavor_id'"],
  [
    { external_gateway_info: { enable_snat: true } },
    "HTTPBadRequest: Invalid input for external_gateway_info. Reason: Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {'enable_snat'}.",
  ],
  [
    { external_gateway_info: { network_id: 'x' } },
    "HTTPBadRequest: Invalid input for external_gateway_info. Reason: 'x' is not a valid UUID.",
  ],
  [
    { external_gateway_info: 'public' },
    "HTTPBadRequest: Invalid input for external_gateway_info. Reason: 'public' is not a dictionary.",
  ],
];

for (const [values, error] of REFUSED) {
  test(`POST /v2.0/routers refuses ${JSON.stringify(values)}`, async () => {
    await using net = await startRouters();
    const refused = await net.admin.post('/v2.0/routers', { router: values });
    assert.ok(refused.error.startsWith(error), refused.error);
    assert.equal((await net.admin.get('/v2.0/routers')).body.routers.length, 1);
  });
}

test('only administrators speak of distribution and of availability', async () => {
  await using net = await startRouters();
  const refused = await net.red.post('/v2.0/routers', {
    router: { external_gateway_info: {}, distributed: true },
  });
  assert.equal(
    refused.error,
    'PolicyNotAuthorized: ((rule:create_router and (rule:create_router:external_gateway_info and ())) and rule:create_router:distributed) is disallowed by policy',
  );
  await net.set({ distributed: false, ha: null });
});

test('a router goes when it has no interfaces, and leaves nothing', async () => {
  await using net = await startRouters();
  net.addHost('h1');
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const { port_id } = (await net.add({ subnet_id: net.insideSubnet.id })).body;
  await net.red.put(`${net.path}/tags`, { tags: ['x'] });
  const refused = await net.red.delete(net.path);
  assert.deepEqual(
    [refused.status, refused.error],
    [409, `RouterInUse: Router ${net.router.id} has ports still attached: ${port_id}`],
  );
  await net.remove({ port_id });
  assert.equal((await net.red.delete(net.path)).status, 204);
  for (const table of ['routers', 'router_ports', 'resource_tags'] as const) {
    assert.deepEqual(await net.db.selectFrom(table).selectAll().execute(), [], table);
  }
  assert.deepEqual((await net.admin.get('/v2.0/ports?device_owner=network:router_gateway')).body, {
    ports: [],
  });
  assert.deepEqual(net.desired.document('h1').routers, {});
  assert.deepEqual(Object.keys(net.desired.document('h1').networks), [net.outside.id]);
});
