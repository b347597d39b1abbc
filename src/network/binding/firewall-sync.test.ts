/** What hosts are told of security groups, their members and address groups, after each kind of change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KyselyPlugin, RootOperationNode } from 'kysely';
import { openDatabase } from '#platform/db/database.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredChange } from '#platform/host/desired-hosts.ts';
import { startNetwork } from '../testing.ts';

/** A network service with two hosts, two networks, and nothing plugged. */
async function start(options: { db?: Db } = {}) {
  const net = await startNetwork(options);
  net.addHost('h1');
  net.addHost('h2');
  const red = net.as('red:admin,member,reader');
  const networks: string[] = [];
  for (const name of ['one', 'two']) {
    const { id } = await red.make('network', { name });
    networks.push(id);
    // The same addresses on both.
    await red.make('subnet', { network_id: id, ip_version: 4, cidr: '10.0.0.0/24' });
  }
  const document = (host = 'h1') => net.desired.document(host);
  let servers = 0;
  return {
    ...net,
    red,
    networks,
    document,
    /** A group with no rules. */
    group: async (values: object = {}): Promise<string> => {
      const group = await red.make('security_group', { name: 'g', ...values });
      for (const rule of group.security_group_rules) {
        await red.delete(`/v2.0/security-group-rules/${rule.id}`);
      }
      return group.id;
    },
    rule: async (security_group_id: string, values: object): Promise<string> => {
      const rule = { security_group_id, direction: 'ingress', ...values };
      return (await red.make('security_group_rule', rule)).id;
    },
    /** A port on h1 on the first network, unless said otherwise. */
    port: async (groups: readonly string[], values: object = {}): Promise<string> => {
      const port = await red.make('port', {
        network_id: networks[0],
        security_groups: groups,
        device_id: `server-${(servers += 1)}`,
        'binding:host_id': 'h1',
        ...values,
      });
      return port.id;
    },
    /** A port that no host has. */
    loose: async (groups: readonly string[], values: object = {}): Promise<string> => {
      const port = { network_id: networks[0], security_groups: groups, ...values };
      return (await red.make('port', port)).id;
    },
    put: async (id: string, values: object) => {
      const answer = await red.put(`/v2.0/ports/${id}`, { port: values });
      assert.equal(answer.status, 200, answer.error);
    },
    groups: (host?: string) => Object.keys(document(host).groups).toSorted(),
    members: (host?: string) => Object.keys(document(host).members).toSorted(),
    addressGroups: (host?: string) => Object.keys(document(host).addressGroups).toSorted(),
    reconcile: async () => {
      const [reconciler] = net.reconcilers;
      assert.ok(reconciler);
      return await reconciler.run(AbortSignal.timeout(10_000));
    },
    /** What was said while something was done. */
    heard: async (task: () => Promise<unknown>): Promise<readonly DesiredChange[]> => {
      const changes: DesiredChange[] = [];
      const stop = net.desired.onChange((change) => changes.push(change));
      await task();
      stop();
      return changes;
    },
  };
}

const isIpv6 = (cidrs: readonly string[] | undefined) =>
  cidrs?.some((cidr) => cidr.startsWith('2001:db8:')) ?? false;
const sorted = (...ids: readonly string[]) => ids.toSorted();

test('a host has the groups of its own ports, for as long as one is in them', async () => {
  await using net = await start();
  const [a, b] = [await net.group(), await net.group()];
  const first = await net.port([a]);
  const second = await net.port([a, b]);
  await net.port([b], { 'binding:host_id': 'h2' });
  await net.loose([await net.group()]);
  assert.deepEqual(net.groups('h1'), sorted(a, b));
  assert.deepEqual(net.groups('h2'), [b]);
  assert.deepEqual(net.document().ports[second]?.firewall?.groups, sorted(a, b));
  await net.put(second, { security_groups: [a] });
  assert.deepEqual(net.groups('h1'), [a]);
  await net.put(second, { 'binding:host_id': 'h2' });
  assert.deepEqual([net.groups('h1'), net.groups('h2')], [[a], sorted(a, b)]);
  await net.red.delete(`/v2.0/ports/${first}`);
  assert.deepEqual([net.groups('h1'), net.groups('h2')], [[], sorted(a, b)]);
});

test('a rule that comes or goes is said to the hosts that have its group', async () => {
  await using net = await start();
  const group = await net.group();
  await net.port([group]);
  await net.port([await net.group()], { 'binding:host_id': 'h2' });
  const id = await net.rule(group, {
    protocol: 'tcp',
    port_range_min: 22,
    port_range_max: 22,
    remote_ip_prefix: '10.1.2.3/16',
  });
  assert.deepEqual(net.document().groups[group]?.rules, [
    {
      id,
      direction: 'ingress',
      version: 4,
      protocol: 6,
      ports: { min: 22, max: 22 },
      remote: { kind: 'cidr', cidr: '10.1.0.0/16' },
    },
  ]);
  assert.equal(net.document('h2').groups[group], undefined);
  const changes = await net.heard(
    async () => await net.red.delete(`/v2.0/security-group-rules/${id}`),
  );
  assert.deepEqual(net.document().groups[group]?.rules, []);
  assert.deepEqual(
    changes.map((change) => [change.host, change.section, change.id]),
    [['h1', 'groups', group]],
  );
});

test('rules that are made together are said together', async () => {
  await using net = await start();
  const group = await net.group();
  await net.port([group]);
  const rule = { security_group_id: group, direction: 'ingress' };
  const security_group_rules = [
    { ...rule, protocol: 'tcp' },
    { ...rule, protocol: 'udp' },
  ];
  const changes = await net.heard(
    async () => await net.red.post('/v2.0/security-group-rules', { security_group_rules }),
  );
  assert.equal(changes.length, 1);
  assert.equal(net.document().groups[group]?.rules.length, 2);
});

test('a group says whether it is stateful', async () => {
  await using net = await start();
  const [stateful, stateless] = [await net.group(), await net.group({ stateful: false })];
  await net.port([stateful]);
  await net.port([stateless]);
  assert.equal(net.document().groups[stateful]?.stateful, true);
  assert.equal(net.document().groups[stateless]?.stateful, false);
});

test('members of a group that a rule names are said from everywhere, bound or not', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  const here = await net.port([group, named]);
  const there = await net.port([named], { 'binding:host_id': 'h2' });
  const loose = await net.loose([named], { network_id: net.networks[1] });
  assert.deepEqual(net.members(), []);
  const rule = await net.rule(group, { remote_group_id: named });
  assert.deepEqual(net.members('h1'), sorted(here, there, loose));
  assert.deepEqual(net.members('h2'), []);
  // On two networks with the same addresses each is on its own.
  assert.deepEqual(net.document().members[loose], {
    id: loose,
    networkId: net.networks[1],
    groups: [named],
    macs: [(await net.red.get(`/v2.0/ports/${loose}`)).body.port.mac_address],
    cidrs: [`${(await net.red.get(`/v2.0/ports/${loose}`)).body.port.fixed_ips[0].ip_address}/32`],
  });
  assert.deepEqual(net.document().members[here]?.groups, [named]);
  await net.red.delete(`/v2.0/security-group-rules/${rule}`);
  assert.deepEqual(net.members(), []);
});

test('a member has its unaddressed port’s MACs, and what its allowed pairs add', async () => {
  await using net = await start();
  const group = await net.group();
  await net.rule(group, { remote_group_id: group });
  const bare = await net.port([group], { fixed_ips: [], mac_address: 'fa:16:3e:00:00:01' });
  assert.deepEqual(net.document().members[bare]?.cidrs, []);
  assert.equal(net.document().ports[bare]?.firewall?.mode, 'l2');
  await net.put(bare, {
    allowed_address_pairs: [{ ip_address: '10.9.9.9/8', mac_address: 'fa:16:3e:00:00:02' }],
  });
  const { macs, cidrs } = net.document().members[bare] ?? assert.fail('it is no member');
  assert.deepEqual([macs, cidrs], [['fa:16:3e:00:00:01', 'fa:16:3e:00:00:02'], ['10.0.0.0/8']]);
});

test('a member follows its port’s groups, addresses and end', async () => {
  await using net = await start();
  const [named, other, group] = [await net.group(), await net.group(), await net.group()];
  await net.rule(group, { remote_group_id: named });
  await net.rule(group, { remote_group_id: other });
  await net.port([group]);
  const id = await net.loose([named, other]);
  assert.deepEqual(net.document().members[id]?.groups, sorted(named, other));
  await net.put(id, { security_groups: [other], fixed_ips: [{ ip_address: '10.0.0.200' }] });
  assert.deepEqual(net.document().members[id]?.groups, [other]);
  assert.deepEqual(net.document().members[id]?.cidrs, ['10.0.0.200/32']);
  await net.put(id, { security_groups: [group] });
  assert.deepEqual(net.members(), []);
  await net.put(id, { security_groups: [named] });
  assert.deepEqual(net.members(), [id]);
  await net.red.delete(`/v2.0/ports/${id}`);
  assert.deepEqual(net.members(), []);
});

test('members leave a host with the last port whose group names theirs', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  await net.rule(group, { remote_group_id: named });
  const member = await net.loose([named]);
  const one = await net.port([group]);
  const two = await net.port([group]);
  await net.red.delete(`/v2.0/ports/${one}`);
  assert.deepEqual(net.members(), [member]);
  await net.put(two, { device_id: '', device_owner: '', 'binding:host_id': null });
  assert.deepEqual([net.members(), net.groups(), net.document().ports], [[], [], {}]);
});

test('what a port needs is said before the port', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  const addresses = await net.red.make('address_group', { addresses: ['10.0.0.0/8'] });
  await net.rule(group, { remote_group_id: named });
  await net.rule(group, { remote_address_group_id: addresses.id });
  await net.loose([named]);
  const changes = await net.heard(async () => await net.port([group]));
  assert.deepEqual(
    changes.map((change) => change.section),
    ['networks', 'addressGroups', 'members', 'groups', 'ports'],
  );
});

test('an address group is said where rules name it, with every change', async () => {
  await using net = await start();
  const group = await net.group();
  const { id } = await net.red.make('address_group', {
    addresses: ['10.0.0.0/8', '2001:db8::/32'],
  });
  const port = await net.port([group]);
  await net.port([await net.group()], { 'binding:host_id': 'h2' });
  const rule = await net.rule(group, { remote_address_group_id: id });
  const cidrs = () => net.document().addressGroups[id]?.cidrs;
  assert.deepEqual(cidrs(), ['10.0.0.0/8', '2001:db8::/32']);
  assert.deepEqual(net.addressGroups('h2'), []);
  const action = async (name: string, addresses: readonly string[]) =>
    await net.red.put(`/v2.0/address-groups/${id}/${name}`, { addresses });
  await action('add_addresses', ['10.1.0.1']);
  assert.deepEqual(cidrs(), ['10.0.0.0/8', '10.1.0.1/32', '2001:db8::/32']);
  await action('remove_addresses', ['10.0.0.0/8', '2001:db8::/32']);
  assert.deepEqual(cidrs(), ['10.1.0.1/32']);
  await net.red.delete(`/v2.0/security-group-rules/${rule}`);
  assert.deepEqual(net.addressGroups(), []);
  await net.rule(group, { remote_address_group_id: id });
  assert.deepEqual(net.addressGroups(), [id]);
  await net.red.delete(`/v2.0/ports/${port}`);
  assert.deepEqual(net.addressGroups(), []);
});

test('a group that is deleted takes the rules that name it along', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  await net.rule(group, { remote_group_id: named });
  await net.port([group]);
  assert.equal(net.document().groups[group]?.rules.length, 1);
  assert.equal((await net.red.delete(`/v2.0/security-groups/${named}`)).status, 204);
  assert.deepEqual(net.document().groups[group]?.rules, []);
});

test('a port whose security is off, or that is transparent, needs no groups on its host', async () => {
  await using net = await start();
  const group = await net.group();
  const id = await net.port([group]);
  await net.put(id, { security_groups: [], port_security_enabled: false });
  assert.equal(net.document().ports[id]?.firewall, null);
  assert.deepEqual(net.groups(), []);
});

test('addresses that come with a subnet are those of pairs and members at once', async () => {
  await using net = await start();
  const group = await net.group();
  await net.rule(group, { ethertype: 'IPv6', remote_group_id: group });
  const [bound, loose] = [await net.port([group]), await net.loose([group])];
  const subnet = await net.red.make('subnet', {
    network_id: net.networks[0],
    ip_version: 6,
    cidr: '2001:db8::/64',
    ipv6_address_mode: 'slaac',
    ipv6_ra_mode: 'slaac',
  });
  const all = () => [
    isIpv6(net.document().members[bound]?.cidrs),
    isIpv6(net.document().members[loose]?.cidrs),
    isIpv6(net.document().ports[bound]?.firewall?.pairs.map((pair) => pair.cidr)),
  ];
  assert.deepEqual(all(), [true, true, true]);
  assert.equal((await net.red.delete(`/v2.0/subnets/${subnet.id}`)).status, 204);
  assert.deepEqual(all(), [false, false, false]);
});

test('the reconciler makes good whatever was lost of the firewall', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  const addresses = await net.red.make('address_group', { addresses: ['10.0.0.0/8'] });
  const rule = await net.rule(group, { remote_group_id: named });
  await net.rule(group, { remote_address_group_id: addresses.id });
  const member = await net.loose([named]);
  await net.port([group, named]);
  const before = net.document();
  assert.equal((await net.reconcile()).changed, 0);
  for (const [section, id] of [
    ['groups', group],
    ['members', member],
    ['addressGroups', addresses.id],
  ] as const) {
    net.desired.set('h1', section, id, null);
    assert.equal((await net.reconcile()).changed, 1, section);
    assert.deepEqual(net.document(), before, section);
  }
  // What nobody needs, and what is said wrongly.
  net.desired.set('h1', 'groups', 'stray', { id: 'stray', stateful: true, rules: [] });
  net.desired.set('h1', 'addressGroups', 'stray', { id: 'stray', cidrs: [] });
  const stray = { id: 'stray', networkId: 'n', macs: [], cidrs: [] };
  net.desired.set('h1', 'members', 'stray', { ...stray, groups: [named] });
  net.desired.set('h1', 'members', member, { ...stray, id: member, groups: ['gone'] });
  net.desired.set('h1', 'groups', group, { id: group, stateful: false, rules: [] });
  net.desired.set('h1', 'addressGroups', addresses.id, { id: addresses.id, cidrs: [] });
  await net.reconcile();
  assert.deepEqual(net.document(), before);
  // A change of which the telling was lost.
  await net.db.deleteFrom('security_group_rules').where('id', '=', rule).execute();
  await net.db.deleteFrom('address_group_addresses').execute();
  await net.reconcile();
  assert.deepEqual(net.members(), []);
  assert.deepEqual(net.document().groups[group]?.rules.length, 1);
  assert.deepEqual(net.document().addressGroups[addresses.id]?.cidrs, []);
});

test('after a restart hosts are told of the same firewall', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  const addresses = await net.red.make('address_group', { addresses: ['10.0.0.0/8'] });
  await net.rule(group, { remote_group_id: named });
  await net.rule(group, { remote_address_group_id: addresses.id });
  await net.loose([named]);
  await net.port([group]);
  await net.port([named], { 'binding:host_id': 'h2' });
  await using later = await startNetwork({ db: net.db });
  await later.loadDesired();
  for (const host of ['h1', 'h2']) {
    assert.deepEqual(later.desired.document(host), net.document(host));
  }
});

test('changes that come at once end in what the rows say', async () => {
  await using net = await start();
  const [named, group] = [await net.group(), await net.group()];
  await net.port([group]);
  const ids = await Promise.all(Array.from({ length: 8 }, async () => await net.loose([named])));
  await Promise.all([
    net.rule(group, { remote_group_id: named }),
    ...ids.map(async (id, index) =>
      index % 2 === 0
        ? await net.put(id, { security_groups: [group] })
        : await net.red.delete(`/v2.0/ports/${id}`),
    ),
    net.rule(named, { remote_group_id: group }),
    net.port([named]),
  ]);
  const said = net.document();
  assert.equal((await net.reconcile()).changed, 0);
  assert.deepEqual(net.document(), said);
});

/** Counts what is asked of the database. */
class Counter implements KyselyPlugin {
  count = 0;

  transformQuery({ node }: { node: RootOperationNode }): RootOperationNode {
    this.count += 1;
    return node;
  }

  async transformResult<R>({ result }: { result: R }): Promise<R> {
    return result;
  }
}

/** Writes many more ports like one, of a project with no quota to keep. */
async function copies(db: Db, id: string, count: number): Promise<void> {
  const port = await db
    .selectFrom('ports')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const bindings = db.selectFrom('port_bindings').selectAll().where('port_id', '=', id);
  const binding = await bindings.executeTakeFirstOrThrow();
  const memberships = db.selectFrom('port_security_groups').selectAll().where('port_id', '=', id);
  const groups = await memberships.execute();
  await db.transaction().execute(async (tx) => {
    for (let number = 0; number < count; number += 1) {
      const digits = number.toString(16).padStart(4, '0');
      const port_id = `${digits}${id.slice(4)}`;
      const mac_address = `fa:16:3e:ff:${digits.slice(0, 2)}:${digits.slice(2)}`;
      await tx
        .insertInto('ports')
        .values({ ...port, id: port_id, project_id: 'blue', mac_address })
        .execute();
      await tx
        .insertInto('port_bindings')
        .values({ ...binding, port_id })
        .execute();
      await tx
        .insertInto('port_security_groups')
        .values(groups.map((row) => ({ ...row, port_id })))
        .execute();
    }
  });
}

test('one more port costs as much in a group of a thousand as in one of ten', async () => {
  const costs: unknown[] = [];
  for (const count of [10, 1000]) {
    const db = await openDatabase(':memory:');
    const counter = new Counter();
    await using net = await start({ db: db.withPlugin(counter) });
    const group = await net.group();
    await net.rule(group, { remote_group_id: group });
    await net.port([group]);
    await net.port([group], { 'binding:host_id': 'h2' });
    await copies(db, await net.loose([group]), count);
    await net.reconcile();
    assert.equal(net.members('h1').length, count + 3);
    counter.count = 0;
    const came = await net.heard(async () => await net.port([group]));
    const queries = counter.count;
    const port = came.find((change) => change.section === 'ports')?.id ?? '';
    const change = { allowed_address_pairs: [{ ip_address: '10.7.0.0/16' }] };
    const changed = await net.heard(async () => await net.put(port, change));
    const gone = await net.heard(async () => await net.red.delete(`/v2.0/ports/${port}`));
    const told = [came, changed, gone].map((changes) =>
      changes.map(({ host, section }) => `${host} ${section}`),
    );
    costs.push({ queries: [queries, counter.count], told });
    await db.destroy();
  }
  assert.deepEqual(costs[0], costs[1]);
  assert.deepEqual((costs[1] as { told: unknown }).told, [
    ['h1 members', 'h2 members', 'h1 ports', 'h1 networks', 'h2 networks'],
    ['h1 members', 'h2 members', 'h1 ports'],
    ['h1 ports', 'h1 members', 'h2 members', 'h1 networks', 'h2 networks'],
  ]);
});
