/** Port forwardings over HTTP: ranges, collisions, and what becomes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFloating } from '../floating-ips/testing.ts';

async function startForwarding() {
  const cloud = await startFloating();
  const port = await cloud.addPort({ fixed_ips: [{ ip_address: '10.0.0.11' }] });
  const floatingIp = await cloud.addFloatingIp();
  const path = `/v2.0/floatingips/${floatingIp.id}/port_forwardings`;
  const wanted = (values: object = {}) => ({
    port_forwarding: {
      protocol: 'tcp',
      internal_port_id: port.id,
      internal_ip_address: '10.0.0.11',
      internal_port: 80,
      external_port: 8080,
      ...values,
    },
  });
  return {
    ...cloud,
    port,
    floatingIp,
    path,
    /** Asks for one. */
    ask: async (values: object = {}, at = path) => await cloud.user.post(at, wanted(values)),
    /** Makes one, which has to work. */
    forward: async (values: object = {}) => {
      const { status, error, body } = await cloud.user.post(path, wanted(values));
      assert.equal(status, 201, error);
      return body.port_forwarding;
    },
    show: async () => (await cloud.user.get(`/v2.0/floatingips/${floatingIp.id}`)).body.floatingip,
  };
}

test('a forwarding is made, shown with its floating IP, changed and deleted', async () => {
  await using cloud = await startForwarding();
  const made = await cloud.forward({ description: 'web' });
  assert.deepEqual(made, {
    id: made.id,
    protocol: 'tcp',
    internal_port_id: cloud.port.id,
    internal_ip_address: '10.0.0.11',
    internal_port: 80,
    internal_port_range: '80:80',
    external_port: 8080,
    external_port_range: '8080:8080',
    description: 'web',
  });
  const shown = await cloud.show();
  assert.deepEqual(shown.port_forwardings, [
    {
      id: made.id,
      protocol: 'tcp',
      internal_port_id: cloud.port.id,
      internal_ip_address: '10.0.0.11',
      internal_port: 80,
      external_port: 8080,
    },
  ]);
  assert.deepEqual([shown.router_id, shown.status, shown.port_id], [cloud.router, 'ACTIVE', null]);
  const path = `${cloud.path}/${made.id}`;
  const changed = await cloud.user.put(path, { port_forwarding: { internal_port: 81 } });
  assert.equal(changed.body.port_forwarding.internal_port_range, '81:81');
  assert.equal((await cloud.user.get(path)).body.port_forwarding.internal_port, 81);
  assert.equal((await cloud.user.delete(path)).status, 204);
  assert.equal(
    (await cloud.user.get(path)).error,
    `PortForwardingNotFound: Port Forwarding ${made.id} could not be found.`,
  );
  assert.equal((await cloud.show()).router_id, null, 'the last one leaves the router');
});

test('a router moves only so many ports, which each cost its host something', async () => {
  await using cloud = await startForwarding();
  const ranges = { external_port: null, internal_port: null };
  const half = { ...ranges, external_port_range: '1:40000', internal_port_range: '2:40001' };
  const all = { ...ranges, external_port_range: '1:65535', internal_port_range: '1:65535' };
  const made = await cloud.forward(half);
  const refused = await cloud.ask({ ...half, protocol: 'udp' });
  assert.equal(refused.status, 400);
  assert.match(refused.error, /A router forwards at most 65536 ports to ports of other numbers/);
  const same = await cloud.forward({ ...all, protocol: 'udp' });
  const change = {
    port_forwarding: { external_port_range: '1:30000', internal_port_range: '9:30008' },
  };
  const grown = await cloud.user.put(`${cloud.path}/${same.id}`, change);
  assert.match(grown.error, /^BadRequest: Bad port_forwarding request: A router forwards at most /);
  // One that changes is not counted twice.
  const shrunk = await cloud.user.put(`${cloud.path}/${made.id}`, change);
  assert.equal(shrunk.status, 200, shrunk.error);
  assert.equal((await cloud.user.put(`${cloud.path}/${same.id}`, change)).status, 200);
});

test('ranges go to as many ports or to one', async () => {
  await using cloud = await startForwarding();
  const ranges = { external_port: null, internal_port: null };
  const many = await cloud.forward({
    ...ranges,
    external_port_range: '8000:8009',
    internal_port_range: '9000:9009',
  });
  assert.equal(many.external_port_range, '8000:8009');
  assert.equal('external_port' in many, false, 'a range of several is not one port');
  await cloud.forward({ ...ranges, external_port_range: '7000:7009', internal_port_range: '22' });
  const wrong = await cloud.ask({
    ...ranges,
    external_port_range: '6000:6001',
    internal_port_range: '6000:6002',
  });
  assert.equal(
    wrong.error,
    'BadRequest: Bad port_forwarding request: Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N.',
  );
  const listed = await cloud.user.get(`${cloud.path}?external_port_range=8000:8009`);
  assert.deepEqual(
    listed.body.port_forwardings.map(({ id }: { id: string }) => id),
    [many.id],
  );
});

test('what collides with another forwarding is refused', async () => {
  await using cloud = await startForwarding();
  const made = await cloud.forward();
  const bad = 'BadRequest: Bad port_forwarding request: ';
  assert.equal(
    (await cloud.ask({ external_port: 8081 })).error,
    `${bad}There is a port collision with the internal_port_range. The following ranges collide: 80:80 and 80:80.`,
  );
  assert.equal(
    (await cloud.ask({ internal_port: 81 })).error,
    `${bad}There is a port collision with the external_port_range. The following ranges collide: 8080:8080 and 8080:8080.`,
  );
  const second = await cloud.forward({ internal_port: 81, external_port: 8081 });
  await cloud.forward({ protocol: 'udp' });
  const same = await cloud.user.put(`${cloud.path}/${second.id}`, {
    port_forwarding: { external_port: 8080 },
  });
  assert.equal(
    same.error,
    `${bad}Another port forwarding entry with the same attributes already exists, conflicting values are {'floating_ip_address': '${cloud.floatingIp.floating_ip_address}', 'external_port': 8080}.`,
  );
  const range = await cloud.user.put(`${cloud.path}/${second.id}`, {
    port_forwarding: { external_port_range: '8079:8082' },
  });
  assert.equal(
    range.error,
    `${bad}There is a port collision with the external_port_range. The following ranges collide: 8080:8080 and 8079:8082.`,
  );
  const kept = await cloud.user.put(`${cloud.path}/${made.id}`, {
    port_forwarding: { external_port: 8080, description: 'same' },
  });
  assert.equal(kept.status, 200, 'it does not collide with itself');
});

test('a floating IP has either a port or forwardings, and so has a port', async () => {
  await using cloud = await startForwarding();
  const direct = await cloud.addPort({ fixed_ips: [{ ip_address: '10.0.0.12' }] });
  const owned = await cloud.addFloatingIp({ port_id: direct.id });
  assert.equal(
    (await cloud.ask({ internal_port_id: direct.id, internal_ip_address: '10.0.0.12' })).error,
    `PortHasBindingFloatingIP: Cannot create port forwarding to floating IP ${owned.floating_ip_address} (${owned.id}) with port ${direct.id} using fixed IP 10.0.0.12, as that port already has a binding floating IP.`,
  );
  assert.equal(
    (await cloud.ask({}, `/v2.0/floatingips/${owned.id}/port_forwardings`)).error,
    `FloatingIPPortAlreadyAssociated: Cannot associate floating IP ${owned.floating_ip_address} (${owned.id}) with port ${cloud.port.id} using fixed IP 10.0.0.11, as that fixed IP already has a floating IP on external network ${cloud.external.id}.`,
  );
  await cloud.forward();
  const inUse = `FipInUseByPortForwarding: Floating IP ${cloud.floatingIp.id} in use by Port Forwarding resources.`;
  const path = `/v2.0/floatingips/${cloud.floatingIp.id}`;
  const taken = await cloud.user.put(path, { floatingip: { port_id: cloud.port.id } });
  assert.deepEqual([taken.status, taken.error], [409, inUse]);
  const gone = await cloud.user.delete(path);
  assert.deepEqual([gone.status, gone.error], [409, inUse]);
  const needed = await cloud.user.put(`/v2.0/routers/${cloud.router}/remove_router_interface`, {
    subnet_id: cloud.subnet.id,
  });
  assert.match(needed.error, /^RouterInterfaceInUseByFloatingIP: /);
  const freed = await cloud.user.put(path, { floatingip: { port_id: null } });
  assert.equal(freed.body.floatingip.router_id, cloud.router, 'forwardings keep their router');
});

test('what cannot be forwarded is refused', async () => {
  await using cloud = await startForwarding();
  const lone = await cloud.user.make('network', {});
  const subnet = await cloud.user.make('subnet', {
    network_id: lone.id,
    ip_version: 4,
    cidr: '10.9.0.0/24',
  });
  const unreached = await cloud.user.make('port', {
    network_id: lone.id,
    fixed_ips: [{ ip_address: '10.9.0.9' }],
  });
  const bare = await cloud.addPort({ fixed_ips: [] });
  const nobody = crypto.randomUUID();
  const bad = 'BadRequest: Bad port_forwarding request: ';
  const invalid = 'HTTPBadRequest: Invalid input for ';
  const fixed = `[{'subnet_id': '${cloud.subnet.id}', 'ip_address': '10.0.0.11'}]`;
  const cases: readonly (readonly [object, string])[] = [
    [
      { external_port: 65_536 },
      `${invalid}external_port. Reason: '65536' is too large - must be no larger than '65535'.`,
    ],
    [
      { internal_port: 0 },
      `${invalid}internal_port. Reason: '0' is too small - must be at least '1'.`,
    ],
    [
      { external_port: null, external_port_range: '9:8' },
      `${invalid}external_port_range. Reason: First port in a port range must be lower than the second port.`,
    ],
    [
      { external_port_range: '8:9' },
      `${bad}The external_port and the external_port_range that were given are different ports.`,
    ],
    [{ protocol: '6' }, `${invalid}protocol. Reason: 6 is not in valid_values.`],
    [
      { protocol: 'quic' },
      "InvalidInput: Invalid input for operation: IP protocol 'quic' is not supported. Only protocol names and their integer representation (0 to 255) are supported.",
    ],
    [
      { internal_port: null },
      `${bad}A forwarding of protocol tcp needs an external_port and an internal_port, or ranges of them.`,
    ],
    [
      { protocol: 'icmp' },
      `${bad}ICMP has no ports: forward all of it, without external_port and internal_port.`,
    ],
    [{ internal_port_id: nobody }, `PortNotFound: Port ${nobody} could not be found.`],
    [
      { internal_port_id: bare.id },
      `${bad}Requested internal port ${bare.id} must allocate an IPv4 address at least..`,
    ],
    [
      { internal_ip_address: '10.0.0.99' },
      `${bad}Requested internal IP address 10.0.0.99 is not suitable for internal neutron port ${cloud.port.id}, as its fixed_ips are ${fixed}.`,
    ],
    [
      { internal_port_id: unreached.id, internal_ip_address: '10.9.0.9' },
      `${bad}External network ${cloud.external.id} is not reachable from subnet ${subnet.id}. Cannot set Port forwarding for port ${unreached.id} with Floating IP ${cloud.floatingIp.id}.`,
    ],
  ];
  for (const [values, error] of cases) {
    assert.equal((await cloud.ask(values)).error, error, JSON.stringify(values));
  }
  assert.deepEqual((await cloud.show()).port_forwardings, []);
  const ping = await cloud.forward({ protocol: 'icmp', external_port: null, internal_port: null });
  assert.equal('external_port' in ping, false);
  const kept = await cloud.user.put(`${cloud.path}/${ping.id}`, {
    port_forwarding: { internal_ip_address: '10.0.0.99' },
  });
  assert.equal(
    kept.error,
    `${bad}The internal IP does not correspond to an address on the internal port, which has fixed_ips ${fixed}.`,
  );
});

test('all forwardings of a floating IP go through one router', async () => {
  await using cloud = await startForwarding();
  const net = await cloud.user.make('network', {});
  const subnet = await cloud.user.make('subnet', {
    network_id: net.id,
    ip_version: 4,
    cidr: '10.5.0.0/24',
  });
  await cloud.addRouter(subnet.id, '10.5.0.1');
  const port = await cloud.user.make('port', {
    network_id: net.id,
    fixed_ips: [{ ip_address: '10.5.0.5' }],
  });
  await cloud.forward();
  const far = {
    internal_port_id: port.id,
    internal_ip_address: '10.5.0.5',
    external_port: 2222,
    internal_port: 22,
  };
  assert.equal(
    (await cloud.ask(far)).error,
    `BadRequest: Bad port_forwarding request: The Floating IP ${cloud.floatingIp.id} had been set on router ${cloud.router}, the internal Neutron port ${port.id} can not reach it.`,
  );
});

test('forwardings go with the address, and with the port, that they lead to', async () => {
  await using cloud = await startForwarding();
  const put = async (ip: string) =>
    await cloud.user.put(`/v2.0/ports/${cloud.port.id}`, {
      port: { fixed_ips: [{ ip_address: ip }] },
    });
  await cloud.forward();
  assert.equal((await put('10.0.0.12')).status, 200);
  assert.deepEqual((await cloud.show()).port_forwardings, []);
  assert.equal((await cloud.show()).router_id, null);
  await cloud.forward({ internal_ip_address: '10.0.0.12' });
  assert.equal((await cloud.user.delete(`/v2.0/ports/${cloud.port.id}`)).status, 204);
  assert.deepEqual((await cloud.show()).port_forwardings, []);
  assert.equal((await cloud.show()).router_id, null);
});

test('forwardings are listed by what they are, page by page, and others see none of them', async () => {
  await using cloud = await startForwarding();
  for (const number of [3, 1, 2]) {
    await cloud.forward({ external_port: number, internal_port: number });
  }
  const list = async (query: string) =>
    (await cloud.user.get(`${cloud.path}?${query}`)).body.port_forwardings.map(
      (row: { external_port: number }) => row.external_port,
    );
  assert.deepEqual(await list('sort_key=external_port&sort_dir=asc'), [1, 2, 3]);
  assert.deepEqual(await list('external_port=2'), [2]);
  assert.deepEqual(await list(`internal_port_id=${cloud.port.id}&protocol=udp`), []);
  const page = await cloud.user.get(`${cloud.path}?sort_key=external_port&limit=2`);
  const next = new URL(page.body.port_forwardings_links[0].href);
  assert.deepEqual(await list(next.search.slice(1)), [3]);
  const unknown = await cloud.user.get(`${cloud.path}?internal_port=1`);
  assert.equal(
    unknown.error,
    "HTTPBadRequest: ['internal_port'] is invalid attribute for filtering",
  );
  const notFound = `FloatingIPNotFound: Floating IP ${cloud.floatingIp.id} could not be found`;
  assert.equal((await cloud.other.get(cloud.path)).error, notFound);
  assert.equal((await cloud.other.delete(`${cloud.path}/${cloud.port.id}`)).error, notFound);
});
