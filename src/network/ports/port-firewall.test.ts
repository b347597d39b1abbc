/** Port modes and storm control over HTTP: who sets them, what is refused, and what hosts are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StormState } from '#base/host/firewall.ts';
import { startNetwork } from '../testing.ts';

/** A network of the project red, with a host. */
async function start() {
  const net = await startNetwork();
  net.addHost('h1');
  await net.idle();
  const red = net.as('red');
  const network = await red.make('network', { name: 'n' });
  const network_id = network.id as string;
  await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/24' });
  const admin = net.as('ops:admin');
  return {
    ...net,
    red,
    admin,
    network_id,
    port: async (values: object = {}) => await red.make('port', { network_id, ...values }),
    /** A port that h1 plugs. */
    bound: async (values: object = {}) => {
      const port = await red.make('port', { network_id, device_id: 'd', ...values });
      const bind = { port: { 'binding:host_id': 'h1' } };
      assert.equal((await admin.put(`/v2.0/ports/${port.id}`, bind)).status, 200);
      return port;
    },
    sees: (id: string, storm: StormState) =>
      net.observed.observe('h1', 'ports', id, {
        settled: 1,
        error: null,
        plugged: true,
        carrier: true,
        storm,
      }),
  };
}

test('a port shows the mode that it has, chosen or not', async () => {
  await using net = await start();
  const addressed = await net.port();
  const unaddressed = await net.port({ fixed_ips: [] });
  const chosen = await net.port({ fixed_ips: [], port_mode: 'strict' });
  assert.deepEqual(
    [addressed, unaddressed, chosen].map(({ port_mode }) => port_mode),
    ['strict', 'l2', 'strict'],
  );
  const path = `/v2.0/ports/${addressed.id}`;
  for (const [port_mode, shown] of [
    ['transparent', 'transparent'],
    ['l2', 'l2'],
    [null, 'strict'],
  ]) {
    const { body } = await net.red.put(path, { port: { port_mode } });
    assert.equal(body.port.port_mode, shown);
    assert.equal((await net.red.get(path)).body.port.port_mode, shown);
  }
});

test('ports are found and sorted by the mode that they have', async () => {
  await using net = await start();
  const names: Record<string, object> = {
    a: { port_mode: 'transparent' },
    b: {},
    c: { fixed_ips: [] },
    d: { port_mode: 'l2' },
    e: { fixed_ips: [], port_mode: 'strict' },
  };
  for (const [name, values] of Object.entries(names)) await net.port({ name, ...values });
  const list = async (query: string) =>
    (await net.red.get(`/v2.0/ports?network_id=${net.network_id}&device_owner=&${query}`)).body;
  const found = async (query: string): Promise<string> =>
    (await list(query)).ports.map(({ name }: { name: string }) => name).join('');
  assert.equal(await found('port_mode=l2&sort_key=name&sort_dir=asc'), 'cd');
  assert.equal(await found('port_mode=strict&sort_key=name&sort_dir=asc'), 'be');
  assert.equal(await found('port_mode=l2&port_mode=transparent&sort_key=name&sort_dir=asc'), 'acd');
  assert.equal(await found('port_mode=none'), '');
  const sort = 'sort_key=port_mode&sort_dir=desc&sort_key=name&sort_dir=asc';
  assert.equal(await found(sort), 'abecd');
  // Page by page it is the same.
  let paged = '';
  for (let marker = ''; paged.length < 5;) {
    const { ports } = await list(`${sort}&limit=2${marker}`);
    assert.ok(ports.length > 0);
    paged += ports.map(({ name }: { name: string }) => name).join('');
    marker = `&marker=${ports.at(-1).id}`;
  }
  assert.equal(paged, 'abecd');
});

test('what is set on a network and on a port is what its host is told', async () => {
  await using net = await start();
  const { id } = await net.bound({
    fixed_ips: [],
    permitted_ethertypes: ['0x88CC', '0x8863'],
    storm_control: { broadcast: '7', loop_action: 'quarantine' },
  });
  const { port } = (await net.red.get(`/v2.0/ports/${id}`)).body;
  assert.deepEqual(port.permitted_ethertypes, ['0x8863', '0x88cc']);
  assert.deepEqual(port.storm_control, { broadcast: 7, loop_action: 'quarantine' });
  const told = () => net.desired.find('h1', 'ports', id);
  assert.equal(told()?.firewall?.mode, 'l2');
  assert.deepEqual(told()?.firewall?.ethertypes, [0x8863, 0x88cc]);
  assert.deepEqual(told()?.storm.broadcast, { rate: 7, burst: 14 });
  assert.equal(told()?.storm.loopAction, 'quarantine');

  const change = { network: { storm_control: { broadcast: 9, multicast: 0, hold_time: 60 } } };
  const changed = await net.red.put(`/v2.0/networks/${net.network_id}`, change);
  assert.deepEqual(changed.body.network.storm_control, {
    broadcast: 9,
    broadcast_burst: 18,
    multicast: 0,
    multicast_burst: 0,
    unknown_unicast: 5000,
    unknown_unicast_burst: 10_000,
    loop_action: 'report',
    hold_time: 60,
  });
  assert.deepEqual(told()?.storm.broadcast, { rate: 7, burst: 14 });
  assert.equal(told()?.storm.multicast, null);
  assert.equal(told()?.storm.holdSeconds, 60);

  await net.red.put(`/v2.0/ports/${id}`, {
    port: { storm_control: {}, port_mode: 'strict', permitted_ethertypes: [] },
  });
  assert.equal(told()?.firewall?.mode, 'strict');
  assert.deepEqual(told()?.storm.broadcast, { rate: 9, burst: 18 });
  await net.red.put(`/v2.0/networks/${net.network_id}`, { network: { storm_control: null } });
  assert.deepEqual(told()?.storm.broadcast, { rate: 1000, burst: 2000 });
});

test('a quarantine is cleared by setting the state to ok, each time anew', async () => {
  await using net = await start();
  const { id } = await net.bound();
  const path = `/v2.0/ports/${id}`;
  const state = async () => (await net.red.get(path)).body.port.storm_state;
  assert.equal(await state(), 'ok');
  net.sees(id, 'quarantined');
  assert.equal(await state(), 'quarantined');
  for (const clears of [1, 2]) {
    assert.equal((await net.red.put(path, { port: { storm_state: 'ok' } })).status, 200);
    assert.equal(net.desired.find('h1', 'ports', id)?.storm.clears, clears);
  }
  net.sees(id, 'ok');
  assert.equal(await state(), 'ok');
  net.sees(id, 'loop');
  await net.admin.put(path, { port: { 'binding:host_id': '' } });
  assert.equal(await state(), 'ok');
});

const REFUSED: readonly (readonly [object, string])[] = [
  [{ port_mode: 'open' }, 'Invalid input for port_mode. Reason: open is not in valid_values.'],
  [{ port_mode: ['l2'] }, "Invalid input for port_mode. Reason: ['l2'] is not in valid_values."],
  [
    { permitted_ethertypes: ['0x0800'] },
    "Invalid input for permitted_ethertypes. Reason: '0x0800' is ARP, IPv4 or IPv6, which the port mode and security groups judge.",
  ],
  [
    { storm_control: { broadcast: 'x' } },
    "Invalid input for storm_control.broadcast. Reason: 'x' is not an integer.",
  ],
  [{ storm_control: 'off' }, "Invalid input for storm_control. Reason: 'off' is not a dictionary."],
  [
    { storm_state: 'quarantined' },
    "Invalid input for storm_state. Reason: 'quarantined' cannot be set; 'ok' can, and clears a quarantine.",
  ],
  [
    { storm_state: null },
    "Invalid input for storm_state. Reason: 'None' cannot be set; 'ok' can, and clears a quarantine.",
  ],
];

for (const [values, message] of REFUSED) {
  test(`${JSON.stringify(values)} is refused, and changes nothing`, async () => {
    await using net = await start();
    const { id } = await net.port();
    const before = (await net.red.get(`/v2.0/ports/${id}`)).body;
    const answer = await net.red.put(`/v2.0/ports/${id}`, { port: { name: 'x', ...values } });
    assert.deepEqual([answer.status, answer.error], [400, `HTTPBadRequest: ${message}`]);
    assert.deepEqual((await net.red.get(`/v2.0/ports/${id}`)).body, before);
  });
}

test('a port does not begin with a storm state, and a network has none', async () => {
  await using net = await start();
  const port = { network_id: net.network_id, storm_state: 'ok' };
  assert.equal(
    (await net.red.post('/v2.0/ports', { port })).error,
    "HTTPBadRequest: Attribute 'storm_state' not allowed in POST",
  );
  for (const network of [{ storm_state: 'ok' }, { port_mode: 'l2' }]) {
    assert.equal((await net.red.post('/v2.0/networks', { network })).status, 400);
  }
  const network = { storm_control: { loop_action: 'panic' } };
  assert.equal(
    (await net.red.put(`/v2.0/networks/${net.network_id}`, { network })).error,
    'HTTPBadRequest: Invalid input for storm_control.loop_action. Reason: panic is not in valid_values.',
  );
});

const requiresL2 = (mode: string) =>
  `PermittedEthertypesRequireL2: A port of mode '${mode}' cannot have permitted_ethertypes: they only count in mode 'l2'. Set port_mode to 'l2' with them, or make the list empty.`;

test('EtherTypes are only taken where they count', async () => {
  await using net = await start();
  const permitted_ethertypes = ['0x88cc'];
  const port = { network_id: net.network_id, permitted_ethertypes };
  assert.equal((await net.red.post('/v2.0/ports', { port })).error, requiresL2('strict'));
  const { id } = await net.port({ permitted_ethertypes, port_mode: 'l2' });
  const put = async (values: object) =>
    (await net.red.put(`/v2.0/ports/${id}`, { port: values })).error;
  assert.equal(await put({ port_mode: null }), requiresL2('strict'));
  assert.equal(await put({ port_mode: 'transparent' }), requiresL2('transparent'));
  assert.equal(await put({ port_mode: 'strict', permitted_ethertypes: [] }), '');
  assert.equal(await put({ permitted_ethertypes }), requiresL2('strict'));
});

test('who may set port security on a port may set these, and nobody else', async () => {
  await using net = await start();
  await net.admin.put(`/v2.0/networks/${net.network_id}`, { network: { shared: true } });
  const blue = net.as('blue');
  const { id } = await blue.make('port', { network_id: net.network_id });
  for (const values of [
    { port_mode: 'l2' },
    { port_mode: 'l2', permitted_ethertypes: ['0x88cc'] },
    { storm_control: { broadcast: 0 } },
  ]) {
    const port = { network_id: net.network_id, ...values };
    assert.match((await blue.post('/v2.0/ports', { port })).error, /^PolicyNotAuthorized: /);
    assert.match((await blue.put(`/v2.0/ports/${id}`, { port: values })).error, /^PolicyNotAutho/);
    assert.equal((await net.admin.put(`/v2.0/ports/${id}`, { port: values })).error, '');
  }
  const ok = { port: { storm_state: 'ok' } };
  assert.match((await blue.put(`/v2.0/ports/${id}`, ok)).error, /update_port:storm_state/);
  assert.equal((await blue.get(`/v2.0/ports/${id}`)).body.port.storm_state, 'ok');
  const network = { storm_control: {} };
  assert.equal((await blue.put(`/v2.0/networks/${net.network_id}`, { network })).status, 403);
  const reader = net.as('red:reader');
  assert.equal((await reader.put(`/v2.0/networks/${net.network_id}`, { network })).status, 403);
});
