/** What hosts are told of a router, from rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouters } from '../routers/testing.ts';

const V6 = { ip_version: 6, cidr: '2001:db8:5::/64' };

async function start() {
  const net = await startRouters();
  net.addHost('h1');
  await net.idle();
  const spec = () => net.desired.document('h1').routers[net.router.id];
  return { ...net, spec };
}

test('a router is told with its links, their addresses and the way out', async () => {
  await using net = await start();
  await net.add({ subnet_id: net.insideSubnet.id });
  await net.set({ external_gateway_info: { network_id: net.outside.id, enable_snat: false } });
  const [inner] = await net.portsOf('router_interface');
  const [outer] = await net.portsOf('router_gateway');
  const link = { mtu: 1500, adminStateUp: true };
  assert.deepEqual(net.spec(), {
    id: net.router.id,
    adminStateUp: true,
    interfaces: [
      {
        ...link,
        portId: inner.id,
        networkId: net.inside.id,
        mac: inner.mac_address,
        addresses: ['10.0.0.1/24'],
        advertised: [],
      },
    ],
    gateway: {
      ...link,
      portId: outer.id,
      networkId: net.outside.id,
      mac: outer.mac_address,
      addresses: [`${outer.fixed_ips[0].ip_address}/24`],
      nexthops: ['203.0.113.1'],
      snat: false,
    },
    routes: [],
    floatingIps: [],
    forwardings: [],
  });
});

test('routes are told in order, and the state of the router and of its ports', async () => {
  await using net = await start();
  const { port_id } = (await net.add({ subnet_id: net.insideSubnet.id })).body;
  const routes = [
    { destination: '10.30.0.0/16', nexthop: '10.0.0.30' },
    { destination: '10.20.0.0/16', nexthop: '10.0.0.20' },
  ];
  await net.set({ routes, admin_state_up: false });
  await net.red.put(`/v2.0/ports/${port_id}`, { port: { admin_state_up: false } });
  await net.red.put(`/v2.0/networks/${net.inside.id}`, { network: { mtu: 1400 } });
  assert.deepEqual(net.spec()?.routes, routes.toReversed());
  assert.equal(net.spec()?.adminStateUp, false);
  const [inner] = net.spec()?.interfaces ?? [];
  assert.deepEqual([inner?.adminStateUp, inner?.mtu], [false, 1400]);
});

const ANNOUNCED: readonly [object, string | undefined][] = [
  [{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }, 'slaac'],
  [{ ipv6_ra_mode: 'dhcpv6-stateful', ipv6_address_mode: 'dhcpv6-stateful' }, 'dhcpv6-stateful'],
  [{ ipv6_ra_mode: 'dhcpv6-stateless' }, 'dhcpv6-stateless'],
  [{}, undefined],
];

for (const [modes, mode] of ANNOUNCED) {
  test(`of a subnet with ${JSON.stringify(modes)} the router announces ${mode ?? 'nothing'}`, async () => {
    await using net = await start();
    const subnet = await net.subnet({ ...V6, ...modes });
    const added = await net.add({ subnet_id: subnet.id });
    assert.equal(added.status, 200, added.error);
    const announced = () => net.spec()?.interfaces[0]?.advertised;
    const told = (dnsNameservers: readonly string[]) =>
      mode === undefined ? [] : [{ cidr: V6.cidr, mode, dnsNameservers }];
    assert.deepEqual(announced(), told([]));
    const dns_nameservers = ['2001:db8::53'];
    await net.red.put(`/v2.0/subnets/${subnet.id}`, { subnet: { dns_nameservers } });
    assert.deepEqual(announced(), told(dns_nameservers));
  });
}

test('floating IPs and port forwardings are told with the router that they lead through', async () => {
  await using net = await start();
  await net.add({ subnet_id: net.insideSubnet.id });
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const port = await net.red.make('port', { network_id: net.inside.id });
  const other = await net.red.make('port', { network_id: net.inside.id });
  const floating_network_id = net.outside.id;
  const direct = await net.red.make('floatingip', { floating_network_id, port_id: port.id });
  const shared = await net.red.make('floatingip', { floating_network_id });
  const forwarding = await net.red.post(`/v2.0/floatingips/${shared.id}/port_forwardings`, {
    port_forwarding: {
      protocol: 'tcp',
      external_port: 2222,
      internal_port: 22,
      internal_port_id: other.id,
      internal_ip_address: other.fixed_ips[0].ip_address,
    },
  });
  assert.equal(forwarding.status, 201, forwarding.error);
  const fixedIp = port.fixed_ips[0].ip_address;
  assert.deepEqual(net.spec()?.floatingIps, [
    { id: direct.id, floatingIp: direct.floating_ip_address, fixedIp },
  ]);
  assert.deepEqual(net.spec()?.forwardings, [
    {
      id: forwarding.body.port_forwarding.id,
      floatingIp: shared.floating_ip_address,
      protocol: 'tcp',
      externalPorts: { first: 2222, last: 2222 },
      internalIp: other.fixed_ips[0].ip_address,
      internalPorts: { first: 22, last: 22 },
    },
  ]);
  await net.red.put(`/v2.0/floatingips/${direct.id}`, { floatingip: { port_id: null } });
  assert.deepEqual(net.spec()?.floatingIps, []);
});
