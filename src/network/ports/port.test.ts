/** Ports over HTTP, on a database of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../testing.ts';

const UNKNOWN = '11111111-2222-3333-4444-555555555555';

/** A network service with one network of the project red, and a subnet of it. */
async function start(options: Parameters<typeof startNetwork>[0] = {}) {
  const net = await startNetwork(options);
  const red = net.as('red');
  const network = await red.make('network', { name: 'n' });
  const subnet = await red.make('subnet', {
    network_id: network.id,
    ip_version: 4,
    cidr: '10.0.0.0/24',
  });
  return { ...net, red, network_id: network.id as string, subnet_id: subnet.id as string };
}

test('a port has an address, a MAC and the default group of its project', async () => {
  await using net = await start();
  const port = await net.red.make('port', { network_id: net.network_id, name: 'p' });
  assert.equal(port.status, 'DOWN');
  assert.equal(port.ip_allocation, 'immediate');
  assert.equal(port.port_security_enabled, true);
  assert.match(port.mac_address, /^fa:16:3e:/);
  assert.equal(port.fixed_ips[0].subnet_id, net.subnet_id);
  assert.equal(port['binding:vnic_type'], 'normal');
  assert.equal('binding:host_id' in port, false);
  const [group] = (await net.red.get('/v2.0/security-groups')).body.security_groups;
  assert.equal(group.name, 'default');
  assert.deepEqual(port.security_groups, [group.id]);
  const other = await net.red.make('port', { network_id: net.network_id });
  assert.deepEqual(other.security_groups, [group.id]);
});

test('administrators see where a port is bound', async () => {
  await using net = await start();
  const { id } = await net.red.make('port', { network_id: net.network_id });
  const { port } = (await net.as('ops:admin').get(`/v2.0/ports/${id}`)).body;
  assert.equal(port['binding:host_id'], '');
  assert.equal(port['binding:vif_type'], 'unbound');
  assert.deepEqual(port['binding:vif_details'], {});
  assert.deepEqual(port['binding:profile'], {});
  assert.equal(port.resource_request, null);
});

test('another project sees a port only when the network is its own', async () => {
  await using net = await start();
  const own = await net.red.make('port', { network_id: net.network_id });
  const blue = net.as('blue');
  const error = `PortNotFound: Port ${own.id} could not be found.`;
  assert.equal((await blue.get(`/v2.0/ports/${own.id}`)).error, error);
  assert.equal((await blue.put(`/v2.0/ports/${own.id}`, { port: {} })).error, error);
  assert.equal((await blue.delete(`/v2.0/ports/${own.id}`)).error, error);
  const made = await net
    .as('ops:admin')
    .make('port', { network_id: net.network_id, project_id: 'blue' });
  assert.equal((await net.red.get(`/v2.0/ports/${made.id}`)).status, 200);
  const refused = await net.red.put(`/v2.0/ports/${made.id}`, { port: { name: 'x' } });
  assert.equal(refused.error, 'PolicyNotAuthorized: rule:update_port is disallowed by policy');
});

const allocations: readonly [object, string, number][] = [
  [{}, 'immediate', 1],
  [{ fixed_ips: [] }, 'none', 0],
];

for (const [values, allocation, count] of allocations) {
  test(`a port made with ${JSON.stringify(values)} is '${allocation}' for ever`, async () => {
    await using net = await start();
    const port = await net.red.make('port', { network_id: net.network_id, ...values });
    assert.equal(port.ip_allocation, allocation);
    assert.equal(port.fixed_ips.length, count);
    assert.equal(port.security_groups.length, 1);
    for (const fixed_ips of [[{ subnet_id: net.subnet_id }], []]) {
      const changed = (await net.red.put(`/v2.0/ports/${port.id}`, { port: { fixed_ips } })).body
        .port;
      assert.equal(changed.fixed_ips.length, fixed_ips.length);
      assert.equal(changed.ip_allocation, allocation);
    }
  });
}

test('a port on a network without subnets is immediate, and has no address', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const port = await red.make('port', { network_id });
  assert.deepEqual([port.ip_allocation, port.fixed_ips], ['immediate', []]);
  const answer = await red.post('/v2.0/ports', {
    port: { network_id, fixed_ips: [{ ip_address: '10.0.0.5' }] },
  });
  assert.equal(
    answer.error,
    'InvalidInput: Invalid input for operation: IP allocation requires subnets for network.',
  );
});

const badRequests: readonly [object, string][] = [
  [{ colour: 'red' }, "HTTPBadRequest: Unrecognized attribute(s) 'colour'"],
  [{ status: 'ACTIVE' }, "HTTPBadRequest: Attribute 'status' not allowed in POST"],
  [
    { network_id: 'x' },
    "HTTPBadRequest: Invalid input for network_id. Reason: 'x' is not a valid UUID.",
  ],
  [{ network_id: UNKNOWN }, `NetworkNotFound: Network ${UNKNOWN} could not be found.`],
  [
    { mac_address: 'x' },
    "HTTPBadRequest: Invalid input for mac_address. Reason: 'x' is not a valid MAC address.",
  ],
  [
    { mac_address: '01:00:5e:00:00:01' },
    'HTTPBadRequest: Invalid input for mac_address. Reason: MAC address 01:00:5e:00:00:01 is a multicast address, which is not supported.',
  ],
  [
    { fixed_ips: [{ ip_address: '10.9.0.1' }] },
    'InvalidIpForNetwork: IP address 10.9.0.1 is not a valid IP for any of the subnets on the specified network.',
  ],
  [
    { fixed_ips: [{ subnet_id: UNKNOWN }] },
    `SubnetNotFound: Subnet ${UNKNOWN} could not be found.`,
  ],
  [
    { fixed_ips: 'x' },
    "HTTPBadRequest: Invalid input for fixed_ips. Reason: Invalid data format for fixed IP: 'x'.",
  ],
  [
    { fixed_ips: [{ ip_address: '10.0.0.5' }, { ip_address: '10.0.0.5' }] },
    "HTTPBadRequest: Invalid input for fixed_ips. Reason: Duplicate IP address '10.0.0.5'.",
  ],
  [
    { security_groups: [UNKNOWN] },
    `SecurityGroupNotFound: Security group ${UNKNOWN} does not exist`,
  ],
  [{ qos_policy_id: UNKNOWN }, `QosPolicyNotFound: QoS policy ${UNKNOWN} could not be found.`],
  [
    { 'binding:vnic_type': 'x' },
    'HTTPBadRequest: Invalid input for binding:vnic_type. Reason: x is not in valid_values.',
  ],
  [
    { 'binding:host_id': 'h1' },
    'PolicyNotAuthorized: (rule:create_port and rule:create_port:binding:host_id) is disallowed by policy',
  ],
  [
    { dns_name: '-x' },
    "HTTPBadRequest: Invalid input for dns_name. Reason: '-x' not a valid PQDN or FQDN. Reason: Name '-x' must not start or end with a hyphen.",
  ],
];

for (const [values, error] of badRequests) {
  test(`POST /v2.0/ports refuses ${JSON.stringify(values)}`, async () => {
    await using net = await start();
    const port = { network_id: net.network_id, ...values };
    assert.equal((await net.red.post('/v2.0/ports', { port })).error, error);
    const ports = (await net.red.get('/v2.0/ports?device_owner=')).body.ports;
    assert.deepEqual(ports, []);
  });
}

test('a port has a bounded number of addresses', async () => {
  await using net = await start({ settings: { maxFixedIps: 2 } });
  const fixed_ips = Array.from({ length: 3 }, () => ({ subnet_id: net.subnet_id }));
  const message =
    'InvalidInput: Invalid input for operation: Exceeded maximum amount of fixed ips per port.';
  const { network_id } = net;
  const made = await net.red.post('/v2.0/ports', { port: { network_id, fixed_ips } });
  assert.equal(made.error, message);
  const { id } = await net.red.make('port', { network_id, fixed_ips: fixed_ips.slice(1) });
  const changed = await net.red.put(`/v2.0/ports/${id}`, { port: { fixed_ips } });
  assert.equal(changed.error, message);
});

test('the owner of a shared network’s port may not do what only the network’s owner may', async () => {
  await using net = await startNetwork();
  const { id: network_id } = await net.as('ops:admin').make('network', { shared: true });
  const blue = net.as('blue');
  const refused: readonly [object, string][] = [
    [
      { port_security_enabled: false },
      '(rule:create_port and rule:create_port:port_security_enabled) is disallowed by policy',
    ],
    [
      { allowed_address_pairs: [{ ip_address: '1.1.1.1' }] },
      '(rule:create_port and (rule:create_port:allowed_address_pairs and (rule:create_port:allowed_address_pairs:ip_address))) is disallowed by policy',
    ],
    [
      { mac_address: 'fa:16:3e:00:00:01' },
      '(rule:create_port and rule:create_port:mac_address) is disallowed by policy',
    ],
  ];
  for (const [values, message] of refused) {
    const answer = await blue.post('/v2.0/ports', { port: { network_id, ...values } });
    assert.equal(answer.status, 403);
    assert.equal(answer.error, `PolicyNotAuthorized: ${message}`);
  }
  const { id } = await blue.make('port', { network_id, fixed_ips: [] });
  const changed = await blue.put(`/v2.0/ports/${id}`, {
    port: { allowed_address_pairs: [{ ip_address: '1.1.1.1' }] },
  });
  assert.equal(
    changed.error,
    'PolicyNotAuthorized: (rule:update_port and (rule:update_port:allowed_address_pairs and (rule:update_port:allowed_address_pairs:ip_address))) is disallowed by policy',
  );
});

test('an address and a MAC are one port’s at a time', async () => {
  await using net = await start();
  const mine = { fixed_ips: [{ ip_address: '10.0.0.50' }], mac_address: 'fa:16:3e:00:00:01' };
  await net.red.make('port', { network_id: net.network_id, ...mine });
  const sameIp = await net.red.post('/v2.0/ports', {
    port: { network_id: net.network_id, fixed_ips: mine.fixed_ips },
  });
  assert.equal(sameIp.status, 409);
  assert.equal(
    sameIp.error,
    `IpAddressAlreadyAllocated: IP address 10.0.0.50 already allocated in subnet ${net.subnet_id}`,
  );
  const sameMac = await net.red.post('/v2.0/ports', {
    port: { network_id: net.network_id, mac_address: 'FA:16:3E:00:00:01' },
  });
  assert.equal(sameMac.status, 409);
  assert.equal(
    sameMac.error,
    `MacAddressInUse: Unable to complete operation for network ${net.network_id}. The mac address fa:16:3e:00:00:01 is in use.`,
  );
  const other = await net.red.make('network', {});
  await net.red.make('port', { network_id: other.id, mac_address: 'fa:16:3e:00:00:01' });
});

test('port security goes off when nothing needs it any more, and comes back without groups', async () => {
  await using net = await start();
  const { id, security_groups } = await net.red.make('port', {
    network_id: net.network_id,
    allowed_address_pairs: [{ ip_address: '10.1.0.0/16' }],
  });
  const change = async (values: object) => await net.red.put(`/v2.0/ports/${id}`, { port: values });
  assert.match(
    (await change({ port_security_enabled: false, security_groups: [] })).error,
    /^AddressPairAndPortSecurityRequired: /,
  );
  assert.match(
    (await change({ port_security_enabled: false, allowed_address_pairs: [] })).error,
    /^PortSecurityPortHasSecurityGroup: /,
  );
  const off = { port_security_enabled: false, allowed_address_pairs: [], security_groups: [] };
  assert.equal((await change(off)).body.port.port_security_enabled, false);
  assert.match(
    (await change({ security_groups })).error,
    /^PortSecurityAndIPRequiredForSecurityGroups: /,
  );
  assert.deepEqual((await change({ port_security_enabled: true })).body.port.security_groups, []);
  assert.deepEqual((await change({ security_groups })).body.port.security_groups, security_groups);
  const twice = await change({ security_groups: [security_groups[0], security_groups[0]] });
  assert.equal(
    twice.error,
    `HTTPBadRequest: Invalid input for security_groups. Reason: Duplicate items in the list: '${security_groups[0]}'.`,
  );
});

test('a network’s port security is its ports’, unless they say otherwise', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', { port_security_enabled: false });
  const open = await red.make('port', { network_id });
  assert.deepEqual([open.port_security_enabled, open.security_groups], [false, []]);
  const closed = await red.make('port', { network_id, port_security_enabled: true });
  assert.equal(closed.security_groups.length, 1);
});

test('what a port is can be changed, and counts', async () => {
  await using net = await start();
  const { id, fixed_ips, mac_address } = await net.red.make('port', { network_id: net.network_id });
  const { status, body, error } = await net.red.put(`/v2.0/ports/${id}`, {
    port: {
      name: 'new',
      description: 'd',
      admin_state_up: false,
      device_id: 'some-device',
      device_owner: 'compute:nova',
      dns_name: 'Web',
      extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '9000' }],
      allowed_address_pairs: [{ ip_address: '1.1.1.1/32' }],
      fixed_ips: [...fixed_ips, { subnet_id: net.subnet_id }],
      numa_affinity_policy: 'required',
    },
  });
  assert.equal(status, 200, error);
  const { port } = body;
  assert.equal(port.name, 'new');
  assert.equal(port.admin_state_up, false);
  assert.equal(port.device_id, 'some-device');
  assert.equal(port.dns_name, 'web');
  assert.equal(port.dns_assignment[0].fqdn, 'web.openstacklocal.');
  assert.deepEqual(port.extra_dhcp_opts, [{ opt_name: 'mtu', opt_value: '9000', ip_version: 4 }]);
  assert.deepEqual(port.allowed_address_pairs, [{ mac_address, ip_address: '1.1.1.1/32' }]);
  assert.deepEqual(port.fixed_ips[0], fixed_ips[0]);
  assert.equal(port.fixed_ips.length, 2);
  assert.equal(port.numa_affinity_policy, 'required');
  assert.equal(port.revision_number, 2);
  const late = await net.red.put(
    `/v2.0/ports/${id}`,
    { port: { name: 'late' } },
    { 'if-match': 'revision_number=1' },
  );
  assert.equal(late.status, 412);
  const readOnly = await net.red.put(`/v2.0/ports/${id}`, { port: { network_id: UNKNOWN } });
  assert.equal(readOnly.error, 'HTTPBadRequest: Cannot update read-only attribute network_id');
});

test('many ports are made at once, or none', async () => {
  await using net = await start();
  const some = [{ network_id: net.network_id }, { network_id: net.network_id, fixed_ips: [] }];
  const made = await net.red.post('/v2.0/ports', { ports: some });
  assert.equal(made.status, 201);
  assert.deepEqual(
    made.body.ports.map((port: { ip_allocation: string }) => port.ip_allocation),
    ['immediate', 'none'],
  );
  const bad = [...some, { network_id: net.network_id, security_groups: [UNKNOWN] }];
  assert.equal((await net.red.post('/v2.0/ports', { ports: bad })).status, 404);
  assert.equal((await net.red.get('/v2.0/ports?device_owner=')).body.ports.length, 2);
});

test('the quota of ports is kept, for all of a request together', async () => {
  await using net = await start();
  await net.as('ops:admin').put('/v2.0/quotas/red', { quota: { port: 3 } });
  const two = { ports: [{ network_id: net.network_id }, { network_id: net.network_id }] };
  assert.equal((await net.red.post('/v2.0/ports', two)).status, 201);
  const more = await net.red.post('/v2.0/ports', { port: { network_id: net.network_id } });
  assert.equal(more.error, "OverQuota: Quota exceeded for resources: ['port'].");
});

test('ports are found by what they have', async () => {
  await using net = await start();
  const { red, network_id, subnet_id } = net;
  const port = async (name: string, values: object) =>
    await red.make('port', { network_id, name, ...values });
  const a = await port('a', { fixed_ips: [{ ip_address: '10.0.0.10' }], device_id: 'one' });
  await port('b', { fixed_ips: [{ ip_address: '10.0.0.101' }], device_id: 'two' });
  await port('c', { fixed_ips: [], security_groups: [], admin_state_up: false });
  const names = async (query: string) =>
    (await red.get(`/v2.0/ports?device_owner=&sort_key=name&${query}`)).body.ports.map(
      (found: { name: string }) => found.name,
    );
  assert.deepEqual(await names('fixed_ips=ip_address=10.0.0.10'), ['a']);
  assert.deepEqual(await names('fixed_ips=ip_address_substr=10.0.0.10'), ['a', 'b']);
  assert.deepEqual(await names(`fixed_ips=subnet_id=${subnet_id}`), ['a', 'b']);
  assert.deepEqual(await names(`fixed_ips=subnet_id=${UNKNOWN}`), []);
  assert.deepEqual(
    await names(`fixed_ips=subnet_id=${subnet_id}&fixed_ips=ip_address=10.0.0.101`),
    ['b'],
  );
  assert.deepEqual(await names('device_id=one&device_id=two'), ['a', 'b']);
  assert.deepEqual(await names(`security_groups=${a.security_groups[0]}`), ['a', 'b']);
  assert.deepEqual(await names('ip_allocation=none'), ['c']);
  assert.deepEqual(await names('admin_state_up=False'), ['c']);
  assert.deepEqual(await names(`mac_address=${a.mac_address.toUpperCase()}`), ['a']);
  assert.deepEqual(await names(`network_id=${network_id}&limit=1&marker=${a.id}`), ['b']);
});

test('a port of the cloud’s own services is not deleted by itself', async () => {
  await using net = await start();
  const port = await net
    .as('ops:admin')
    .make('port', { network_id: net.network_id, device_owner: 'network:router_interface' });
  assert.deepEqual([port.port_security_enabled, port.security_groups], [false, []]);
  const router = await net.as('ops:admin').make('router', {});
  const admin = net.as('ops:admin');
  await admin.put(`/v2.0/ports/${port.id}`, { port: { device_id: router.id } });
  const refused = await admin.delete(`/v2.0/ports/${port.id}`);
  assert.equal(refused.status, 409);
  assert.match(refused.error, /^ServicePortInUse: /);
  // With nobody there to take care of it, it is anybody's.
  assert.equal((await admin.delete(`/v2.0/routers/${router.id}`)).status, 204);
  assert.equal((await admin.delete(`/v2.0/ports/${port.id}`)).status, 204);
});

test('a deleted port leaves nothing behind', async () => {
  await using net = await start();
  const { id } = await net.red.make('port', { network_id: net.network_id });
  await net.red.put(`/v2.0/ports/${id}/tags`, { tags: ['a'] });
  assert.equal((await net.red.delete(`/v2.0/ports/${id}`)).status, 204);
  assert.equal((await net.red.get(`/v2.0/ports/${id}`)).status, 404);
  for (const table of ['fixed_ips', 'port_bindings', 'port_security_groups'] as const) {
    const rows = await net.db.selectFrom(table).selectAll().where('port_id', '=', id).execute();
    assert.deepEqual(rows, [], table);
  }
  assert.deepEqual(await net.db.selectFrom('resource_tags').selectAll().execute(), []);
});
