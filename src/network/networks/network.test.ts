/** Networks over HTTP, on a database of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../testing.ts';

const UNKNOWN = '11111111-2222-3333-4444-555555555555';

test('a network has its defaults, and only administrators see how it is made', async () => {
  await using net = await startNetwork();
  const made = await net.as('red').make('network', { name: 'n' });
  assert.equal(made.status, 'ACTIVE');
  assert.equal(made.mtu, 1500);
  assert.equal(made.project_id, 'red');
  assert.equal(made.tenant_id, 'red');
  assert.equal(made.revision_number, 1);
  assert.equal(made.created_at, '2026-01-02T03:04:05Z');
  assert.equal('provider:network_type' in made, false);
  const { body } = await net.as('ops:admin').get(`/v2.0/networks/${made.id}`);
  assert.equal(body.network['provider:network_type'], 'vxlan');
  assert.ok(body.network['provider:segmentation_id'] >= 1);
});

test('another project cannot see, change or delete a network', async () => {
  await using net = await startNetwork();
  const { id } = await net.as('red').make('network', {});
  const blue = net.as('blue');
  const error = `NetworkNotFound: Network ${id} could not be found.`;
  assert.equal((await blue.get(`/v2.0/networks/${id}`)).error, error);
  assert.equal((await blue.put(`/v2.0/networks/${id}`, { network: { name: 'x' } })).error, error);
  assert.equal((await blue.delete(`/v2.0/networks/${id}`)).error, error);
  assert.deepEqual((await blue.get('/v2.0/networks')).body, { networks: [] });
});

test('a shared network is seen by all, changed by its owner, and told as shared', async () => {
  await using net = await startNetwork();
  const { id } = await net.as('ops:admin').make('network', { shared: true });
  const blue = net.as('blue');
  assert.equal((await blue.get(`/v2.0/networks/${id}`)).body.network.shared, true);
  assert.equal((await blue.get('/v2.0/networks?shared=True')).body.networks.length, 1);
  assert.equal((await blue.get('/v2.0/networks?shared=False')).body.networks.length, 0);
  const refused = await blue.put(`/v2.0/networks/${id}`, { network: { name: 'x' } });
  assert.equal(refused.error, 'PolicyNotAuthorized: rule:update_network is disallowed by policy');
  await blue.make('port', { network_id: id });
  const back = await net
    .as('ops:admin')
    .put(`/v2.0/networks/${id}`, { network: { shared: false } });
  assert.equal(back.status, 409);
  assert.match(back.error, /^InvalidSharedSetting: /);
});

test('only administrators share networks or make them external', async () => {
  await using net = await startNetwork();
  for (const attribute of ['shared', 'router:external', 'is_default']) {
    const answer = await net.as('red').post('/v2.0/networks', { network: { [attribute]: true } });
    assert.equal(answer.status, 403);
    assert.equal(
      answer.error,
      `PolicyNotAuthorized: (rule:create_network and rule:create_network:${attribute}) is disallowed by policy`,
    );
  }
});

test('an external network is seen by all', async () => {
  await using net = await startNetwork();
  const admin = net.as('ops:admin');
  const { id } = await admin.make('network', { 'router:external': true });
  const seen = (await net.as('blue').get('/v2.0/networks?router:external=True')).body.networks;
  assert.deepEqual(
    seen.map((network: { id: string }) => network.id),
    [id],
  );
  await admin.put(`/v2.0/networks/${id}`, { network: { 'router:external': false } });
  assert.equal((await net.as('blue').get(`/v2.0/networks/${id}`)).status, 404);
});

test('a change counts, and is refused when it was meant for another revision', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id } = await red.make('network', {});
  const path = `/v2.0/networks/${id}`;
  const late = await red.put(path, { network: { name: 'x' } }, { 'if-match': 'revision_number=0' });
  assert.equal(late.status, 412);
  assert.equal(
    late.error,
    'RevisionNumberConstraintFailed: Constrained to 0, but current revision is 1',
  );
  const right = await red.put(
    path,
    { network: { name: 'x', description: 'd', admin_state_up: false, mtu: 9000 } },
    { 'if-match': 'revision_number=1' },
  );
  const { name, description, admin_state_up, mtu, revision_number } = right.body.network;
  assert.deepEqual(
    { name, description, admin_state_up, mtu, revision_number },
    { name: 'x', description: 'd', admin_state_up: false, mtu: 9000, revision_number: 2 },
  );
  assert.equal((await red.delete(path, { 'if-match': 'revision_number=1' })).status, 412);
  assert.equal((await red.delete(path, { 'if-match': 'revision_number=2' })).status, 204);
});

test('a network with ports is in use; what is the cloud’s own goes with it', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id } = await red.make('network', {});
  await red.make('subnet', { network_id: id, ip_version: 4, cidr: '10.0.0.0/24' });
  const port = await red.make('port', { network_id: id });
  const refused = await red.delete(`/v2.0/networks/${id}`);
  assert.equal(refused.status, 409);
  assert.equal(
    refused.error,
    `NetworkInUse: Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is: ${port.id}.`,
  );
  await red.delete(`/v2.0/ports/${port.id}`);
  assert.equal((await red.delete(`/v2.0/networks/${id}`)).status, 204);
  for (const table of ['networks', 'subnets', 'ports', 'fixed_ips', 'port_bindings'] as const) {
    assert.deepEqual(await net.db.selectFrom(table).selectAll().execute(), [], table);
  }
});

test('segments are never given twice', async () => {
  await using net = await startNetwork({ random: () => 0n });
  const admin = net.as('ops:admin');
  const ids = new Set<number>();
  for (let count = 0; count < 40; count += 1) {
    ids.add((await admin.make('network', {}))['provider:segmentation_id']);
  }
  assert.equal(ids.size, 40);
  const again = await admin.post('/v2.0/networks', {
    network: { 'provider:network_type': 'vxlan', 'provider:segmentation_id': 1 },
  });
  assert.equal(
    again.error,
    'TunnelIdInUse: Unable to create the network. The tunnel ID 1 is in use.',
  );
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' };
  await admin.make('network', flat);
  assert.match((await admin.post('/v2.0/networks', { network: flat })).error, /^FlatNetworkInUse/);
});

test('several networks are made at once, or none of them', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const made = await red.post('/v2.0/networks', { networks: [{ name: 'a' }, { name: 'b' }] });
  assert.equal(made.status, 201);
  assert.equal(made.body.networks.length, 2);
  const bad = await red.post('/v2.0/networks', {
    networks: [{ name: 'c' }, { name: 'd', qos_policy_id: UNKNOWN }],
  });
  assert.equal(bad.error, `QosPolicyNotFound: QoS policy ${UNKNOWN} could not be found.`);
  assert.equal((await red.get('/v2.0/networks')).body.networks.length, 2);
});

test('the quota of networks is kept', async () => {
  await using net = await startNetwork();
  await net.as('ops:admin').put('/v2.0/quotas/red', { quota: { network: 1 } });
  await net.as('red').make('network', {});
  const second = await net.as('red').post('/v2.0/networks', { network: {} });
  assert.equal(second.status, 409);
  assert.equal(second.error, "OverQuota: Quota exceeded for resources: ['network'].");
});

test('networks are filtered, sorted, paged and cut to fields', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  for (const name of ['b', 'a', 'c']) await red.make('network', { name });
  const names = async (query: string) =>
    (await red.get(`/v2.0/networks?${query}`)).body.networks.map(
      (network: { name: string }) => network.name,
    );
  assert.deepEqual(await names('sort_key=name&sort_dir=desc'), ['c', 'b', 'a']);
  assert.deepEqual(await names('name=a&name=c&sort_key=name'), ['a', 'c']);
  assert.deepEqual(await names('name='), []);
  assert.deepEqual(await names('tenant_id=red&sort_key=name&limit=1'), ['a']);
  const first = (await red.get('/v2.0/networks?sort_key=name&limit=2')).body;
  const next = new URL(first.networks_links[0].href);
  assert.equal(next.pathname, '/networking/v2.0/networks');
  assert.deepEqual(await names(next.search.slice(1)), ['c']);
  const { body } = await red.get('/v2.0/networks?fields=name&sort_key=name');
  assert.deepEqual(body.networks, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  assert.deepEqual(await names('created_at=2026-01-02T03:04:05Z&sort_key=name'), ['a', 'b', 'c']);
  assert.deepEqual(await names('created_at=2026-01-02T03:04:04Z'), []);
  assert.deepEqual(await names('changed_since=2026-01-02T03:04:06Z'), []);
  assert.equal((await names('changed_since=2026-01-02T03:04:05')).length, 3);
  assert.equal((await red.get('/v2.0/networks?changed_since=now')).status, 400);
  const unknown = await red.get('/v2.0/networks?unknown_filter=value&shared=False');
  assert.equal(
    unknown.error,
    "HTTPBadRequest: ['unknown_filter'] is invalid attribute for filtering",
  );
  assert.equal((await red.get(`/v2.0/networks?limit=1&marker=${UNKNOWN}`)).status, 404);
});

test('networks are found by their tags', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const tagged = async (name: string, tags: readonly string[]) => {
    const { id } = await red.make('network', { name });
    await red.put(`/v2.0/networks/${id}/tags`, { tags });
  };
  await tagged('both', ['red', 'blue']);
  await tagged('one', ['red']);
  await tagged('none', []);
  const names = async (query: string) =>
    (await red.get(`/v2.0/networks?sort_key=name&${query}`)).body.networks.map(
      (network: { name: string }) => network.name,
    );
  assert.deepEqual(await names('tags=red'), ['both', 'one']);
  assert.deepEqual(await names('tags=red,blue'), ['both']);
  assert.deepEqual(await names('tags-any=blue,green'), ['both']);
  assert.deepEqual(await names('not-tags=red,blue'), ['none', 'one']);
  assert.deepEqual(await names('not-tags-any=blue'), ['none', 'one']);
});

test('versions are told without a token', async () => {
  await using net = await startNetwork();
  const { body } = await net.as('').get('/');
  assert.equal(body.versions[0].id, 'v2.0');
  assert.match(body.versions[0].links[0].href, /\/networking\/v2\.0\/$/);
  const names = (await net.as('').get('/v2.0/')).body.resources.map(
    (resource: { collection: string }) => resource.collection,
  );
  assert.ok(names.includes('ports'));
});

for (const type of [undefined, 'text/plain', 'application/octet-stream']) {
  test(`a body is taken for JSON when its type is ${type ?? 'not said'}`, async () => {
    await using net = await startNetwork();
    const { id } = await net.as('red').make('network', {});
    const answer = await net.app.inject({
      method: 'PUT',
      url: `/networking/v2.0/networks/${id}`,
      headers: { 'x-auth-token': 'red', ...(type !== undefined && { 'content-type': type }) },
      payload: Buffer.from('{"network": {"name": "n"}}'),
    });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.json().network.name, 'n');
  });
}
