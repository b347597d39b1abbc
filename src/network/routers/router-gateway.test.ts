/** Gateways of routers over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouters } from './testing.ts';

test('a gateway is a port on the external network that belongs to nobody', async () => {
  await using net = await startRouters();
  const answer = await net.red.put(net.path, {
    router: { external_gateway_info: { network_id: net.outside.id } },
  });
  assert.equal(answer.status, 200, answer.error);
  const info = answer.body.router.external_gateway_info;
  const [port] = await net.portsOf('router_gateway');
  assert.deepEqual(info, {
    network_id: net.outside.id,
    external_fixed_ips: port.fixed_ips,
    enable_snat: true,
  });
  assert.deepEqual(
    [port.project_id, port.name, port.admin_state_up, port.port_security_enabled],
    ['', '', true, false],
  );
  assert.equal((await net.red.get(`/v2.0/ports/${port.id}`)).status, 404);
  const refused = await net.admin.delete(`/v2.0/ports/${port.id}`);
  assert.equal(
    refused.error,
    `ServicePortInUse: Port ${port.id} cannot be deleted directly via the port API: has device owner network:router_gateway.`,
  );
});

test('a gateway goes with null and with nothing, and its port with it', async () => {
  await using net = await startRouters();
  for (const nothing of [null, {}]) {
    await net.set({ external_gateway_info: { network_id: net.outside.id, enable_snat: false } });
    const answer = await net.red.put(net.path, { router: { external_gateway_info: nothing } });
    assert.equal(answer.status, 200, answer.error);
    assert.equal(answer.body.router.external_gateway_info, null);
    assert.equal(answer.body.router.enable_snat, true);
    assert.deepEqual(await net.portsOf('router_gateway'), []);
  }
});

test('a router is made with a gateway, with the address that an administrator chooses', async () => {
  await using net = await startRouters();
  const fixed = { subnet_id: net.outsideSubnet.id, ip_address: '203.0.113.77' };
  const gateway = { network_id: net.outside.id, enable_snat: false, external_fixed_ips: [fixed] };
  const made = await net.admin.make('router', { external_gateway_info: gateway });
  assert.deepEqual(made.external_gateway_info, gateway);
  const taken = await net.admin.post('/v2.0/routers', {
    router: { external_gateway_info: gateway },
  });
  assert.equal(
    taken.error,
    `IpAddressAlreadyAllocated: IP address 203.0.113.77 already allocated in subnet ${net.outsideSubnet.id}`,
  );
  const refused = await net.red.post('/v2.0/routers', {
    router: { external_gateway_info: gateway },
  });
  assert.equal(
    refused.error,
    'PolicyNotAuthorized: (rule:create_router and (rule:create_router:external_gateway_info and (rule:create_router:external_gateway_info:network_id and rule:create_router:external_gateway_info:external_fixed_ips and rule:create_router:external_gateway_info:enable_snat))) is disallowed by policy',
  );
});

test('a gateway keeps its port when only its addresses or translation change', async () => {
  await using net = await startRouters();
  const before = await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const [port] = await net.portsOf('router_gateway');
  const fixed = { subnet_id: net.outsideSubnet.id, ip_address: '203.0.113.99' };
  const after = await net.set({
    external_gateway_info: { network_id: net.outside.id, external_fixed_ips: [fixed] },
  });
  assert.deepEqual(after.external_gateway_info.external_fixed_ips, [fixed]);
  assert.notDeepEqual(before.external_gateway_info.external_fixed_ips, [fixed]);
  const snat = await net.set({
    external_gateway_info: { network_id: net.outside.id, enable_snat: false },
  });
  assert.deepEqual(snat.external_gateway_info, {
    network_id: net.outside.id,
    external_fixed_ips: [fixed],
    enable_snat: false,
  });
  assert.deepEqual((await net.portsOf('router_gateway'))[0].id, port.id);
});

test('a gateway moves to another external network', async () => {
  await using net = await startRouters();
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const other = await net.admin.make('network', { 'router:external': true });
  const moved = await net.set({ external_gateway_info: { network_id: other.id } });
  // compat: a network without subnets has no addresses to give.
  assert.deepEqual(moved.external_gateway_info, {
    network_id: other.id,
    external_fixed_ips: [],
    enable_snat: true,
  });
  assert.equal((await net.portsOf('router_gateway')).length, 1);
});

test('a network that is not there, not external, or whose gateway is meant is no gateway', async () => {
  await using net = await startRouters();
  const put = async (values: object) =>
    (await net.admin.put(net.path, { router: { external_gateway_info: values } })).error;
  assert.equal(
    await put({ network_id: net.insideSubnet.id }),
    `NetworkNotFound: Network ${net.insideSubnet.id} could not be found.`,
  );
  assert.equal(
    await put({ network_id: net.inside.id }),
    `BadRequest: Bad router request: Network ${net.inside.id} is not an external network.`,
  );
  assert.equal(
    await put({ network_id: net.outside.id, external_fixed_ips: [{ ip_address: '203.0.113.1' }] }),
    'BadRequest: Bad router request: External IP 203.0.113.1 is the same as the gateway IP.',
  );
  assert.equal((await net.show()).external_gateway_info, null);
});

test('what is the same outside as inside cannot be a gateway', async () => {
  await using net = await startRouters();
  const clash = await net.subnet({ cidr: '203.0.113.128/25' });
  assert.equal((await net.add({ subnet_id: clash.id })).status, 200);
  const refused = await net.admin.put(net.path, {
    router: { external_gateway_info: { network_id: net.outside.id } },
  });
  assert.equal(
    refused.error,
    `BadRequest: Bad router request: Cidr 203.0.113.0/24 of subnet ${net.outsideSubnet.id} overlaps with cidr 203.0.113.128/25 of subnet ${clash.id}.`,
  );
});

test('a gateway that floating IPs need stays', async () => {
  await using net = await startRouters();
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  await net.add({ subnet_id: net.insideSubnet.id });
  const port = await net.red.make('port', { network_id: net.inside.id });
  const made = await net.red.post('/v2.0/floatingips', {
    floatingip: { floating_network_id: net.outside.id, port_id: port.id },
  });
  assert.equal(made.status, 201, made.error);
  const refused = await net.red.put(net.path, { router: { external_gateway_info: null } });
  assert.equal(
    refused.error,
    `RouterExternalGatewayInUseByFloatingIp: Gateway cannot be updated for router ${net.router.id}, since a gateway to external network ${net.outside.id} is required by one or more floating IPs.`,
  );
  const inside = await net.remove({ subnet_id: net.insideSubnet.id });
  assert.equal(
    inside.error,
    `RouterInterfaceInUseByFloatingIP: Router interface for subnet ${net.insideSubnet.id} on router ${net.router.id} cannot be deleted, as it is required by one or more floating IPs.`,
  );
});

test('a network stays external while gateways are on it', async () => {
  await using net = await startRouters();
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const change = { network: { 'router:external': false } };
  const refused = await net.admin.put(`/v2.0/networks/${net.outside.id}`, change);
  assert.deepEqual(
    [refused.status, refused.error],
    [
      409,
      `ExternalNetworkInUse: External network ${net.outside.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
    ],
  );
  const gone = await net.admin.delete(`/v2.0/networks/${net.outside.id}`);
  assert.match(gone.error, /^NetworkInUse: /);
  assert.match(
    (await net.admin.delete(`/v2.0/subnets/${net.outsideSubnet.id}`)).error,
    /^SubnetInUse: /,
  );
  await net.set({ external_gateway_info: null });
  assert.equal((await net.admin.put(`/v2.0/networks/${net.outside.id}`, change)).status, 200);
});

test('a gateway gets an address of the first subnet of an IP version', async () => {
  await using net = await startRouters();
  const before = await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const [has] = before.external_gateway_info.external_fixed_ips;
  const v6 = { network_id: net.outside.id, ip_version: 6, cidr: '2001:db8:1::/64' };
  const subnet = await net.admin.make('subnet', { ...v6, enable_dhcp: false });
  const { external_fixed_ips: ips } = (await net.show()).external_gateway_info;
  assert.deepEqual([ips[0], ips[1].subnet_id], [has, subnet.id]);
  await net.admin.make('subnet', { ...v6, cidr: '2001:db8:2::/64', enable_dhcp: false });
  assert.deepEqual((await net.show()).external_gateway_info.external_fixed_ips, ips);
});

test('an external network stays with those who have a gateway there', async () => {
  await using net = await startRouters();
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const query = `object_id=${net.outside.id}&action=access_as_external`;
  const [given] = (await net.admin.get(`/v2.0/rbac-policies?${query}`)).body.rbac_policies;
  const inUse = `RbacPolicyInUse: RBAC policy on object ${net.outside.id} cannot be removed because other objects depend on it.\nDetails: There are routers attached to this network that depend on this policy for access.`;
  assert.equal((await net.admin.delete(`/v2.0/rbac-policies/${given.id}`)).error, inUse);
  const change = (target_tenant: string) =>
    net.admin.put(`/v2.0/rbac-policies/${given.id}`, { rbac_policy: { target_tenant } });
  assert.equal((await change('blue')).error, inUse);
  assert.equal((await change('red')).status, 200);
  assert.equal((await net.admin.delete(`/v2.0/rbac-policies/${given.id}`)).error, inUse);
  await net.set({ external_gateway_info: null });
  assert.equal((await net.admin.delete(`/v2.0/rbac-policies/${given.id}`)).status, 204);
  const shown = await net.admin.get(`/v2.0/networks/${net.outside.id}`);
  assert.equal(shown.body.network['router:external'], false);
});
