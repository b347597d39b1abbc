/** Interfaces of routers over HTTP. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startRouters } from './testing.ts';

test('a router becomes the gateway of a subnet', async () => {
  await using net = await startRouters();
  const answer = await net.add({ subnet_id: net.insideSubnet.id });
  assert.equal(answer.status, 200, answer.error);
  const [port] = await net.portsOf('router_interface');
  assert.deepEqual(answer.body, {
    id: net.router.id,
    project_id: 'red',
    tenant_id: 'red',
    port_id: port.id,
    network_id: net.inside.id,
    subnet_id: net.insideSubnet.id,
    subnet_ids: [net.insideSubnet.id],
  });
  assert.deepEqual(port.fixed_ips, [{ subnet_id: net.insideSubnet.id, ip_address: '10.0.0.1' }]);
  assert.deepEqual([port.project_id, port.security_groups], ['red', []]);
  assert.equal((await net.show()).revision_number, 2);
  const removed = await net.remove({ subnet_id: net.insideSubnet.id });
  assert.deepEqual([removed.status, removed.body], [200, answer.body]);
  assert.deepEqual(await net.portsOf('router_interface'), []);
});

test('a port with any address becomes an interface', async () => {
  await using net = await startRouters();
  const made = await net.red.make('port', { network_id: net.inside.id, name: 'mine' });
  const answer = await net.add({ port_id: made.id });
  assert.equal(answer.status, 200, answer.error);
  const port = (await net.red.get(`/v2.0/ports/${made.id}`)).body.port;
  assert.deepEqual(
    [port.device_id, port.device_owner, port.name],
    [net.router.id, 'network:router_interface', 'mine'],
  );
  const again = await net.add({ port_id: made.id });
  assert.equal(
    again.error,
    `PortInUse: Unable to complete operation on port ${made.id} for network ${net.inside.id}. Port already has an attached device ${net.router.id}.`,
  );
  const gone = await net.remove({ port_id: made.id });
  assert.equal(gone.status, 200, gone.error);
  assert.equal((await net.red.get(`/v2.0/ports/${made.id}`)).status, 404);
});

test('what is no request for an interface is refused', async () => {
  await using net = await startRouters();
  const bad = 'BadRequest: Bad router request: ';
  const both = { port_id: randomUUID(), subnet_id: randomUUID() };
  for (const nothing of [{}, [], { name: 'x' }]) {
    assert.equal(
      (await net.add(nothing)).error,
      `${bad}Either subnet_id or port_id must be specified.`,
    );
  }
  assert.equal((await net.add({ port_id: 'p' })).error, `${bad}'p' is not a valid UUID.`);
  assert.equal((await net.remove({ subnet_id: 1 })).error, `${bad}'1' is not a valid UUID.`);
  assert.equal((await net.add(both)).error, `${bad}Cannot specify both subnet-id and port-id.`);
  assert.match((await net.add({ port_id: both.port_id })).error, /^PortNotFound: /);
  assert.match((await net.add({ subnet_id: both.subnet_id })).error, /^SubnetNotFound: /);
  assert.equal(
    (await net.remove({ port_id: both.port_id })).error,
    `RouterInterfaceNotFound: Router ${net.router.id} does not have an interface with id ${both.port_id}`,
  );
  assert.equal(
    (await net.remove({ subnet_id: net.insideSubnet.id })).error,
    `RouterInterfaceNotFoundForSubnet: Router ${net.router.id} has no interface on subnet ${net.insideSubnet.id}`,
  );
});

test('a subnet is on a router once, and nothing that overlaps it', async () => {
  await using net = await startRouters();
  await net.add({ subnet_id: net.insideSubnet.id });
  assert.equal(
    (await net.add({ subnet_id: net.insideSubnet.id })).error,
    `BadRequest: Bad router request: Router already has a port on subnet ${net.insideSubnet.id}.`,
  );
  const clash = await net.subnet({ cidr: '10.0.0.128/25' });
  assert.equal(
    (await net.add({ subnet_id: clash.id })).error,
    `BadRequest: Bad router request: Cidr 10.0.0.128/25 of subnet ${clash.id} overlaps with cidr 10.0.0.0/24 of subnet ${net.insideSubnet.id}.`,
  );
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const outer = await net.subnet({ cidr: '203.0.0.0/16' });
  assert.match((await net.add({ subnet_id: outer.id })).error, /overlaps with cidr 203\.0\.113\.0/);
  assert.equal((await net.portsOf('router_interface')).length, 1);
});

test('a gateway that somebody is already is not the router', async () => {
  await using net = await startRouters();
  await net.red.make('port', {
    network_id: net.inside.id,
    fixed_ips: [{ ip_address: '10.0.0.1' }],
  });
  assert.equal(
    (await net.add({ subnet_id: net.insideSubnet.id })).error,
    `IpAddressAlreadyAllocated: IP address 10.0.0.1 already allocated in subnet ${net.insideSubnet.id}`,
  );
  const open = await net.subnet({ cidr: '10.5.0.0/24', gateway_ip: null });
  assert.equal(
    (await net.add({ subnet_id: open.id })).error,
    'BadRequest: Bad router request: Subnet for router interface must have a gateway IP.',
  );
});

test('a port without an address, or with two IPv4 subnets, is no interface', async () => {
  await using net = await startRouters();
  const bare = await net.red.make('port', { network_id: net.inside.id, fixed_ips: [] });
  assert.equal(
    (await net.add({ port_id: bare.id })).error,
    'BadRequest: Bad router request: Router port must have at least one fixed IP.',
  );
  const second = await net.red.make('subnet', {
    network_id: net.inside.id,
    ip_version: 4,
    cidr: '10.1.0.0/24',
  });
  const double = await net.red.make('port', {
    network_id: net.inside.id,
    fixed_ips: [{ subnet_id: net.insideSubnet.id }, { subnet_id: second.id }],
  });
  assert.equal(
    (await net.add({ port_id: double.id })).error,
    'BadRequest: Bad router request: Cannot have multiple IPv4 subnets on router port.',
  );
  const port = (await net.red.get(`/v2.0/ports/${double.id}`)).body.port;
  assert.deepEqual([port.device_id, port.device_owner], ['', '']);
});

test('IPv6 subnets of one network share a port of the router', async () => {
  await using net = await startRouters();
  const v6 = (cidr: string, mode: string) =>
    net.red.make('subnet', {
      network_id: net.inside.id,
      ip_version: 6,
      cidr,
      ipv6_ra_mode: mode,
      ipv6_address_mode: mode,
    });
  const one = await v6('2001:db8:1::/64', 'slaac');
  const two = await v6('2001:db8:2::/64', 'dhcpv6-stateful');
  const first = await net.add({ subnet_id: one.id });
  assert.equal(first.status, 200, first.error);
  const second = await net.add({ subnet_id: two.id });
  assert.equal(second.body.port_id, first.body.port_id);
  const [port] = await net.portsOf('router_interface');
  assert.deepEqual(
    port.fixed_ips.map((ip: { ip_address: string }) => ip.ip_address),
    [one.gateway_ip, two.gateway_ip],
  );
  // A port of its own for a third would be a second router for guests to choose from.
  const three = await v6('2001:db8:3::/64', 'dhcpv6-stateful');
  const made = await net.admin.make('port', {
    project_id: 'red',
    network_id: net.inside.id,
    device_owner: 'network:router_interface',
    fixed_ips: [{ subnet_id: three.id }],
  });
  assert.equal(
    (await net.add({ port_id: made.id })).error,
    `BadRequest: Bad router request: Router already contains IPv6 port ${port.id} belonging to network id ${net.inside.id}. Only one IPv6 port from the same network subnet can be connected to a router..`,
  );
  const removed = await net.remove({ subnet_id: one.id });
  assert.deepEqual(removed.body.subnet_ids, [one.id]);
  const [left] = await net.portsOf('router_interface');
  assert.deepEqual(left.fixed_ips, [{ subnet_id: two.id, ip_address: two.gateway_ip }]);
});

test('a subnet whose guests listen to another router is not routed', async () => {
  await using net = await startRouters();
  const subnet = await net.subnet({
    ip_version: 6,
    cidr: '2001:db8::/64',
    ipv6_address_mode: 'slaac',
  });
  assert.equal(
    (await net.add({ subnet_id: subnet.id })).error,
    `BadRequest: Bad router request: IPv6 subnet ${subnet.id} configured to receive RAs from an external router cannot be added to Neutron Router..`,
  );
});

test('what is shared with everybody is not for everybody to route', async () => {
  await using net = await startRouters();
  const network = await net.admin.make('network', { shared: true });
  const subnet = await net.admin.make('subnet', {
    network_id: network.id,
    ip_version: 4,
    cidr: '10.7.0.0/24',
  });
  const refused = await net.add({ subnet_id: subnet.id });
  assert.equal(
    refused.error,
    `BadRequest: Bad router request: Cannot add interface to router because subnet ${subnet.id} is not owned by project making the request.`,
  );
  await net.admin.post('/v2.0/rbac-policies', {
    rbac_policy: {
      object_type: 'network',
      object_id: network.id,
      action: 'access_as_shared',
      target_tenant: 'red',
    },
  });
  assert.equal((await net.add({ subnet_id: subnet.id })).status, 200);
});

test('nobody plugs a port into the router of another project', async () => {
  await using net = await startRouters();
  const foreign = await net.admin.make('port', { network_id: net.inside.id, project_id: 'blue' });
  const clash = `DeviceIDNotOwnedByTenant: The following device_id ${net.router.id} is not owned by your project or matches another project router.`;
  // The owner of the network sees the port.
  assert.equal((await net.add({ port_id: foreign.id })).error, clash);
  const own = await net.blue.make('network', {});
  const made = await net.blue.post('/v2.0/ports', {
    port: {
      network_id: own.id,
      device_owner: 'network:router_interface',
      device_id: net.router.id,
    },
  });
  assert.equal(made.error, clash);
});

test('an interface is not made the port of something else, which nobody would guard', async () => {
  await using net = await startRouters();
  const { port_id } = (await net.add({ subnet_id: net.insideSubnet.id })).body;
  const path = `/v2.0/ports/${port_id}`;
  const same = { device_id: net.router.id, device_owner: 'network:router_interface', name: 'x' };
  assert.equal((await net.red.put(path, { port: same })).status, 200);
  const clash = `PortInUse: Unable to complete operation on port ${port_id} for network ${net.inside.id}. Port already has an attached device ${net.router.id}.`;
  for (const change of [
    { device_owner: '' },
    { device_id: '' },
    { device_owner: 'compute:nova' },
  ]) {
    assert.equal((await net.red.put(path, { port: change })).error, clash);
  }
  assert.equal((await net.portsOf('router_interface')).length, 1);
  const freed = await net.admin.put(path, { port: { device_owner: '', device_id: '' } });
  assert.equal(freed.status, 200, freed.error);
});

test('the addresses of an interface are the router’s affair, and so is the subnet’s gateway', async () => {
  await using net = await startRouters();
  const { port_id } = (await net.add({ subnet_id: net.insideSubnet.id })).body;
  const change = { port: { fixed_ips: [{ ip_address: '10.0.0.9' }] } };
  assert.equal(
    (await net.red.put(`/v2.0/ports/${port_id}`, change)).error,
    `IPAddressChangeNotAllowed: IP updates for port ${port_id} are not allowed`,
  );
  const same = { port: { name: 'x', fixed_ips: [{ ip_address: '10.0.0.1' }] } };
  assert.equal((await net.red.put(`/v2.0/ports/${port_id}`, same)).status, 200);
  const path = `/v2.0/subnets/${net.insideSubnet.id}`;
  for (const gateway_ip of ['10.0.0.254', null]) {
    const refused = await net.red.put(path, { subnet: { gateway_ip } });
    assert.deepEqual(
      [refused.status, refused.error],
      [
        409,
        `GatewayIpInUse: Current gateway ip 10.0.0.1 already in use by port ${port_id}. Unable to update.`,
      ],
    );
  }
  assert.match((await net.red.delete(path)).error, /^SubnetInUse: /);
  assert.match((await net.red.delete(`/v2.0/networks/${net.inside.id}`)).error, /^NetworkInUse: /);
  assert.match((await net.red.delete(`/v2.0/ports/${port_id}`)).error, /^ServicePortInUse: /);
});

test('a SLAAC subnet stays while a router announces it', async () => {
  await using net = await startRouters();
  const slaac = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
  const subnet = await net.subnet({ ip_version: 6, cidr: '2001:db8::/64', ...slaac });
  await net.add({ subnet_id: subnet.id });
  assert.match((await net.red.delete(`/v2.0/subnets/${subnet.id}`)).error, /^SubnetInUse: /);
  await net.remove({ subnet_id: subnet.id });
  assert.equal((await net.red.delete(`/v2.0/subnets/${subnet.id}`)).status, 204);
});

test('an interface is removed by port and subnet only when they belong together', async () => {
  await using net = await startRouters();
  const { port_id } = (await net.add({ subnet_id: net.insideSubnet.id })).body;
  const other = await net.subnet({ cidr: '10.8.0.0/24' });
  assert.equal(
    (await net.remove({ port_id, subnet_id: other.id })).error,
    `SubnetMismatchForPort: Subnet on port ${port_id} does not match the requested subnet ${other.id}.`,
  );
  assert.equal((await net.remove({ port_id, subnet_id: net.insideSubnet.id })).status, 200);
});
