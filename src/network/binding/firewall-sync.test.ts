/** What hosts are told of security groups, their members and address groups, after each kind of change. */
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../testing.ts';
import { startFirewall } from './testing.ts';

const isIpv6 = (cidrs: readonly string[] | undefined) =>
  cidrs?.some((cidr) => cidr.startsWith('2001:db8:')) ?? false;
const sorted = (...ids: readonly string[]) => ids.toSorted();

test('a host has the groups of its own ports, for as long as one is in them', async () => {
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
  const [stateful, stateless] = [await net.group(), await net.group({ stateful: false })];
  await net.port([stateful]);
  await net.port([stateless]);
  assert.equal(net.document().groups[stateful]?.stateful, true);
  assert.equal(net.document().groups[stateless]?.stateful, false);
});

test('members of a group that a rule names are said from everywhere, bound or not', async () => {
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
  const [named, group] = [await net.group(), await net.group()];
  await net.rule(group, { remote_group_id: named });
  await net.port([group]);
  assert.equal(net.document().groups[group]?.rules.length, 1);
  assert.equal((await net.red.delete(`/v2.0/security-groups/${named}`)).status, 204);
  assert.deepEqual(net.document().groups[group]?.rules, []);
});

test('a port whose security is off, or that is transparent, needs no groups on its host', async () => {
  await using net = await startFirewall();
  const group = await net.group();
  const id = await net.port([group]);
  await net.put(id, { port_mode: 'transparent' });
  assert.equal(net.document().ports[id]?.firewall?.mode, 'transparent');
  assert.deepEqual(net.groups(), []);
  await net.put(id, { port_mode: 'l2', permitted_ethertypes: ['0x88cc'] });
  assert.deepEqual(net.document().ports[id]?.firewall?.ethertypes, [0x88cc]);
  assert.deepEqual(net.groups(), [group]);
  await net.put(id, {
    permitted_ethertypes: [],
    security_groups: [],
    port_security_enabled: false,
  });
  assert.equal(net.document().ports[id]?.firewall, null);
  assert.deepEqual(net.groups(), []);
});

test('storm control of a port and of its network is said with the port', async () => {
  await using net = await startFirewall();
  const id = await net.port([]);
  const storm = () => net.document().ports[id]?.storm;
  assert.deepEqual(storm(), DEFAULT_STORM_CONTROL);
  const storm_control = { broadcast: 0, loop_action: 'quarantine' };
  await net.red.put(`/v2.0/networks/${net.networks[0]}`, { network: { storm_control } });
  assert.deepEqual([storm()?.broadcast, storm()?.loopAction], [null, 'quarantine']);
  await net.put(id, { storm_control: { broadcast: 10, broadcast_burst: 20 } });
  assert.deepEqual(storm()?.broadcast, { rate: 10, burst: 20 });
});

test('addresses that come with a subnet are those of pairs and members at once', async () => {
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
  await using net = await startFirewall();
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
