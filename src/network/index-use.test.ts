/** No request about one thing looks at all rows of a table, so that ten thousand ports are as quick as ten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompiledQuery, type KyselyPlugin, type RootOperationNode } from 'kysely';
import { openDatabase } from '#platform/db/database.ts';
import { startNetwork } from './testing.ts';

/** Keeps what is asked of the database. */
class Listener implements KyselyPlugin {
  readonly heard: RootOperationNode[] = [];

  transformQuery({ node }: { node: RootOperationNode }): RootOperationNode {
    this.heard.push(node);
    return node;
  }

  async transformResult<R>({ result }: { result: R }): Promise<R> {
    return result;
  }
}

test('requests about one network, subnet or port use indexes only', async () => {
  const db = await openDatabase(':memory:');
  const listener = new Listener();
  try {
    await using net = await startNetwork({ db: db.withPlugin(listener) });
    net.addHost('h1');
    const red = net.as('red');
    const admin = net.as('red:admin,member,reader');
    const network = await red.make('network', { name: 'n' });
    const network_id = network.id;
    const subnet = await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/16' });
    const port = await red.make('port', { network_id, name: 'p' });
    const bound = { device_id: 'd', device_owner: 'compute:nova', 'binding:host_id': 'h1' };
    await admin.put(`/v2.0/ports/${port.id}`, { port: bound });
    await red.put(`/v2.0/ports/${port.id}`, { port: { fixed_ips: [{ subnet_id: subnet.id }] } });
    await red.put(`/v2.0/subnets/${subnet.id}`, { subnet: { name: 's' } });
    await red.put(`/v2.0/networks/${network_id}`, { network: { mtu: 1400 } });
    const seen = { settled: 1, error: null, plugged: true, carrier: true } as const;
    for (const storm of ['loop', 'ok'] as const) {
      net.observed.observe('h1', 'ports', port.id, { ...seen, storm });
      await net.idle();
    }
    const lists = [
      `networks/${network_id}`,
      `subnets/${subnet.id}`,
      `ports/${port.id}`,
      `ports/${port.id}/storm-events?limit=1`,
      'networks?name=n',
      'subnets?name=s',
      `subnets?network_id=${network_id}`,
      'ports?name=p',
      'ports?device_id=d',
      'ports?tags=t',
      'ports?limit=10',
      'ports?binding:host_id=h1',
      'ports?security_groups=g',
      'ports?fixed_ips=ip_address=10.0.0.9',
      `ports?fixed_ips=subnet_id=${subnet.id}`,
      `ports?mac_address=${port.mac_address}`,
      `ports?network_id=${network_id}&device_owner=network:dhcp`,
    ];
    for (const path of lists) assert.equal((await red.get(`/v2.0/${path}`)).status, 200, path);
    const group = await red.make('security_group', { name: 'g' });
    const rule = { security_group_id: group.id, remote_group_id: group.id, direction: 'ingress' };
    const { id } = await red.make('security_group_rule', rule);
    await red.put(`/v2.0/ports/${port.id}`, { port: { security_groups: [group.id] } });
    await red.delete(`/v2.0/security-group-rules/${id}`);
    await leadOutside(admin, { subnetId: subnet.id, port });
    await net.api.findPortByAddress(network_id, '10.0.0.9');
    await net.api.portsOf(net.ctx(), ['d']);
    await net.api.ensurePortUnbound(net.ctx(), port.id, 'd');
    for (const path of [`ports/${port.id}`, `subnets/${subnet.id}`, `networks/${network_id}`]) {
      assert.equal((await red.delete(`/v2.0/${path}`)).status, 204, path);
    }
    const plans = new Set<string>();
    for (const node of listener.heard) {
      const { sql, parameters } = db.getExecutor().compileQuery(node, { queryId: 'explained' });
      if (!/^\s*(select|update|delete)/i.test(sql)) continue;
      const explain = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]);
      const { rows } = await db.executeQuery<{ detail: string }>(explain);
      for (const { detail } of rows) plans.add(`${detail} in: ${sql}`);
    }
    assert.ok(plans.size > 50, 'nothing was heard');
    const scans = [...plans].filter((plan) => plan.startsWith('SCAN') && !isFine(plan));
    assert.deepEqual(scans, []);
  } finally {
    await db.destroy();
  }
});

type Caller = ReturnType<Awaited<ReturnType<typeof startNetwork>>['as']>;

/** A router, a floating IP for a port, and one with a forwarding to it, in all that becomes of them. */
async function leadOutside(
  admin: Caller,
  { subnetId, port }: { readonly subnetId: string; readonly port: { readonly id: string } },
): Promise<void> {
  const external = await admin.make('network', { name: 'x', 'router:external': true });
  const floating_network_id: string = external.id;
  const pool = { network_id: floating_network_id, ip_version: 4, cidr: '203.0.113.0/24' };
  await admin.make('subnet', { ...pool, enable_dhcp: false });
  const gateway = { external_gateway_info: { network_id: floating_network_id } };
  const router = await admin.make('router', gateway);
  const path = `/v2.0/routers/${router.id}`;
  await admin.put(`${path}/add_router_interface`, { subnet_id: subnetId });
  const direct = await admin.make('floatingip', { floating_network_id, port_id: port.id });
  const own = `/v2.0/floatingips/${direct.id}`;
  for (const query of [
    `port_id=${port.id}`,
    `router_id=${router.id}`,
    `floating_ip_address=${direct.floating_ip_address}`,
    `floating_network_id=${floating_network_id}`,
    'project_id=red',
  ]) {
    assert.equal((await admin.get(`/v2.0/floatingips?${query}`)).body.floatingips.length, 1);
  }
  await admin.put(own, { floatingip: { port_id: null } });
  const forwarding = await admin.post(`${own}/port_forwardings`, {
    port_forwarding: {
      protocol: 'tcp',
      internal_port_id: port.id,
      internal_ip_address: direct.fixed_ip_address,
      internal_port: 1,
      external_port: 1,
    },
  });
  assert.equal(forwarding.status, 201, forwarding.error);
  await admin.put(`/v2.0/ports/${port.id}`, { port: { fixed_ips: [{ subnet_id: subnetId }] } });
  assert.equal((await admin.get(`${own}/port_forwardings`)).body.port_forwardings.length, 1);
  await admin.delete(`${own}/port_forwardings/${forwarding.body.port_forwarding.id}`);
  await admin.delete(own);
  await admin.put(`${path}/remove_router_interface`, { subnet_id: subnetId });
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.delete(`/v2.0/networks/${floating_network_id}`)).status, 204);
}

/** The few rows of the template of security groups; what a host that comes is told to route; and a page of a list, which is read along an index to its end. */
function isFine(plan: string): boolean {
  return (
    plan.startsWith('SCAN default_security_group_rules ') ||
    /^SCAN (routers|networks USING COVERING INDEX networks_external) in: /.test(plan) ||
    /^SCAN ports USING INDEX .* limit \?$/.test(plan)
  );
}
