/** Subnets over HTTP, on a database of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../testing.ts';

const UNKNOWN = '11111111-2222-3333-4444-555555555555';

test('a subnet has its defaults, and its network knows of it', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const network = await red.make('network', {});
  const made = await red.make('subnet', {
    network_id: network.id,
    ip_version: '4',
    cidr: '10.0.0.77/24',
  });
  assert.equal(made.cidr, '10.0.0.0/24');
  assert.equal(made.gateway_ip, '10.0.0.1');
  assert.deepEqual(made.allocation_pools, [{ start: '10.0.0.2', end: '10.0.0.254' }]);
  assert.equal(made.enable_dhcp, true);
  assert.equal(made.revision_number, 0);
  assert.equal(made.subnetpool_id, null);
  assert.equal('segment_id' in made, false);
  const { body } = await red.get(`/v2.0/networks/${network.id}`);
  assert.deepEqual(body.network.subnets, [made.id]);
  assert.equal(body.network.revision_number, 2);
});

test('a subnet can be changed within bounds', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const { id } = await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/24' });
  const change = async (values: object) => await red.put(`/v2.0/subnets/${id}`, { subnet: values });
  const changed = await change({
    name: 'n',
    gateway_ip: null,
    dns_nameservers: ['1.1.1.1'],
    host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
    allocation_pools: [{ start: '10.0.0.10', end: '10.0.0.20' }],
  });
  assert.equal(changed.status, 200, changed.error);
  const { subnet } = changed.body;
  assert.equal(subnet.gateway_ip, null);
  assert.deepEqual(subnet.dns_nameservers, ['1.1.1.1']);
  assert.deepEqual(subnet.host_routes, [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }]);
  assert.deepEqual(subnet.allocation_pools, [{ start: '10.0.0.10', end: '10.0.0.20' }]);
  assert.equal(subnet.revision_number, 1);
  const refusals: readonly [object, string][] = [
    [{ gateway_ip: '10.0.0.15' }, 'GatewayConflictWithAllocationPools'],
    [{ allocation_pools: [{ start: '10.0.0.0', end: '10.0.0.3' }] }, 'OutOfBoundsAllocationPool'],
    [{ cidr: '10.1.0.0/24' }, 'HTTPBadRequest: Cannot update read-only attribute cidr'],
    [{ service_types: ['compute:'] }, 'PolicyNotAuthorized'],
  ];
  for (const [values, error] of refusals) {
    assert.ok((await change(values)).error.startsWith(error), error);
  }
});

test('values that cannot be read are refused in Neutron’s words', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const refusals: readonly [object, string][] = [
    [{ cidr: '10.0.0.0' }, "Invalid input for cidr. Reason: '10.0.0.0' is not a valid IP subnet."],
    [{ gateway_ip: 'x' }, "Invalid input for gateway_ip. Reason: 'x' is not a valid IP address."],
    [{ ip_version: 5 }, 'Invalid input for ip_version. Reason: 5 is not in valid_values.'],
    [
      { allocation_pools: [{ start: '10.0.0.2' }] },
      "Invalid input for allocation_pools. Reason: Validation of dictionary's keys failed. Expected keys: {'start', 'end'} Provided keys: {'start'}.",
    ],
    [
      { dns_nameservers: ['1.1.1.1', '1.1.1.1'] },
      "Invalid input for dns_nameservers. Reason: Duplicate nameserver '1.1.1.1'.",
    ],
    [
      { dns_nameservers: ['x'] },
      "Invalid input for dns_nameservers. Reason: 'x' is not a valid nameserver. 'x' is not a valid IP address.",
    ],
    [
      { host_routes: [{ destination: '10.0.0.1/24', nexthop: '10.0.0.1' }] },
      "Invalid input for host_routes. Reason: '10.0.0.1/24' is not a valid CIDR.",
    ],
  ];
  for (const [values, message] of refusals) {
    const subnet = { network_id, ip_version: 4, cidr: '10.0.0.0/24', ...values };
    const answer = await red.post('/v2.0/subnets', { subnet });
    assert.equal(answer.error, `HTTPBadRequest: ${message}`);
  }
});

test('what a subnet is made of must be there', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const post = async (values: object) =>
    (
      await red.post('/v2.0/subnets', {
        subnet: { network_id, ip_version: 4, cidr: '10.0.0.0/24', ...values },
      })
    ).error;
  assert.match(await post({ network_id: UNKNOWN }), /^NetworkNotFound/);
  assert.match(await post({ subnetpool_id: UNKNOWN }), /^SubnetPoolNotFound/);
  assert.equal(await post({}), '');
  assert.match(await post({}), /^InvalidInput: .* overlaps with another subnet\.$/);
});

test('only the owner of a network makes subnets of it', async () => {
  await using net = await startNetwork();
  const { id: network_id } = await net.as('ops:admin').make('network', { shared: true });
  const subnet = { network_id, ip_version: 4, cidr: '10.0.0.0/24' };
  const refused = await net.as('red').post('/v2.0/subnets', { subnet });
  assert.equal(refused.error, 'PolicyNotAuthorized: rule:create_subnet is disallowed by policy');
  const { id } = await net.as('ops:admin').make('subnet', subnet);
  assert.equal((await net.as('red').get(`/v2.0/subnets/${id}`)).status, 200);
  assert.equal((await net.as('red').delete(`/v2.0/subnets/${id}`)).status, 403);
});

test('a subnet whose addresses ports have is in use', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const { id } = await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/24' });
  const port = await red.make('port', { network_id });
  const refused = await red.delete(`/v2.0/subnets/${id}`);
  assert.equal(
    refused.error,
    `SubnetInUse: Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`,
  );
  await red.delete(`/v2.0/ports/${port.id}`);
  assert.equal((await red.delete(`/v2.0/subnets/${id}`)).status, 204);
  assert.equal((await red.get(`/v2.0/subnets/${id}`)).status, 404);
});

test('a DHCP server has a port while a subnet wants one, with an address in each', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const dhcpPorts = async () =>
    (await red.get('/v2.0/ports?device_owner=network:dhcp')).body.ports as {
      id: string;
      device_id: string;
      fixed_ips: { ip_address: string }[];
    }[];
  const addresses = async () =>
    (await dhcpPorts()).map((port) => port.fixed_ips.map((fixedIp) => fixedIp.ip_address));
  const one = await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/24' });
  assert.deepEqual(await addresses(), [['10.0.0.2']]);
  assert.match(
    (await dhcpPorts())[0]?.device_id ?? '',
    new RegExp(`^dhcp[0-9a-f-]{36}-${network_id}$`),
  );
  await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.1.0/24' });
  await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.2.0/24', enable_dhcp: false });
  assert.deepEqual(await addresses(), [['10.0.0.2', '10.0.1.2']]);
  await red.put(`/v2.0/subnets/${one.id}`, { subnet: { enable_dhcp: false } });
  assert.deepEqual(await addresses(), [['10.0.1.2']]);
  await red.put(`/v2.0/subnets/${one.id}`, { subnet: { enable_dhcp: true } });
  assert.deepEqual(await addresses(), [['10.0.1.2', '10.0.0.2']]);
  await red.delete(`/v2.0/ports/${(await dhcpPorts())[0]?.id}`);
  assert.deepEqual(await addresses(), [['10.0.0.2', '10.0.1.2']]);
  for (const { id } of (await red.get('/v2.0/subnets')).body.subnets) {
    assert.equal((await red.delete(`/v2.0/subnets/${id}`)).status, 204);
  }
  assert.deepEqual(await addresses(), []);
});

test('when a subnet of automatic addresses comes, ports have one, and lose it when it goes', async () => {
  await using net = await startNetwork();
  const red = net.as('red');
  const { id: network_id } = await red.make('network', {});
  const port = await red.make('port', { network_id, mac_address: 'fa:16:3e:00:00:01' });
  const silent = await red.make('port', { network_id, fixed_ips: [] });
  const subnet = await red.make('subnet', {
    network_id,
    ip_version: 6,
    cidr: '2001:db8::/64',
    ipv6_ra_mode: 'slaac',
    ipv6_address_mode: 'slaac',
  });
  const ips = async (id: string) =>
    (await red.get(`/v2.0/ports/${id}`)).body.port.fixed_ips.map(
      (fixedIp: { ip_address: string }) => fixedIp.ip_address,
    );
  assert.deepEqual(await ips(port.id), ['2001:db8::f816:3eff:fe00:1']);
  assert.deepEqual(await ips(silent.id), []);
  await red.put(`/v2.0/ports/${port.id}`, { port: { mac_address: 'fa:16:3e:00:00:02' } });
  assert.deepEqual(await ips(port.id), ['2001:db8::f816:3eff:fe00:1']);
  await net
    .as('red:admin')
    .put(`/v2.0/ports/${port.id}`, { port: { mac_address: 'fa:16:3e:00:00:02' } });
  assert.deepEqual(await ips(port.id), ['2001:db8::f816:3eff:fe00:2']);
  assert.equal((await red.delete(`/v2.0/subnets/${subnet.id}`)).status, 204);
  assert.deepEqual(await ips(port.id), []);
});
