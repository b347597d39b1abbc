/** Bindings of ports over HTTP: a second host is made ready, takes over, is given up; and who may do so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortObservation } from '#base/host/document.ts';
import { startNetwork } from '../testing.ts';

const NIL = '00000000-0000-4000-8000-000000000000';
const TAP = { connectivity: 'l2', port_filter: true, bound_drivers: { '0': 'stackyard' } };
const SEEN: PortObservation = {
  settled: 9,
  error: null,
  plugged: true,
  carrier: true,
  storm: 'ok',
};
const ALLOWED = ['ops:admin', 'nova:service'] as const;

/** A port of red's that a server on h1 has; h2 is another host. */
async function start(change: object = {}) {
  const net = await startNetwork();
  net.addHost('h1');
  net.addHost('h2');
  await net.idle();
  const { id: network_id } = await net.as('red').make('network', {});
  const port = await net.as('ops:admin').make('port', {
    network_id,
    project_id: 'red',
    device_id: 'server-1',
    device_owner: 'compute:nova',
    'binding:host_id': 'h1',
    ...change,
  });
  const id = port.id as string;
  const path = `/v2.0/ports/${id}/bindings`;
  const nova = net.as('nova:service');
  return {
    ...net,
    id,
    path,
    nova,
    bind: async (host: string, more: object = {}) =>
      await nova.post(path, { binding: { host, ...more } }),
    shown: async () => (await nova.get(`/v2.0/ports/${id}`)).body.port,
    /** Hosts and statuses of the port's bindings. */
    bindings: async () => {
      const { body } = await nova.get(path);
      return (body.bindings as { host: string; status: string }[]).map(
        ({ host, status }) => `${host} ${status}`,
      );
    },
    /** Hosts that are told to plug the port. */
    told: () => net.desired.hosts().filter((host) => net.desired.find(host, 'ports', id)),
  };
}

test('a second binding is inactive: shown beside the first, and nothing else is changed by it', async () => {
  await using net = await start();
  const before = await net.shown();
  const made = await net.bind('h2', { profile: { migrating_to: 'h2' } });
  assert.equal(made.status, 201);
  const second = {
    host: 'h2',
    vif_type: 'tap',
    vnic_type: 'normal',
    status: 'INACTIVE',
    profile: { migrating_to: 'h2' },
    vif_details: TAP,
  };
  assert.deepEqual(made.body, { binding: second });
  const first = { ...second, host: 'h1', status: 'ACTIVE', profile: {} };
  assert.deepEqual((await net.nova.get(net.path)).body, { bindings: [first, second] });
  assert.deepEqual((await net.nova.get(`${net.path}/h2`)).body, { binding: second });
  assert.deepEqual(await net.shown(), before);
  assert.deepEqual(net.told(), ['h1']);
  // What hosts and lists are told of comes from the active binding alone.
  const ids = async (host: string) =>
    (await net.nova.get(`/v2.0/ports?binding:host_id=${host}&fields=id`)).body.ports;
  assert.deepEqual(await ids('h2'), []);
  assert.deepEqual(await ids('h1'), [{ id: net.id }]);
  await net.reconcilers[0]?.run(AbortSignal.timeout(10_000));
  assert.deepEqual(net.told(), ['h1']);
});

test('lists of bindings can be filtered, and show the fields that were asked for', async () => {
  await using net = await start();
  await net.bind('h2');
  const list = async (query: string) => (await net.nova.get(`${net.path}?${query}`)).body.bindings;
  assert.deepEqual(await list('status=INACTIVE&fields=host'), [{ host: 'h2' }]);
  assert.deepEqual(await list('host=h1&host=h2&vif_type=tap&fields=host'), [
    { host: 'h1' },
    { host: 'h2' },
  ]);
  assert.deepEqual(await list('vnic_type=direct'), []);
  assert.deepEqual((await net.nova.get(`${net.path}/h2?fields=status`)).body, {
    binding: { status: 'INACTIVE' },
  });
});

test('activation moves the port: the old host forgets it, the new one has to plug it', async () => {
  await using net = await start();
  await net.bind('h2', { profile: { a: 1 } });
  const { status, body } = await net.nova.put(`${net.path}/h2/activate`, undefined);
  assert.equal(status, 200);
  // compat: no `binding` around it.
  assert.equal(body.host, 'h2');
  assert.equal(body.status, 'ACTIVE');
  assert.deepEqual(await net.bindings(), ['h1 INACTIVE', 'h2 ACTIVE']);
  assert.equal((await net.nova.get(`${net.path}/h1`)).body.binding.vif_type, 'unbound');
  const port = await net.shown();
  assert.equal(port['binding:host_id'], 'h2');
  assert.deepEqual(port['binding:profile'], { a: 1 });
  assert.equal(port['binding:vif_type'], 'tap');
  assert.deepEqual(net.told(), ['h2']);

  assert.equal((await net.nova.put(`${net.path}/h1/activate`, undefined)).status, 200);
  assert.deepEqual(await net.bindings(), ['h1 ACTIVE', 'h2 INACTIVE']);
  assert.equal((await net.nova.get(`${net.path}/h1`)).body.binding.vif_type, 'tap');
  assert.deepEqual(net.told(), ['h1']);
});

test('a port is DOWN from its activation elsewhere until the new host has plugged it', async () => {
  await using net = await start();
  const status = async () => (await net.shown()).status;
  net.observed.observe('h1', 'ports', net.id, SEEN);
  await net.idle();
  assert.equal(await status(), 'ACTIVE');
  const events: string[] = [];
  net.api.onPortEvent(({ kind }) => events.push(kind));
  await net.bind('h2');
  await net.nova.put(`${net.path}/h2/activate`, undefined);
  assert.equal(await status(), 'DOWN');
  net.observed.observe('h1', 'ports', net.id, undefined);
  net.observed.observe('h2', 'ports', net.id, SEEN);
  await net.idle();
  assert.equal(await status(), 'ACTIVE');
  assert.deepEqual(events, ['unplugged', 'changed', 'plugged']);
});

test('a binding that is given up is gone; without its active one a port is bound to no host', async () => {
  await using net = await start();
  await net.bind('h2');
  assert.equal((await net.nova.delete(`${net.path}/h2`)).status, 204);
  assert.deepEqual(await net.bindings(), ['h1 ACTIVE']);
  assert.deepEqual(net.told(), ['h1']);
  await net.bind('h2');
  assert.equal((await net.nova.delete(`${net.path}/h1`)).status, 204);
  const port = await net.shown();
  assert.deepEqual([port['binding:host_id'], port['binding:vif_type']], ['', 'unbound']);
  assert.deepEqual(net.told(), []);
  assert.equal((await net.nova.put(`${net.path}/h2/activate`, undefined)).status, 200);
  assert.deepEqual(await net.bindings(), ['h2 ACTIVE']);
  assert.deepEqual(net.told(), ['h2']);
});

test('a binding may be changed, the active one with the port', async () => {
  await using net = await start();
  net.addHost('h3');
  await net.idle();
  await net.bind('h2');
  const change = async (host: string, binding: object) =>
    await net.nova.put(`${net.path}/${host}`, { binding });
  const inactive = await change('h2', { profile: { a: 1 } });
  assert.equal(inactive.status, 200);
  assert.deepEqual(inactive.body.binding.profile, { a: 1 });
  assert.deepEqual((await net.shown())['binding:profile'], {});
  await change('h1', { profile: { b: 2 } });
  assert.deepEqual((await net.shown())['binding:profile'], { b: 2 });
  assert.equal((await change('h1', { host: 'h3' })).status, 200);
  assert.deepEqual(await net.bindings(), ['h2 INACTIVE', 'h3 ACTIVE']);
  assert.deepEqual(net.told(), ['h3']);
  assert.match((await change('h3', { host: 'h2' })).error, /^PortBindingAlreadyExists: /);
});

test('a port that is bound to a host in the old way takes the place of its inactive binding there', async () => {
  await using net = await start();
  await net.bind('h2');
  const moved = await net.nova.put(`/v2.0/ports/${net.id}`, { port: { 'binding:host_id': 'h2' } });
  assert.equal(moved.status, 200, moved.error);
  assert.deepEqual(await net.bindings(), ['h2 ACTIVE']);
});

test('the next device of a port finds no bindings of the one before', async () => {
  await using net = await start();
  await net.bind('h2');
  const free = { device_id: '', device_owner: '', 'binding:host_id': '' };
  await net.nova.put(`/v2.0/ports/${net.id}`, { port: free });
  const taken = { device_id: 'server-2', device_owner: 'compute:nova', 'binding:host_id': 'h1' };
  await net.nova.put(`/v2.0/ports/${net.id}`, { port: taken });
  assert.deepEqual(await net.bindings(), ['h1 ACTIVE']);
});

type Net = Awaited<ReturnType<typeof start>>;
type Case = readonly [
  why: string,
  send: (net: Net) => Promise<{ status: number; error: string }>,
  status: number,
  error: string | ((id: string) => string),
];

const REFUSED: readonly Case[] = [
  [
    'a second binding to the same host',
    async (net) => await net.bind('h1'),
    409,
    (id) => `PortBindingAlreadyExists: Binding for port ${id} on host h1 already exists.`,
  ],
  [
    'a host that nobody knows',
    async (net) => await net.bind('h9'),
    500,
    (id) => `PortBindingError: Binding for port ${id} on host h9 could not be created or updated.`,
  ],
  [
    'a card that cannot be plugged',
    async (net) => await net.bind('h2', { vnic_type: 'direct' }),
    500,
    (id) => `PortBindingError: Binding for port ${id} on host h2 could not be created or updated.`,
  ],
  [
    'an unknown kind of card',
    async (net) => await net.bind('h2', { vnic_type: 'x' }),
    400,
    'HTTPBadRequest: Invalid input for vnic_type. Reason: x is not in valid_values.',
  ],
  [
    'no host',
    async (net) => await net.nova.post(net.path, { binding: {} }),
    400,
    "HTTPBadRequest: Failed to parse request. Required attribute 'host' not specified",
  ],
  [
    'a host without a name',
    async (net) => await net.bind(''),
    400,
    "HTTPBadRequest: Invalid input for host. Reason: '' is the name of no host.",
  ],
  [
    'a status of one’s own',
    async (net) => await net.bind('h2', { status: 'ACTIVE' }),
    400,
    "HTTPBadRequest: Attribute 'status' not allowed in POST",
  ],
  [
    'a change that cannot be bound',
    async (net) => await net.nova.put(`${net.path}/h1`, { binding: { vnic_type: 'direct' } }),
    500,
    (id) => `PortBindingError: Binding for port ${id} on host h1 could not be created or updated.`,
  ],
  [
    'a change of a binding that is not there',
    async (net) => await net.nova.put(`${net.path}/h2`, { binding: { profile: {} } }),
    404,
    (id) => `PortBindingNotFound: Binding for port ${id} for host h2 could not be found.`,
  ],
  [
    'the activation of the active binding',
    async (net) => await net.nova.put(`${net.path}/h1/activate`, undefined),
    409,
    (id) => `PortBindingAlreadyActive: Binding for port ${id} on host h1 is already active.`,
  ],
  [
    'the activation of a binding that is not there',
    async (net) => await net.nova.put(`${net.path}/h2/activate`, undefined),
    404,
    (id) => `PortBindingNotFound: Binding for port ${id} for host h2 could not be found.`,
  ],
  [
    'the end of a binding that is not there',
    async (net) => await net.nova.delete(`${net.path}/h2`),
    404,
    (id) => `PortBindingNotFound: Binding for port ${id} for host h2 could not be found.`,
  ],
  [
    'a look at a binding that is not there',
    async (net) => await net.nova.get(`${net.path}/h2`),
    404,
    (id) => `PortBindingNotFound: Binding for port ${id} for host h2 could not be found.`,
  ],
  [
    'a port that is not there',
    async (net) => await net.nova.get(`/v2.0/ports/${NIL}/bindings`),
    404,
    `PortNotFound: Port ${NIL} could not be found.`,
  ],
];

test('what cannot be bound is refused in the words of Neutron, and changes nothing', async () => {
  await using net = await start();
  const before = await net.shown();
  for (const [why, send, status, error] of REFUSED) {
    const answer = await send(net);
    assert.deepEqual(
      [answer.status, answer.error],
      [status, typeof error === 'string' ? error : error(net.id)],
      why,
    );
  }
  assert.deepEqual(await net.bindings(), ['h1 ACTIVE']);
  assert.deepEqual(await net.shown(), before);
});

/** Every request there is, each of which could be done. */
const REQUESTS: readonly (readonly [
  'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  rule: string,
  body?: object,
])[] = [
  ['GET', '', 'get_port_binding'],
  ['GET', '/h1', 'get_port_binding'],
  ['POST', '', 'create_port_binding', { binding: { host: 'h2' } }],
  ['PUT', '/h1', 'update_port_binding', { binding: { profile: {} } }],
  ['PUT', '/h2/activate', 'activate'],
  ['DELETE', '/h1', 'delete_port_binding'],
];

test('bindings are for ports of servers and shared file systems', async () => {
  await using net = await start({ device_owner: 'network:router_interface' });
  for (const [method, path, , body] of REQUESTS) {
    const { status, error } = await net.nova.send(method, `${net.path}${path}`, body);
    assert.equal(status, 400, `${method} ${path}`);
    assert.equal(
      error,
      `BadRequest: Bad port request: Invalid port ${net.id}. Operation only valid on compute and shared filesystem ports.`,
    );
  }
  await using shares = await start({ device_owner: 'manila:share' });
  assert.equal((await shares.bind('h2')).status, 201);
});

test('bindings are for administrators and services; an owner sees none of them', async () => {
  for (const who of ALLOWED) {
    await using net = await start();
    for (const [method, path, , body] of REQUESTS) {
      const { status, error } = await net.as(who).send(method, `${net.path}${path}`, body);
      assert.ok(status < 300, `${who} ${method} ${path}: ${error}`);
    }
  }
  await using net = await start();
  for (const [method, path, rule, body] of REQUESTS) {
    const owner = await net.as('red').send(method, `${net.path}${path}`, body);
    const stranger = await net.as('blue').send(method, `${net.path}${path}`, body);
    assert.equal(stranger.error, `PortNotFound: Port ${net.id} could not be found.`);
    if (method !== 'GET') {
      assert.equal(owner.error, `PolicyNotAuthorized: rule:${rule} is disallowed by policy`);
      assert.equal(owner.status, 403);
    } else if (path === '') {
      assert.deepEqual(owner.body, { bindings: [] });
    } else {
      assert.equal(owner.error, 'HTTPNotFound: The resource could not be found.');
    }
  }
});

test('bindings come in pages, with links to those around', async () => {
  await using net = await start();
  for (const host of ['h2', 'h3', 'h4']) {
    net.addHost(host);
    await net.idle();
    assert.equal((await net.bind(host)).status, 201);
  }
  const get = async (query: string) => {
    const { status, body, error } = await net.nova.get(`${net.path}?${query}`);
    assert.equal(status, 200, error);
    const hosts = (body.bindings as { host: string }[]).map(({ host }) => host).join(' ');
    return { hosts, rels: (body.bindings_links ?? []).map(({ rel }: { rel: string }) => rel) };
  };
  const pages: readonly (readonly [query: string, hosts: string])[] = [
    ['', 'h1 h2 h3 h4'],
    ['limit=2', 'h1 h2'],
    ['limit=2&marker=h2', 'h3 h4'],
    ['limit=2&marker=h4', ''],
    ['limit=2&marker=h3&page_reverse=True', 'h1 h2'],
    ['limit=3&page_reverse=True', 'h2 h3 h4'],
    ['marker=h2', 'h1 h2 h3 h4'],
    ['sort_key=host&sort_dir=desc&limit=2', 'h4 h3'],
    ['sort_key=status&sort_dir=desc', 'h2 h3 h4 h1'],
    ['status=INACTIVE&limit=1&marker=h2', 'h3'],
  ];
  for (const [query, hosts] of pages) assert.equal((await get(query)).hosts, hosts, query);
  assert.deepEqual((await get('')).rels, []);
  assert.deepEqual((await get('limit=2')).rels, ['next', 'previous']);
  assert.equal((await net.nova.get(`${net.path}?limit=-1`)).status, 400);
});
