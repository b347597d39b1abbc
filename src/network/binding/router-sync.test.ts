/** Where routers are, which networks are with them, and what becomes of what hosts see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouters } from '../routers/testing.ts';

async function start() {
  const net = await startRouters();
  await net.add({ subnet_id: net.insideSubnet.id });
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  const document = (host: string) => net.desired.document(host);
  return {
    ...net,
    networksOn: (host: string) => Object.keys(document(host).networks).toSorted(),
    routersOn: (host: string) => Object.keys(document(host).routers),
    reconcile: async () => {
      const [reconciler] = net.reconcilers;
      assert.ok(reconciler);
      return await reconciler.run(AbortSignal.timeout(10_000));
    },
    /** The host has dealt with all that it was told. */
    observe: async (error: { code: string; message: string } | null = null) => {
      const settled = net.desired.revision('h1');
      net.observed.observe('h1', 'routers', net.router.id, { settled, error });
      await net.idle();
    },
    statuses: async () => {
      const ports = [
        ...(await net.portsOf('router_interface')),
        ...(await net.portsOf('router_gateway')),
      ];
      return ports.map((port: { status: string }) => port.status);
    },
  };
}

test('routers wait for a host, and the first that comes has them with their networks', async () => {
  await using net = await start();
  assert.deepEqual(net.desired.hosts(), []);
  net.addHost('h1');
  await net.idle();
  assert.deepEqual(net.routersOn('h1'), [net.router.id]);
  assert.deepEqual(new Set(net.networksOn('h1')), new Set([net.inside.id, net.outside.id]));
  assert.deepEqual((await net.show()).availability_zones, ['nova']);
  const [port] = await net.portsOf('router_interface');
  assert.deepEqual([port['binding:host_id'], port['binding:vif_type']], ['h1', 'tap']);
  assert.deepEqual(net.desired.document('h1').ports, {});
});

test('one host routes all, also what comes after other hosts', async () => {
  await using net = await start();
  net.addHost('h2');
  await net.idle();
  net.addHost('h1');
  const { id } = await net.red.make('router', {});
  assert.deepEqual(net.routersOn('h1'), []);
  assert.deepEqual(new Set(net.routersOn('h2')), new Set([net.router.id, id]));
});

test('an external network with a gateway is where routers are, before there are any', async () => {
  await using net = await startRouters();
  await net.red.delete(net.path);
  net.addHost('h1');
  await net.idle();
  const networks = () => net.desired.document('h1').networks;
  assert.deepEqual(networks()[net.outside.id]?.uplink, { addresses: ['203.0.113.1/24'] });
  const other = await net.admin.make('network', { 'router:external': true });
  assert.equal(networks()[other.id], undefined);
  const values = { network_id: other.id, ip_version: 4, cidr: '198.51.100.0/24' };
  const subnet = await net.admin.make('subnet', values);
  assert.deepEqual(networks()[other.id]?.uplink, { addresses: ['198.51.100.1/24'] });
  await net.admin.put(`/v2.0/networks/${other.id}`, { network: { 'router:external': false } });
  assert.equal(networks()[other.id], undefined);
  await net.admin.put(`/v2.0/networks/${other.id}`, { network: { 'router:external': true } });
  assert.ok(networks()[other.id]);
  await net.admin.delete(`/v2.0/subnets/${subnet.id}`);
  assert.equal(networks()[other.id], undefined);
});

test('a network leaves the host with the last that needed it there', async () => {
  await using net = await start();
  net.addHost('h1');
  await net.idle();
  const bound = {
    network_id: net.inside.id,
    device_id: 'server',
    'binding:host_id': 'h1',
  };
  const port = await net.admin.make('port', { ...bound, project_id: 'red' });
  await net.remove({ subnet_id: net.insideSubnet.id });
  assert.ok(net.networksOn('h1').includes(net.inside.id));
  await net.add({ subnet_id: net.insideSubnet.id });
  await net.admin.delete(`/v2.0/ports/${port.id}`);
  assert.ok(net.networksOn('h1').includes(net.inside.id));
  await net.remove({ subnet_id: net.insideSubnet.id });
  assert.deepEqual(net.networksOn('h1'), [net.outside.id]);
});

test('a port in a security group is a member no more once it is an interface', async () => {
  await using net = await startRouters();
  net.addHost('h1');
  await net.idle();
  const group = await net.red.make('security_group', { name: 'g' });
  const rule = { security_group_id: group.id, remote_group_id: group.id, direction: 'ingress' };
  await net.red.make('security_group_rule', rule);
  const port = { network_id: net.inside.id, project_id: 'red', security_groups: [group.id] };
  const bound = { ...port, device_id: 'server', 'binding:host_id': 'h1' };
  const plugged = await net.admin.make('port', bound);
  const inner = await net.red.make('port', port);
  const members = () => new Set(Object.keys(net.desired.document('h1').members));
  assert.deepEqual(members(), new Set([plugged.id, inner.id]));
  await net.add({ port_id: inner.id });
  assert.deepEqual(members(), new Set([plugged.id]));
});

test('what was lost is said again by the reconciler, and what is gone is taken back', async () => {
  await using net = await start();
  net.addHost('h1');
  await net.idle();
  const before = net.desired.document('h1');
  net.desired.set('h1', 'routers', net.router.id, null);
  net.desired.set('h1', 'networks', net.inside.id, null);
  await net.reconcile();
  assert.deepEqual(net.desired.document('h1'), before);
  const spec = before.routers[net.router.id];
  assert.ok(spec);
  net.desired.set('h1', 'routers', 'stray', { ...spec, id: 'stray' });
  await net.reconcile();
  assert.deepEqual(net.routersOn('h1'), [net.router.id]);
  const { changed } = await net.reconcile();
  assert.equal(changed, 0);
});

test('the ports of a router are ACTIVE once its host has it, while both are up', async () => {
  await using net = await start();
  net.addHost('h1');
  await net.idle();
  assert.deepEqual(await net.statuses(), ['DOWN', 'DOWN']);
  await net.observe();
  assert.deepEqual(await net.statuses(), ['ACTIVE', 'ACTIVE']);
  const [port] = await net.portsOf('router_interface');
  await net.red.put(`/v2.0/ports/${port.id}`, { port: { admin_state_up: false } });
  await net.observe();
  assert.deepEqual(await net.statuses(), ['DOWN', 'ACTIVE']);
  await net.set({ admin_state_up: false });
  await net.observe();
  assert.deepEqual(await net.statuses(), ['DOWN', 'DOWN']);
  assert.equal((await net.show()).status, 'ACTIVE');
});

test('what a host saw before it was told of a change says nothing of the change', async () => {
  await using net = await start();
  net.addHost('h1');
  await net.idle();
  await net.observe();
  const settled = net.desired.revision('h1');
  const other = await net.subnet({ cidr: '10.1.0.0/24' });
  await net.add({ subnet_id: other.id });
  net.observed.observe('h1', 'routers', net.router.id, { settled, error: null });
  await net.idle();
  assert.deepEqual((await net.statuses()).toSorted(), ['ACTIVE', 'ACTIVE', 'DOWN']);
  await net.observe();
  assert.deepEqual(await net.statuses(), ['ACTIVE', 'ACTIVE', 'ACTIVE']);
});

test('a router that its host cannot make is in ERROR and says why, until it can', async () => {
  await using net = await start();
  net.addHost('h1');
  await net.idle();
  await net.observe({ code: 'NoRoom', message: 'there is no room' });
  const { status, status_reason } = await net.show();
  assert.deepEqual([status, status_reason], ['ERROR', 'there is no room']);
  assert.deepEqual(await net.statuses(), ['DOWN', 'DOWN']);
  await net.observe();
  assert.deepEqual((await net.show()).status, 'ACTIVE');
  assert.deepEqual(await net.statuses(), ['ACTIVE', 'ACTIVE']);
});

test('a router that its host has no more is DOWN at its ports', async () => {
  await using net = await start();
  net.addHost('h1');
  await net.idle();
  await net.observe();
  net.addHost('h1');
  net.observed.listed('h1', net.desired.revision('h1'));
  await net.idle();
  assert.deepEqual(await net.statuses(), ['DOWN', 'DOWN']);
});
