/** Floating IPs over HTTP: where they lead, what is refused, and what becomes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFloating } from './testing.ts';

test('a floating IP is made with an address of the external network, and leads nowhere at first', async () => {
  await using cloud = await startFloating();
  const made = await cloud.addFloatingIp({ description: 'spare' });
  assert.match(made.floating_ip_address, /^203\.0\.113\.\d+$/);
  const { id, created_at: _made, updated_at: _changed, floating_ip_address, ...rest } = made;
  assert.deepEqual(rest, {
    project_id: 'p',
    tenant_id: 'p',
    description: 'spare',
    tags: [],
    revision_number: 0,
    floating_network_id: cloud.external.id,
    port_id: null,
    fixed_ip_address: null,
    router_id: null,
    status: 'DOWN',
    port_details: null,
    port_forwardings: [],
    dns_name: '',
    dns_domain: '',
    qos_policy_id: null,
  });
  const { body } = await cloud.admin.get(`/v2.0/ports?device_id=${id}`);
  const [port] = body.ports;
  assert.equal(port.device_owner, 'network:floatingip');
  assert.equal(port.project_id, '');
  assert.equal(port.fixed_ips[0].ip_address, floating_ip_address);
  assert.equal(port.port_security_enabled, false);
  assert.deepEqual(port.security_groups, []);
  assert.equal(
    (await cloud.admin.delete(`/v2.0/ports/${port.id}`)).error,
    `ServicePortInUse: Port ${port.id} cannot be deleted directly via the port API: has device owner network:floatingip.`,
  );
  assert.equal((await cloud.user.delete(`/v2.0/floatingips/${id}`)).status, 204);
  assert.equal((await cloud.admin.get(`/v2.0/ports/${port.id}`)).status, 404);
  assert.equal(
    (await cloud.user.get(`/v2.0/floatingips/${id}`)).error,
    `FloatingIPNotFound: Floating IP ${id} could not be found`,
  );
});

test('a floating IP is given to a port, to another one, and taken away', async () => {
  await using cloud = await startFloating();
  const [one, two] = [await cloud.addPort({ name: 'one' }), await cloud.addPort()];
  const made = await cloud.addFloatingIp({ port_id: one.id });
  assert.equal(made.status, 'ACTIVE');
  assert.equal(made.router_id, cloud.router);
  assert.equal(made.fixed_ip_address, one.fixed_ips[0].ip_address);
  assert.deepEqual(made.port_details, {
    name: 'one',
    network_id: cloud.network.id,
    mac_address: one.mac_address,
    admin_state_up: true,
    status: 'DOWN',
    device_id: '',
    device_owner: '',
  });
  const path = `/v2.0/floatingips/${made.id}`;
  const put = async (floatingip: object) =>
    (await cloud.user.put(path, { floatingip })).body.floatingip;
  const moved = await put({ port_id: two.id });
  assert.equal(moved.fixed_ip_address, two.fixed_ips[0].ip_address);
  assert.equal(moved.revision_number, made.revision_number + 1);
  const described = await put({ description: 'web' });
  assert.equal(described.port_id, two.id, 'what is not said of the port stays');
  const gone = await put({ port_id: null });
  assert.deepEqual(
    [gone.port_id, gone.fixed_ip_address, gone.router_id, gone.status, gone.port_details],
    [null, null, null, 'DOWN', null],
  );
});

test('a floating IP stands as its router does', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort();
  const made = await cloud.addFloatingIp({ port_id: port.id });
  await cloud.addFloatingIp();
  for (const [router, status] of [
    ['BUILD', 'DOWN'],
    ['ERROR', 'ERROR'],
    ['ACTIVE', 'ACTIVE'],
  ] as const) {
    await cloud.db
      .updateTable('routers')
      .set({ status: router })
      .where('id', '=', cloud.router)
      .execute();
    const shown = (await cloud.user.get(`/v2.0/floatingips/${made.id}`)).body.floatingip;
    assert.equal(shown.status, status);
    const found = (await cloud.user.get(`/v2.0/floatingips?status=${status}`)).body.floatingips;
    assert.ok(found.some(({ id }: { id: string }) => id === made.id));
  }
});

test('what cannot be made or associated is refused in Neutron’s words', async () => {
  await using cloud = await startFloating();
  const { user, admin, external, network } = cloud;
  const lone = await user.make('network', { name: 'lone' });
  const loneSubnet = await user.make('subnet', {
    network_id: lone.id,
    ip_version: 4,
    cidr: '10.9.0.0/24',
  });
  const unreached = await user.make('port', { network_id: lone.id });
  const bare = await cloud.addPort({ fixed_ips: [] });
  const several = await cloud.addPort({
    fixed_ips: [{ ip_address: '10.0.0.11' }, { ip_address: '10.0.0.12' }],
  });
  const foreign = await admin.make('port', { network_id: network.id });
  const dry = await admin.make('network', { 'router:external': true });
  const six = await admin.make('subnet', {
    network_id: external.id,
    ip_version: 6,
    cidr: '2001:db8::/64',
    enable_dhcp: false,
  });
  const taken = await cloud.addFloatingIp({});
  const nobody = crypto.randomUUID();
  const cases: readonly (readonly [object, number, string])[] = [
    [
      { floating_network_id: nobody },
      404,
      `NetworkNotFound: Network ${nobody} could not be found.`,
    ],
    [
      { floating_network_id: network.id },
      400,
      `BadRequest: Bad floatingip request: Network ${network.id} is not a valid external network.`,
    ],
    [
      { floating_network_id: dry.id },
      400,
      `BadRequest: Bad floatingip request: Network ${dry.id} does not contain any IPv4 subnet.`,
    ],
    [
      { subnet_id: six.id },
      400,
      `ExternalIpAddressExhausted: Unable to find any IP address on external network ${external.id}.`,
    ],
    [
      { subnet_id: loneSubnet.id },
      400,
      `InvalidInput: Invalid input for operation: Failed to create port on network ${external.id}, because fixed_ips included invalid subnet ${loneSubnet.id}.`,
    ],
    [{ subnet_id: nobody }, 404, `SubnetNotFound: Subnet ${nobody} could not be found.`],
    [
      { floating_ip_address: '203.0.113.77' },
      403,
      'PolicyNotAuthorized: (rule:create_floatingip and rule:create_floatingip:floating_ip_address) is disallowed by policy',
    ],
    [{ port_id: nobody }, 404, `PortNotFound: Port ${nobody} could not be found.`],
    [
      { fixed_ip_address: '10.0.0.11' },
      400,
      'BadRequest: Bad floatingip request: fixed_ip_address cannot be specified without a port_id.',
    ],
    [
      { port_id: bare.id },
      400,
      `BadRequest: Bad floatingip request: Cannot add floating IP to port ${bare.id} that has no fixed IPv4 addresses.`,
    ],
    [
      { port_id: several.id },
      400,
      `BadRequest: Bad floatingip request: Port ${several.id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP.`,
    ],
    [
      { port_id: several.id, fixed_ip_address: '10.0.0.13' },
      400,
      `BadRequest: Bad floatingip request: Port ${several.id} does not have fixed ip 10.0.0.13.`,
    ],
    [
      { port_id: several.id, fixed_ip_address: '2001:db8::1' },
      400,
      'BadRequest: Bad floatingip request: Cannot process floating IP association with 2001:db8::1, since that is not an IPv4 address.',
    ],
    [
      { port_id: foreign.id },
      400,
      `BadRequest: Bad floatingip request: Cannot process floating IP association with Port ${foreign.id}, since that port is owned by a different project.`,
    ],
    [
      { port_id: unreached.id },
      404,
      `ExternalGatewayForFloatingIPNotFound: External network ${external.id} is not reachable from subnet ${loneSubnet.id}.  Therefore, cannot associate Port ${unreached.id} with a Floating IP.`,
    ],
    [
      { dns_domain: 'example.org.' },
      400,
      'BadRequest: Bad floatingip request: dns_domain cannot be specified without a dns_name.',
    ],
    [
      { dns_name: 'www' },
      400,
      'BadRequest: Bad floatingip request: dns_name cannot be specified without a dns_domain.',
    ],
    [
      { dns_name: 'www.', dns_domain: 'example.org.' },
      400,
      "HTTPBadRequest: Invalid input for dns_name. Reason: 'www.' is a FQDN. It should be a relative domain name.",
    ],
  ];
  for (const [values, status, error] of cases) {
    const floatingip = { floating_network_id: external.id, ...values };
    const answer = await user.post('/v2.0/floatingips', { floatingip });
    assert.deepEqual([answer.status, answer.error], [status, error], JSON.stringify(values));
  }
  const asAdmin = async (values: object) =>
    await admin.post('/v2.0/floatingips', {
      floatingip: { floating_network_id: external.id, ...values },
    });
  const again = await asAdmin({ floating_ip_address: taken.floating_ip_address });
  assert.equal(
    again.error,
    `IpAddressAlreadyAllocated: IP address ${taken.floating_ip_address} already allocated in subnet ${cloud.pool.id}`,
  );
  const outside = await asAdmin({ floating_ip_address: '192.0.2.1' });
  assert.equal(
    outside.error,
    'InvalidIpForNetwork: IP address 192.0.2.1 is not a valid IP for any of the subnets on the specified network.',
  );
  const wrong = await asAdmin({ floating_ip_address: '192.0.2.1', subnet_id: cloud.pool.id });
  assert.equal(
    wrong.error,
    'InvalidIpForSubnet: IP address 192.0.2.1 is not a valid IP for the specified subnet.',
  );
  const { body } = await user.get('/v2.0/floatingips');
  assert.deepEqual(
    body.floatingips.map(({ id }: { id: string }) => id),
    [taken.id],
    'nothing is left of what was refused',
  );
  const ports = await admin.get('/v2.0/ports?device_owner=network:floatingip');
  assert.equal(ports.body.ports.length, 1);
});

test('one address has one floating IP of an external network', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort({
    fixed_ips: [{ ip_address: '10.0.0.11' }, { ip_address: '10.0.0.12' }],
  });
  const first = await cloud.addFloatingIp({ port_id: port.id, fixed_ip_address: '10.0.0.11' });
  const second = await cloud.addFloatingIp({ port_id: port.id, fixed_ip_address: '10.0.0.12' });
  const { status, error } = await cloud.user.put(`/v2.0/floatingips/${second.id}`, {
    floatingip: { port_id: port.id, fixed_ip_address: '10.0.0.11' },
  });
  assert.equal(status, 409);
  assert.equal(
    error,
    `FloatingIPPortAlreadyAssociated: Cannot associate floating IP ${second.floating_ip_address} (${second.id}) with port ${port.id} using fixed IP 10.0.0.11, as that fixed IP already has a floating IP on external network ${cloud.external.id}.`,
  );
  const same = await cloud.user.put(`/v2.0/floatingips/${first.id}`, {
    floatingip: { port_id: port.id, fixed_ip_address: '10.0.0.11' },
  });
  assert.equal(same.status, 200);
});

test('of two routers the one that the subnet calls its gateway is taken', async () => {
  await using cloud = await startFloating();
  const net = await cloud.user.make('network', {});
  const subnet = await cloud.user.make('subnet', {
    network_id: net.id,
    ip_version: 4,
    cidr: '10.5.0.0/24',
    gateway_ip: '10.5.0.254',
  });
  await cloud.addRouter(subnet.id, '10.5.0.2');
  const usual = await cloud.addRouter(subnet.id, '10.5.0.254');
  const port = await cloud.user.make('port', { network_id: net.id });
  const made = await cloud.addFloatingIp({ port_id: port.id });
  assert.equal(made.router_id, usual);
});

test('a port that goes leaves its floating IPs behind, which lead nowhere', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort();
  const made = await cloud.addFloatingIp({ port_id: port.id });
  assert.equal((await cloud.user.delete(`/v2.0/ports/${port.id}`)).status, 204);
  const { floatingip } = (await cloud.user.get(`/v2.0/floatingips/${made.id}`)).body;
  assert.equal(floatingip.port_id, null);
  assert.equal(floatingip.router_id, null);
  assert.equal(floatingip.status, 'DOWN');
});

test('an address that a floating IP leads to stays with its port', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort({ fixed_ips: [{ ip_address: '10.0.0.11' }] });
  await cloud.addFloatingIp({ port_id: port.id });
  const put = async (ips: readonly string[]) =>
    await cloud.user.put(`/v2.0/ports/${port.id}`, {
      port: { fixed_ips: ips.map((ip_address) => ({ ip_address })) },
    });
  assert.equal((await put(['10.0.0.11', '10.0.0.12'])).status, 200);
  const { status, error } = await put(['10.0.0.12']);
  assert.equal(status, 400);
  assert.equal(
    error,
    `BadRequest: Bad port request: Cannot update the fixed_ips of the port ${port.id}, because its original fixed_ip has been associated to a floating ip.`,
  );
  const { port: kept } = (await cloud.user.get(`/v2.0/ports/${port.id}`)).body;
  assert.equal(kept.fixed_ips.length, 2, 'nothing was changed');
});

test('a floating IP that an administrator gave to a port keeps its owner from deleting it', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort();
  await cloud.admin.make('floatingip', {
    floating_network_id: cloud.external.id,
    port_id: port.id,
  });
  const { status, error } = await cloud.user.delete(`/v2.0/ports/${port.id}`);
  assert.equal(status, 409);
  assert.match(error, /^FipAssociated: Unable to complete the operation on port /);
  assert.equal((await cloud.admin.delete(`/v2.0/ports/${port.id}`)).status, 204);
});

test('other projects see nothing of a floating IP', async () => {
  await using cloud = await startFloating();
  const made = await cloud.addFloatingIp();
  const path = `/v2.0/floatingips/${made.id}`;
  assert.equal((await cloud.other.get(path)).status, 404);
  assert.equal((await cloud.other.put(path, { floatingip: { description: 'x' } })).status, 404);
  assert.equal((await cloud.other.delete(path)).status, 404);
  assert.deepEqual((await cloud.other.get('/v2.0/floatingips')).body.floatingips, []);
  assert.equal((await cloud.other.get(`${path}/tags`)).status, 404);
  assert.equal((await cloud.admin.get(path)).status, 200);
});

test('the list is filtered, sorted by number, and paged', async () => {
  await using cloud = await startFloating();
  const manager = cloud.as('p:manager,member,reader');
  for (const last of [100, 9, 20]) {
    await manager.make('floatingip', {
      floating_network_id: cloud.external.id,
      floating_ip_address: `203.0.113.${last}`,
    });
  }
  const port = await cloud.addPort();
  const list = async (query: string) => {
    const { body } = await cloud.user.get(`/v2.0/floatingips?${query}`);
    return body.floatingips.map((row: { floating_ip_address: string }) => row.floating_ip_address);
  };
  const sorted = ['203.0.113.9', '203.0.113.20', '203.0.113.100'];
  assert.deepEqual(await list('sort_key=floating_ip_address&sort_dir=asc'), sorted);
  const first = await cloud.user.get('/v2.0/floatingips?sort_key=floating_ip_address&limit=2');
  const next = new URL(first.body.floatingips_links[0].href);
  assert.deepEqual(await list(next.search.slice(1)), ['203.0.113.100']);
  assert.deepEqual(await list('floating_ip_address=203.0.113.20'), ['203.0.113.20']);
  assert.deepEqual(await list('status=DOWN&sort_key=status&sort_dir=asc&limit=1'), [
    (await list('sort_key=id&sort_dir=asc'))[0],
  ]);
  const [{ id }] = (await cloud.user.get('/v2.0/floatingips?floating_ip_address=203.0.113.9')).body
    .floatingips;
  await cloud.user.put(`/v2.0/floatingips/${id}`, { floatingip: { port_id: port.id } });
  assert.deepEqual(await list(`port_id=${port.id}`), ['203.0.113.9']);
  assert.deepEqual(await list(`router_id=${cloud.router}`), ['203.0.113.9']);
  assert.deepEqual(await list(`fixed_ip_address=${port.fixed_ips[0].ip_address}`), ['203.0.113.9']);
  await cloud.user.put(`/v2.0/floatingips/${id}/tags/red`, undefined);
  assert.deepEqual(await list('tags=red'), ['203.0.113.9']);
});

test('names for the domain name system are kept and shown', async () => {
  await using cloud = await startFloating();
  const made = await cloud.addFloatingIp({ dns_name: 'WWW', dns_domain: 'Example.org.' });
  assert.deepEqual([made.dns_name, made.dns_domain], ['www', 'example.org.']);
});

test('a project has fifty floating IPs and no more', async () => {
  await using cloud = await startFloating();
  assert.equal((await cloud.user.get('/v2.0/quotas/p')).body.quota.floatingip, 50);
  await cloud.admin.put('/v2.0/quotas/p', { quota: { floatingip: 1 } });
  await cloud.addFloatingIp();
  const { status, error } = await cloud.user.post('/v2.0/floatingips', {
    floatingip: { floating_network_id: cloud.external.id },
  });
  assert.equal(status, 409);
  assert.equal(error, "OverQuota: Quota exceeded for resources: ['floatingip'].");
});

test('an external network goes with floating IPs that lead nowhere, and stays with others', async () => {
  await using cloud = await startFloating();
  const net = await cloud.admin.make('network', { 'router:external': true });
  await cloud.admin.make('subnet', {
    network_id: net.id,
    ip_version: 4,
    cidr: '198.51.100.0/30',
    enable_dhcp: false,
  });
  const made = await cloud.user.make('floatingip', { floating_network_id: net.id });
  const full = await cloud.user.post('/v2.0/floatingips', {
    floatingip: { floating_network_id: net.id },
  });
  assert.equal(full.status, 409);
  assert.match(full.error, /^IpAddressGenerationFailure: /);
  assert.equal((await cloud.admin.delete(`/v2.0/networks/${net.id}`)).status, 204);
  assert.equal((await cloud.user.get(`/v2.0/floatingips/${made.id}`)).status, 404);
  const port = await cloud.addPort();
  await cloud.addFloatingIp({ port_id: port.id });
  assert.match(
    (await cloud.admin.delete(`/v2.0/networks/${cloud.external.id}`)).error,
    /^NetworkInUse: /,
  );
});

test('pools are the IPv4 subnets of external networks', async () => {
  await using cloud = await startFloating();
  const { body } = await cloud.user.get('/v2.0/floatingip-pools');
  assert.deepEqual(body.floatingip_pools, [
    {
      subnet_id: cloud.pool.id,
      subnet_name: '',
      network_id: cloud.external.id,
      cidr: '203.0.113.0/24',
      project_id: 'p',
      tenant_id: 'p',
    },
  ]);
});

test('a router keeps the gateway and the interface that a floating IP needs', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort();
  const made = await cloud.addFloatingIp({ port_id: port.id });
  const path = `/v2.0/routers/${cloud.router}`;
  const clear = async () => await cloud.user.put(path, { router: { external_gateway_info: {} } });
  const remove = async () =>
    await cloud.user.put(`${path}/remove_router_interface`, { subnet_id: cloud.subnet.id });
  assert.equal(
    (await clear()).error,
    `RouterExternalGatewayInUseByFloatingIp: Gateway cannot be updated for router ${cloud.router}, since a gateway to external network ${cloud.external.id} is required by one or more floating IPs.`,
  );
  assert.equal(
    (await remove()).error,
    `RouterInterfaceInUseByFloatingIP: Router interface for subnet ${cloud.subnet.id} on router ${cloud.router} cannot be deleted, as it is required by one or more floating IPs.`,
  );
  await cloud.user.put(`/v2.0/floatingips/${made.id}`, { floatingip: { port_id: null } });
  assert.equal((await remove()).status, 200);
  assert.equal((await clear()).status, 200);
});

test('a floating IP of a port that became an interface of another router goes nowhere when that is removed', async () => {
  await using cloud = await startFloating();
  const port = await cloud.addPort();
  const made = await cloud.addFloatingIp({ port_id: port.id });
  const { id } = await cloud.user.make('router', {});
  const change = async (action: string) =>
    await cloud.user.put(`/v2.0/routers/${id}/${action}_router_interface`, { port_id: port.id });
  assert.equal((await change('add')).status, 200);
  assert.equal((await change('remove')).status, 200);
  const { floatingip } = (await cloud.user.get(`/v2.0/floatingips/${made.id}`)).body;
  assert.deepEqual([floatingip.port_id, floatingip.router_id], [null, null]);
});
