/** What hosts are told of ports and networks, and what becomes of what they see. */
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortObservation } from '#base/host/document.ts';
import type { PortEvent } from '../network-api.ts';
import { startNetwork } from '../testing.ts';
import { planBinding } from './binding.rules.ts';

const planned: readonly [string, string, string][] = [
  ['', 'normal', 'unbound'],
  ['known', 'normal', 'tap'],
  ['unknown', 'normal', 'binding_failed'],
  ['known', 'direct', 'binding_failed'],
];

for (const [host, vnicType, vifType] of planned) {
  test(`a ${vnicType} port on the host '${host}' is ${vifType}`, () => {
    const binding = planBinding(host, vnicType, (name) => name === 'known');
    assert.equal(binding.vif_type, vifType);
    const details = JSON.parse(binding.vif_details) as Record<string, unknown>;
    assert.equal(details['connectivity'], vifType === 'tap' ? 'l2' : undefined);
  });
}

const SEEN: PortObservation = {
  settled: 9,
  error: null,
  plugged: true,
  carrier: true,
  storm: 'ok',
};

/** A network service with a network, a subnet, two hosts, and a port bound to the first. */
async function start() {
  const net = await startNetwork();
  net.addHost('h1');
  net.addHost('h2');
  const red = net.as('red');
  const admin = net.as('red:admin,member,reader');
  const { id: network_id } = await red.make('network', {});
  const subnet = await red.make('subnet', {
    network_id,
    ip_version: 4,
    cidr: '10.0.0.0/24',
    dns_nameservers: ['1.1.1.1'],
    host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
  });
  const port = await admin.make('port', {
    network_id,
    fixed_ips: [{ ip_address: '10.0.0.50' }],
    mac_address: 'fa:16:3e:00:00:01',
    device_id: 'server',
    device_owner: 'compute:nova',
    'binding:host_id': 'h1',
    dns_name: 'web',
    extra_dhcp_opts: [
      { opt_name: 'mtu', opt_value: '9000' },
      { opt_name: 'x', opt_value: 'y', ip_version: 6 },
    ],
    allowed_address_pairs: [{ ip_address: '10.0.0.60', mac_address: 'fa:16:3e:00:00:99' }],
  });
  const change = async (values: object) => {
    const answer = await admin.put(`/v2.0/ports/${port.id}`, { port: values });
    assert.equal(answer.status, 200, answer.error);
    return answer.body.port;
  };
  const events: PortEvent[] = [];
  net.api.onPortEvent((event) => events.push(event));
  return {
    ...net,
    red,
    admin,
    network_id: network_id as string,
    subnet,
    port,
    change,
    /** The kinds of events since the last look. */
    told: () => events.splice(0).map((event) => event.kind),
    portOn: (host: string) => net.desired.find(host, 'ports', port.id),
    networkOn: (host: string) => net.desired.find(host, 'networks', network_id),
    see: async (observation: PortObservation | undefined) => {
      net.observed.observe('h1', 'ports', port.id, observation);
      await net.idle();
      return (await red.get(`/v2.0/ports/${port.id}`)).body.port.status as string;
    },
  };
}

test('a bound port and its network, with DHCP, are said to its host and no other', async () => {
  await using net = await start();
  assert.equal(net.port['binding:vif_type'], 'tap');
  assert.deepEqual(net.portOn('h1'), {
    id: net.port.id,
    networkId: net.network_id,
    tap: `tap${net.port.id.slice(0, 11)}`,
    mac: 'fa:16:3e:00:00:01',
    mtu: 1500,
    adminStateUp: true,
    firewall: {
      mode: 'strict',
      macs: ['fa:16:3e:00:00:01', 'fa:16:3e:00:00:99'],
      pairs: [
        { mac: 'fa:16:3e:00:00:01', cidr: '10.0.0.50/32' },
        { mac: 'fa:16:3e:00:00:99', cidr: '10.0.0.60/32' },
      ],
      ethertypes: [],
      groups: net.port.security_groups,
    },
    storm: DEFAULT_STORM_CONTROL,
  });
  const { dhcp, ...network } = net.networkOn('h1') ?? assert.fail('the network is not there');
  assert.deepEqual(network, {
    id: net.network_id,
    mtu: 1500,
    adminStateUp: true,
    uplink: null,
  });
  assert.deepEqual(dhcp?.addresses, ['10.0.0.2/24']);
  assert.deepEqual(dhcp?.subnets, [
    {
      id: net.subnet.id,
      ipVersion: 4,
      ipv6Mode: null,
      cidr: '10.0.0.0/24',
      gateway: '10.0.0.1',
      dnsNameservers: ['1.1.1.1'],
      hostRoutes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
    },
  ]);
  assert.deepEqual(dhcp?.hosts, [
    {
      portId: net.port.id,
      mac: 'fa:16:3e:00:00:01',
      ip: '10.0.0.50',
      subnetId: net.subnet.id,
      hostname: 'web',
      options: [{ name: 'mtu', value: '9000' }],
    },
  ]);
  assert.equal(net.portOn('h2'), undefined);
  assert.equal(net.networkOn('h2'), undefined);
});

test('an unbound port is on no host, and its network goes with the last port', async () => {
  await using net = await start();
  const unbound = await net.change({ 'binding:host_id': null, device_id: '', device_owner: '' });
  assert.equal(unbound['binding:vif_type'], 'unbound');
  assert.equal(unbound.status, 'DOWN');
  assert.equal(net.portOn('h1'), undefined);
  assert.equal(net.networkOn('h1'), undefined);
});

test('a port that moves is on its new host only', async () => {
  await using net = await start();
  await net.change({ 'binding:host_id': 'h2' });
  assert.equal(net.portOn('h1'), undefined);
  assert.equal(net.networkOn('h1'), undefined);
  assert.ok(net.portOn('h2'));
  assert.ok(net.networkOn('h2'));
});

test('a host that was never heard of cannot have a port', async () => {
  await using net = await start();
  const failed = await net.change({ 'binding:host_id': 'h9' });
  assert.equal(failed['binding:vif_type'], 'binding_failed');
  assert.equal(failed['binding:host_id'], 'h9');
  assert.deepEqual(failed['binding:vif_details'], {});
  assert.equal(net.portOn('h1'), undefined);
  net.addHost('h9');
  assert.equal((await net.change({ name: 'again' }))['binding:vif_type'], 'tap');
});

test('every change of a port is said to its host at once', async () => {
  await using net = await start();
  await net.change({ admin_state_up: false });
  assert.equal(net.portOn('h1')?.adminStateUp, false);
  await net.change({
    security_groups: [],
    allowed_address_pairs: [],
    port_security_enabled: false,
  });
  assert.equal(net.portOn('h1')?.firewall, null);
  await net.change({ fixed_ips: [{ ip_address: '10.0.0.51' }] });
  assert.equal(net.networkOn('h1')?.dhcp?.hosts[0]?.ip, '10.0.0.51');
  await net.red.delete(`/v2.0/ports/${net.port.id}`);
  assert.equal(net.portOn('h1'), undefined);
});

test('every change of a network or a subnet is said to its hosts at once', async () => {
  await using net = await start();
  const network = async (values: object) =>
    await net.red.put(`/v2.0/networks/${net.network_id}`, { network: values });
  await network({ mtu: 9000, admin_state_up: false });
  assert.equal(net.networkOn('h1')?.mtu, 9000);
  assert.equal(net.networkOn('h1')?.adminStateUp, false);
  assert.equal(net.portOn('h1')?.mtu, 9000);
  const subnet = async (values: object) =>
    await net.red.put(`/v2.0/subnets/${net.subnet.id}`, { subnet: values });
  await subnet({ dns_nameservers: ['8.8.8.8'] });
  assert.deepEqual(net.networkOn('h1')?.dhcp?.subnets[0]?.dnsNameservers, ['8.8.8.8']);
  await subnet({ enable_dhcp: false });
  assert.equal(net.networkOn('h1')?.dhcp, null);
});

test('a port of another server on the network is in the DHCP server’s list too', async () => {
  await using net = await start();
  await net.red.make('port', {
    network_id: net.network_id,
    fixed_ips: [{ ip_address: '10.0.0.40' }],
  });
  await net.red.make('port', { network_id: net.network_id, fixed_ips: [] });
  const hosts = net.networkOn('h1')?.dhcp?.hosts.map((host) => `${host.ip} ${host.hostname}`);
  assert.deepEqual(hosts, ['10.0.0.40 host-10-0-0-40', '10.0.0.50 web']);
});

test('IPv6 subnets are served by their address mode, and names are known everywhere', async () => {
  await using net = await start();
  const { network_id } = net;
  const make = async (cidr: string, fields: object) =>
    await net.red.make('subnet', { network_id, ip_version: 6, cidr, ...fields });
  const modes = ['dhcpv6-stateful', 'dhcpv6-stateless', 'slaac'].map((mode) => ({
    ipv6_address_mode: mode,
    ipv6_ra_mode: mode,
  }));
  for (const [index, mode] of modes.entries()) await make(`fd0${index + 1}::/64`, mode);
  await make('fd04::/64', {});
  await make('fd05::/64', { enable_dhcp: false });
  await net.change({
    fixed_ips: ['fd01::50', 'fd05::50'].map((ip_address) => ({ ip_address })),
  });
  const dhcp = net.networkOn('h1')?.dhcp ?? assert.fail('there is no DHCP');
  const served = new Map(dhcp.subnets.map(({ cidr, ipv6Mode }) => [cidr, ipv6Mode]));
  assert.deepEqual(
    served,
    new Map([
      ['10.0.0.0/24', null],
      ['fd01::/64', 'dhcpv6-stateful'],
      ['fd02::/64', 'dhcpv6-stateless'],
      ['fd04::/64', 'dhcpv6-stateful'],
    ]),
  );
  const networks = dhcp.addresses.map((address) => address.replace(/::.*\//, '::/'));
  assert.deepEqual(
    new Set(networks),
    new Set(['10.0.0.2/24', 'fd01::/64', 'fd02::/64', 'fd03::/64', 'fd04::/64']),
  );
  const own = dhcp.hosts.filter(({ portId }) => portId === net.port.id);
  assert.deepEqual(
    new Map(own.map(({ ip, hostname, options }) => [ip, [hostname, options.length]])),
    new Map(
      ['fd01::50', 'fd02::f816:3eff:fe00:1', 'fd03::f816:3eff:fe00:1', 'fd05::50'].map((ip) => [
        ip,
        ['web', 1],
      ]),
    ),
  );
});

test('a port is ACTIVE while its host sees a guest on it', async () => {
  await using net = await start();
  assert.equal(await net.see({ ...SEEN, carrier: false }), 'DOWN');
  assert.equal(await net.see(SEEN), 'ACTIVE');
  assert.equal(await net.see(undefined), 'DOWN');
  assert.equal(await net.see(SEEN), 'ACTIVE');
  assert.deepEqual(net.told(), ['plugged', 'unplugged', 'plugged']);
});

test('a port that its host cannot bring in line is in ERROR with the reason until it can', async () => {
  await using net = await start();
  const shown = async () => {
    const { status, status_reason } = (await net.red.get(`/v2.0/ports/${net.port.id}`)).body.port;
    return [status, status_reason];
  };
  const refused = (message: string) => ({ ...SEEN, error: { code: 'X', message } });
  await net.see(SEEN);
  assert.deepEqual(await shown(), ['ACTIVE', null]);
  await net.see(refused('the kernel refused its rules'));
  assert.deepEqual(await shown(), ['ERROR', 'the kernel refused its rules']);
  await net.see(refused('for another reason'));
  await net.see({ ...refused('for another reason'), plugged: false });
  assert.deepEqual(await shown(), ['ERROR', 'for another reason']);
  await net.change({ name: 'x' });
  assert.deepEqual(await shown(), ['ERROR', 'for another reason']);
  await net.see(SEEN);
  assert.deepEqual(await shown(), ['ACTIVE', null]);
  assert.deepEqual(net.told(), ['plugged', 'unplugged', 'changed', 'plugged']);
  await net.see(refused('again'));
  await net.change({ admin_state_up: false });
  assert.deepEqual(await shown(), ['DOWN', null]);
});

test('a port stays in ERROR while nobody knows better', async () => {
  await using net = await start();
  await net.see({ ...SEEN, error: { code: 'X', message: 'x' } });
  await using later = await startNetwork({ db: net.db });
  await later.loadDesired();
  await later.reconcilers[0]?.run(AbortSignal.timeout(10_000));
  const { body } = await later.as('red').get(`/v2.0/ports/${net.port.id}`);
  assert.deepEqual([body.port.status, body.port.status_reason], ['ERROR', 'x']);
});

test('a port that is administratively down is never ACTIVE', async () => {
  await using net = await start();
  await net.see(SEEN);
  net.told();
  assert.equal((await net.change({ admin_state_up: false })).status, 'DOWN');
  assert.deepEqual(net.told(), ['unplugged', 'changed']);
  assert.equal(await net.see(SEEN), 'DOWN');
  assert.equal((await net.change({ admin_state_up: true })).status, 'ACTIVE');
});

test('what is seen on a host where the port is not bound does not count', async () => {
  await using net = await start();
  net.observed.observe('h2', 'ports', net.port.id, SEEN);
  await net.idle();
  assert.equal((await net.red.get(`/v2.0/ports/${net.port.id}`)).body.port.status, 'DOWN');
});

test('a DHCP server’s port is ACTIVE while a host has its network', async () => {
  await using net = await start();
  const status = async () =>
    (await net.red.get('/v2.0/ports?device_owner=network:dhcp')).body.ports[0].status as string;
  assert.equal(await status(), 'DOWN');
  net.observed.observe('h1', 'networks', net.network_id, { settled: 1, error: null });
  await net.idle();
  assert.equal(await status(), 'ACTIVE');
  net.observed.observe('h1', 'networks', net.network_id, undefined);
  await net.idle();
  assert.equal(await status(), 'DOWN');
});

test('after a restart hosts are told the same again, and statuses are taken over', async () => {
  await using net = await start();
  const before = net.desired.document('h1');
  await using later = await startNetwork({ db: net.db });
  await later.loadDesired();
  assert.deepEqual(later.desired.document('h1'), before);
  later.addHost('h1');
  later.observed.observe('h1', 'ports', net.port.id, SEEN);
  await later.idle();
  assert.equal((await net.red.get(`/v2.0/ports/${net.port.id}`)).body.port.status, 'ACTIVE');
});

test('a status stays while nobody knows better, and falls when the host has looked', async () => {
  await using net = await start();
  await net.see(SEEN);
  await using later = await startNetwork({ db: net.db });
  await later.loadDesired();
  const events: PortEvent[] = [];
  later.api.onPortEvent((event) => events.push(event));
  const status = async () => {
    await later.idle();
    return (await later.as('red').get(`/v2.0/ports/${net.port.id}`)).body.port.status as string;
  };
  await later.reconcilers[0]?.run(AbortSignal.timeout(10_000));
  assert.equal(await status(), 'ACTIVE');
  await later.as('red').put(`/v2.0/ports/${net.port.id}`, { port: { name: 'x' } });
  assert.equal(await status(), 'ACTIVE');
  later.addHost('h1');
  assert.equal(await status(), 'ACTIVE');
  assert.deepEqual(
    events.map((event) => event.kind),
    ['changed'],
  );
  later.observed.listed('h1', 1);
  assert.equal(await status(), 'DOWN');
  assert.equal(events.at(-1)?.kind, 'unplugged');
});

test('a change of a DHCP server’s port leaves its status alone', async () => {
  await using net = await start();
  net.observed.observe('h1', 'networks', net.network_id, { settled: 1, error: null });
  await net.idle();
  const [{ id }] = (await net.red.get('/v2.0/ports?device_owner=network:dhcp')).body.ports;
  const { body } = await net.red.put(`/v2.0/ports/${id}`, { port: { name: 'dhcp' } });
  assert.deepEqual([body.port.name, body.port.status], ['dhcp', 'ACTIVE']);
});

test('a host of an earlier run can have ports before it is heard of again', async () => {
  await using net = await start();
  await using later = await startNetwork({ db: net.db });
  await later.loadDesired();
  const admin = later.as('red:admin,member,reader');
  const answer = await admin.put(`/v2.0/ports/${net.port.id}`, {
    port: { 'binding:host_id': 'h2' },
  });
  assert.equal(answer.body.port['binding:vif_type'], 'tap');
});

test('the reconciler makes good what was lost', async () => {
  await using net = await start();
  const [reconciler] = net.reconcilers;
  assert.ok(reconciler);
  const signal = AbortSignal.timeout(10_000);
  assert.equal((await reconciler.run(signal)).changed, 0);
  net.desired.set('h1', 'ports', net.port.id, null);
  net.desired.set('h1', 'networks', net.network_id, null);
  const stray = net.portOn('h1');
  assert.equal(stray, undefined);
  assert.equal((await reconciler.run(signal)).changed, 2);
  assert.ok(net.portOn('h1'));
  assert.ok(net.networkOn('h1'));
  await net.db.deleteFrom('ports').where('id', '=', net.port.id).execute();
  await reconciler.run(signal);
  assert.equal(net.portOn('h1'), undefined);
  assert.equal(net.networkOn('h1'), undefined);
});

test('one more port costs its own member and its network’s, whatever else is there', async () => {
  await using net = await start();
  for (let count = 0; count < 10; count += 1) {
    await net.admin.make('port', {
      network_id: net.network_id,
      device_id: `server-${count}`,
      'binding:host_id': 'h1',
    });
  }
  const changes: string[] = [];
  const stop = net.desired.onChange((change) => changes.push(change.section));
  await net.admin.make('port', {
    network_id: net.network_id,
    device_id: 'one-more',
    'binding:host_id': 'h1',
  });
  stop();
  assert.deepEqual(changes, ['members', 'ports', 'networks']);
});
