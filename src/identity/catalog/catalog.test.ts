/** Regions, services, endpoints and the catalog that they make, over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMember, startIdentity } from '../testing/start-identity.ts';

test('a service and its endpoints are in the catalog while they are enabled', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const service = await cloud.make('services', 'service', { type: 'dns', name: 'designate' });
  assert.deepEqual(service, {
    name: 'designate',
    id: service.id,
    type: 'dns',
    enabled: true,
    links: { self: `http://cloud.test:8774/identity/v3/services/${service.id}` },
  });
  const endpoint = await cloud.make('endpoints', 'endpoint', {
    service_id: service.id,
    interface: 'public',
    url: 'http://dns/%(project_id)s',
    region: 'Far',
  });
  assert.deepEqual(endpoint, {
    id: endpoint.id,
    interface: 'public',
    region_id: 'Far',
    service_id: service.id,
    url: 'http://dns/%(project_id)s',
    enabled: true,
    region: 'Far',
    links: { self: `http://cloud.test:8774/identity/v3/endpoints/${endpoint.id}` },
  });
  assert.equal((await admin.get('/v3/regions/Far')).status, 200, 'the region was made');
  const ann = await makeMember(cloud, 'ann');
  const speaker = await ann.login();
  const entry = async () => {
    const { catalog } = (await speaker.get('/v3/auth/catalog')).body;
    return catalog.find((each: { type: string }) => each.type === 'dns');
  };
  assert.deepEqual((await entry()).endpoints, [
    {
      id: endpoint.id,
      interface: 'public',
      region_id: 'Far',
      url: `http://dns/${ann.projectId}`,
      region: 'Far',
    },
  ]);
  await admin.patch(`/v3/endpoints/${endpoint.id}`, { endpoint: { enabled: false } });
  assert.deepEqual((await entry()).endpoints, []);
  await admin.patch(`/v3/services/${service.id}`, { service: { enabled: false } });
  assert.equal(await entry(), undefined);
  assert.equal((await admin.delete('/v3/regions/Far')).status, 403);
  assert.equal((await admin.delete(`/v3/services/${service.id}`)).status, 204);
  assert.equal((await admin.get(`/v3/endpoints/${endpoint.id}`)).status, 404, 'it went along');
  assert.equal((await admin.delete('/v3/regions/Far')).status, 204);
});

test('services and endpoints are found by what they are', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const count = async (path: string, kind: string) =>
    (await admin.get(`/v3/${path}`)).body[kind].length as number;
  assert.equal(await count('services', 'services'), 4);
  assert.equal(await count('services?name=nova', 'services'), 1);
  assert.equal(await count('services?type=image', 'services'), 1);
  assert.equal(await count('endpoints', 'endpoints'), 12);
  const [nova] = (await admin.get('/v3/services?name=nova')).body.services;
  assert.equal(await count(`endpoints?service_id=${nova.id}&interface=public`, 'endpoints'), 1);
  const [shown] = (await admin.get(`/v3/endpoints?service_id=${nova.id}`)).body.endpoints;
  assert.equal(shown.url, 'http://cloud.test:8774/compute/v2.1');
});

test('bad endpoints are refused, each for its reason', async (t) => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const [{ id: service_id }] = (await admin.get('/v3/services?name=nova')).body.services;
  const good = { service_id, interface: 'public', url: 'http://x' };
  const rows = [
    [{ ...good, service_id: 'nope' }, /endpoint service_id in service table/],
    [{ ...good, region_id: 'nope' }, /endpoint region_id in region table/],
    [{ ...good, url: 'nowhere' }, /'url': 'nowhere' does not match/],
    [{ ...good, url: 'http://x/$(secret)s' }, /^Cannot create an endpoint with an invalid URL/],
    [
      { ...good, interface: 'private' },
      /'interface': 'private' is not one of \['admin', 'internal', 'public'\]/,
    ],
    [
      { ...good, enabled: 'False' },
      /^Invalid input for field 'enabled': 'False' is not of type 'boolean'/,
    ],
    [{ service_id }, /is a required property/],
  ] as const;
  for (const [endpoint, says] of rows) {
    await t.test(String(says), async () => {
      const answer = await admin.post('/v3/endpoints', { endpoint });
      assert.equal(answer.status, 400);
      assert.match(answer.body.error.message, says);
    });
  }
});

test('regions are named by who makes them or by chance, and form no circles', async () => {
  await using cloud = await startIdentity();
  const admin = await cloud.admin();
  const top = await admin.put('/v3/regions/top', { region: { description: 'd' } });
  assert.equal(top.status, 201);
  assert.deepEqual(top.body.region, {
    id: 'top',
    description: 'd',
    parent_region_id: null,
    links: { self: 'http://cloud.test:8774/identity/v3/regions/top' },
  });
  const low = await cloud.make('regions', 'region', { id: '', parent_region_id: 'top' });
  assert.match(low.id, /^[0-9a-f]{32}$/);
  assert.equal((await admin.get('/v3/regions?parent_region_id=top')).body.regions.length, 1);
  const circle = await admin.patch('/v3/regions/top', { region: { parent_region_id: low.id } });
  assert.equal(circle.status, 400);
  const twice = await admin.post('/v3/regions', { region: { id: 'top' } });
  assert.equal(twice.status, 409);
  assert.match(twice.body.error.message, /Duplicate ID, top\./);
  assert.equal((await admin.put('/v3/regions/a', { region: { id: 'b' } })).status, 400);
  assert.equal(
    (await admin.post('/v3/regions', { region: { parent_region_id: 'no' } })).status,
    404,
  );
  assert.equal((await admin.delete('/v3/regions/top')).status, 204);
  assert.equal((await admin.get(`/v3/regions/${low.id}`)).status, 404, 'it went along');
});

test('members may look at regions, and at nothing else of the catalog but the catalog', async () => {
  await using cloud = await startIdentity();
  const ann = await (await makeMember(cloud, 'ann')).login();
  assert.equal((await ann.get('/v3/regions')).status, 200);
  assert.equal((await ann.get('/v3/services')).status, 403);
  assert.equal((await ann.get('/v3/endpoints')).status, 403);
  assert.equal((await ann.post('/v3/regions', { region: {} })).status, 403);
});
