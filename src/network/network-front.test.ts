/** What other services get of the network service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortDevice, PortEvent, PortWanted } from './network-api.ts';
import { startNetwork } from './testing.ts';

const DEVICE: PortDevice = {
  deviceId: 'server-1',
  deviceOwner: 'compute:nova',
  host: 'h1',
  hostname: 'web',
};
const PORT_ID = '11111111-2222-3333-4444-555555555555';

async function start() {
  const net = await startNetwork();
  net.addHost('h1');
  const red = net.as('red');
  const { id: networkId } = await red.make('network', { name: 'n' });
  await red.make('subnet', { network_id: networkId, ip_version: 4, cidr: '10.0.0.0/24' });
  const wanted: PortWanted = {
    id: PORT_ID,
    projectId: 'red',
    networkId,
    fixedIp: null,
    securityGroups: null,
  };
  return { ...net, red, networkId: networkId as string, wanted, internal: net.ctx() };
}

test('a port is made once, however often it is asked for', async () => {
  await using net = await start();
  const once = await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  const twice = await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  assert.deepEqual(twice, once);
  assert.equal(once.id, PORT_ID);
  assert.equal(once.deviceId, 'server-1');
  assert.equal(once.hostId, 'h1');
  assert.equal(once.vifType, 'tap');
  assert.equal(once.dnsName, 'web');
  assert.equal(once.fixedIps.length, 1);
  assert.deepEqual(
    once.securityGroups.map((group) => group.name),
    ['default'],
  );
  assert.ok(net.desired.find('h1', 'ports', PORT_ID));
  const stolen = net.api.ensurePort(net.internal, net.wanted, { ...DEVICE, deviceId: 'other' });
  await assert.rejects(stolen, { code: 'PortInUse' });
});

test('a port for a server has the address that was asked for', async () => {
  await using net = await start();
  const wanted = { ...net.wanted, fixedIp: '10.0.0.77' };
  const port = await net.api.ensurePort(net.ctx('red'), wanted, DEVICE);
  assert.equal(port.fixedIps[0]?.ip, '10.0.0.77');
  const found = await net.api.findPortByAddress(net.networkId, '10.0.0.77');
  assert.equal(found?.deviceId, 'server-1');
  assert.equal(await net.api.findPortByAddress(net.networkId, '10.0.0.78'), undefined);
});

test('a supplied port is bound, given back as it was, and never taken from another', async () => {
  await using net = await start();
  const made = await net.red.make('port', { network_id: net.networkId, fixed_ips: [] });
  const bound = await net.api.ensurePortBound(net.ctx('red'), made.id, DEVICE);
  assert.equal(bound.ipAllocation, 'none');
  assert.equal(bound.vifType, 'tap');
  const again = await net.api.ensurePortBound(net.ctx('red'), made.id, DEVICE);
  assert.deepEqual(again, bound);
  const other = { ...DEVICE, deviceId: 'server-2' };
  await assert.rejects(net.api.ensurePortBound(net.ctx('red'), made.id, other), {
    code: 'PortInUse',
  });
  await net.api.ensurePortUnbound(net.internal, made.id, 'server-2');
  assert.equal((await net.api.findPort(net.internal, made.id))?.deviceId, 'server-1');
  await net.api.ensurePortUnbound(net.internal, made.id, 'server-1');
  await net.api.ensurePortUnbound(net.internal, made.id, 'server-1');
  const free = await net.api.findPort(net.internal, made.id);
  assert.deepEqual(
    [free?.deviceId, free?.deviceOwner, free?.hostId, free?.vifType, free?.dnsName, free?.mac],
    ['', '', '', 'unbound', '', made.mac_address],
  );
  assert.equal(net.desired.find('h1', 'ports', made.id), undefined);
});

test('a port made for a server goes with it, and another server’s stays', async () => {
  await using net = await start();
  await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  await net.api.ensurePortAbsent(net.internal, PORT_ID, 'server-2');
  assert.ok(await net.api.findPort(net.internal, PORT_ID));
  await net.api.ensurePortAbsent(net.internal, PORT_ID, 'server-1');
  await net.api.ensurePortAbsent(net.internal, PORT_ID, 'server-1');
  assert.equal(await net.api.findPort(net.internal, PORT_ID), undefined);
});

test('ports of devices come in the order in which they were made', async () => {
  await using net = await start();
  const ids = [3, 1, 2].map((digit) => PORT_ID.replace(/^1/, String(digit)));
  for (const id of ids) await net.api.ensurePort(net.internal, { ...net.wanted, id }, DEVICE);
  const ports = await net.api.portsOf(net.internal, ['server-1', 'server-2']);
  assert.deepEqual(
    ports.get('server-1')?.map((port) => port.id),
    ids,
  );
  assert.equal(ports.has('server-2'), false);
  assert.equal((await net.api.portsOf(net.ctx('blue'), ['server-1'])).size, 0);
});

test('a project sees its own networks and shared ones, with their subnets', async () => {
  await using net = await start();
  const shared = await net.as('ops:admin').make('network', { name: 's', shared: true });
  await net.as('ops:admin').make('network', { name: 'x', 'router:external': true });
  await net.as('blue').make('network', { name: 'b' });
  const available = await net.api.availableNetworks(net.ctx('red'));
  assert.deepEqual(
    available.map((network) => [network.name, network.shared, network.subnets.length]),
    [
      ['n', false, 1],
      ['s', true, 0],
    ],
  );
  assert.equal(available[0]?.subnets[0]?.gatewayIp, '10.0.0.1');
  const found = await net.api.findNetworks(net.ctx('blue'), [net.networkId, shared.id]);
  assert.deepEqual(
    found.map((network) => network.id),
    [shared.id],
  );
});

test('groups are found by name or id, and a name that two have is refused', async () => {
  await using net = await start();
  const web = await net.red.make('security_group', { name: 'web' });
  const find = async (...wanted: string[]) =>
    await net.api.findSecurityGroups(net.ctx('red'), wanted);
  assert.deepEqual(
    (await find('web', web.id, 'nope')).map((group) => group?.id),
    [web.id, web.id, undefined],
  );
  await net.red.make('security_group', { name: 'web' });
  await assert.rejects(find('web'), { code: 'NoUniqueMatch' });
  assert.equal((await find(web.id))[0]?.id, web.id);
});

test('a port is put into a group and taken out of it, in the name of whoever asks', async () => {
  await using net = await start();
  const web = await net.red.make('security_group', { name: 'web' });
  const port = await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  const groups = async () =>
    (await net.api.findPort(net.internal, PORT_ID))?.securityGroups.map((group) => group.name);
  await net.api.ensurePortInGroup(net.ctx('red'), PORT_ID, web.id);
  await net.api.ensurePortInGroup(net.ctx('red'), PORT_ID, web.id);
  assert.deepEqual((await groups())?.toSorted(), ['default', 'web']);
  assert.ok(net.desired.find('h1', 'groups', web.id));
  await net.api.ensurePortNotInGroup(net.ctx('red'), PORT_ID, web.id);
  await net.api.ensurePortNotInGroup(net.ctx('red'), PORT_ID, web.id);
  assert.deepEqual(await groups(), ['default']);
  assert.equal(net.desired.find('h1', 'groups', web.id), undefined);
  const foreign = net.api.ensurePortInGroup(net.ctx('blue'), port.id, web.id);
  await assert.rejects(foreign, { code: 'PortNotFound' });
  const blue = await net.as('blue').make('security_group', { name: 'b' });
  await assert.rejects(net.api.ensurePortInGroup(net.ctx('red'), PORT_ID, blue.id), {
    code: 'SecurityGroupNotFound',
  });
});

test('groups put into a port at once are all there', async () => {
  await using net = await start();
  await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  const made = ['a', 'b', 'c'].map(async (name) => await net.red.make('security_group', { name }));
  const ids = (await Promise.all(made)).map((group) => group.id as string);
  await Promise.all(
    ids.map(async (id) => await net.api.ensurePortInGroup(net.ctx('red'), PORT_ID, id)),
  );
  const port = await net.api.findPort(net.internal, PORT_ID);
  assert.equal(port?.securityGroups.length, 4);
});

test('groups are told with their rules to those who may see them', async () => {
  await using net = await start();
  const web = await net.red.make('security_group', { name: 'web', description: 'for all' });
  const rule = { security_group_id: web.id, direction: 'ingress', protocol: 'tcp' };
  const range = { port_range_min: 80, port_range_max: 81, remote_ip_prefix: '10.0.0.0/8' };
  const { id } = await net.red.make('security_group_rule', { ...rule, ...range });
  const seen = async (projectId?: string) =>
    await net.api.securityGroups(net.ctx(projectId), [web.id]);
  const [group] = await seen('red');
  assert.equal(group?.description, 'for all');
  assert.deepEqual(
    group.rules.filter(({ direction }) => direction === 'ingress'),
    [
      {
        id,
        direction: 'ingress',
        protocol: 'tcp',
        portRangeMin: 80,
        portRangeMax: 81,
        remoteIpPrefix: '10.0.0.0/8',
        remoteGroupId: null,
      },
    ],
  );
  assert.deepEqual(await seen('blue'), []);
  assert.equal((await seen()).length, 1);
});

test('the port quota is told with what is used of it', async () => {
  await using net = await start();
  const before = await net.api.portQuota(net.internal, 'red');
  await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  const after = await net.api.portQuota(net.internal, 'red');
  assert.deepEqual(before, { limit: 500, used: 1 });
  assert.deepEqual(after, { limit: 500, used: 2 });
});

test('who listens hears of ports with a device, until it stops', async () => {
  await using net = await start();
  const events: PortEvent[] = [];
  const stop = net.api.onPortEvent((event) => events.push(event));
  await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  await net.red.put(`/v2.0/ports/${PORT_ID}`, { port: { name: 'x' } });
  await net.red.delete(`/v2.0/ports/${PORT_ID}`);
  const unheard = await net.red.make('port', { network_id: net.networkId });
  await net.red.put(`/v2.0/ports/${unheard.id}`, { port: { name: 'x' } });
  assert.deepEqual(events, [
    { kind: 'changed', portId: PORT_ID, deviceId: 'server-1' },
    { kind: 'deleted', portId: PORT_ID, deviceId: 'server-1' },
  ]);
  stop();
});

test("a port gets one more address of its subnet and loses it, in its owner's name", async () => {
  await using net = await start();
  const { fixedIps: before } = await net.api.ensurePort(net.internal, net.wanted, DEVICE);
  const [first] = before;
  assert.ok(first);
  const red = net.ctx('red');
  await net.api.changeFixedIps(red, PORT_ID, (all) => [...all, { subnetId: first.subnetId }]);
  const after = (await net.api.findPort(red, PORT_ID))?.fixedIps ?? [];
  assert.deepEqual([after.length, after[0]], [2, first]);
  await net.api.changeFixedIps(red, PORT_ID, (all) => all.filter(({ ip }) => ip === first.ip));
  assert.deepEqual((await net.api.findPort(red, PORT_ID))?.fixedIps, before);
});
