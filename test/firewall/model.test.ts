/** The reference model against the page, and against cases that a person can check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRuleSpec } from '#base/host/firewall.ts';
import { NO_CHANGE } from '../../src/drivers/dataplane/dataplane.ts';
import { networkOf } from '../dataplane/world.ts';
import { frameBytes, markOf } from './frames.ts';
import { groupOf, guestOn, inGroups, memberOf, outwardGroup, rule } from './flow-scene.ts';
import { ip, ipFrame, link, spoofed, STRANGER, type Host } from './hosts.ts';
import { ICMP6 } from './leaving.ts';
import { FirewallModel } from './model.ts';
import { tableOnPage, tableText } from './page.ts';
import { sayPacket, type IpPacket, type Packet } from './packet.ts';
import { ROWS } from './table.ts';
import { passes, tableScene } from './table-subjects.ts';

test('the page shows the table that is tested', () => {
  const remedy = 'node test/firewall/write-page.ts writes the table into the page';
  assert.equal(tableOnPage(), tableText(), remedy);
});

for (const direction of ['out', 'in'] as const) {
  test(`the model says of each row of the table, ${direction}, what the table says`, () => {
    const { network, peer, peerHost, subjects, group } = tableScene();
    for (const subject of subjects) {
      const model = new FirewallModel();
      const ports = [peer, ...subjects.map((one) => one.port)];
      model.apply({ ...NO_CHANGE, networks: [network], groups: [group], ports });
      const [from, to] =
        direction === 'out' ? [subject.port.id, peer.id] : [peer.id, subject.port.id];
      for (const row of ROWS.filter((one) => one.direction === direction)) {
        for (const packet of row.frames(subject.host, peerHost)) {
          const { arrivals } = model.send(from, packet);
          const said = `${subject.name}: ${row.frame}: ${sayPacket(packet)}`;
          assert.equal(arrivals.includes(to), passes(row, subject), said);
        }
      }
    }
  });
}

const network = networkOf();
const outward = outwardGroup();
const client = guestOn(network, 1, [outward.id]);
const udp = (from: Host, to: Host, source: number, destination: number, version: 4 | 6 = 4) =>
  ip(version, from, to, 'udp', source, destination);
const question = (server: Host) => udp(client, server, 1000, 2000);
const echo = (server: Host, code = 0) =>
  ipFrame(4, client, server, { kind: 'icmp', type: 8, code, id: 1 });

const RULES: readonly (readonly [
  name: string,
  rule: Partial<SecurityRuleSpec>,
  packet: (server: Host) => Packet,
  passes: boolean,
])[] = [
  ['everything', { protocol: null }, question, true],
  ['another version', { version: 6, protocol: null }, question, false],
  ['IPv6', { version: 6 }, (server) => udp(client, server, 1000, 2000, 6), true],
  ['its protocol', { protocol: 17 }, question, true],
  ['another protocol', { protocol: 6 }, question, false],
  ['its port', { ports: { min: 2000, max: 2000 } }, question, true],
  ['first of a range', { ports: { min: 2000, max: 2001 } }, question, true],
  ['last of a range', { ports: { min: 1999, max: 2000 } }, question, true],
  ['beyond a range', { ports: { min: 1998, max: 1999 } }, question, false],
  ['the source port is none', { ports: { min: 1000, max: 1000 } }, question, false],
  ['an ICMP type', { protocol: 1, ports: { min: 8, max: null } }, echo, true],
  ['an ICMP type and code', { protocol: 1, ports: { min: 8, max: 0 } }, echo, true],
  ['another code', { protocol: 1, ports: { min: 8, max: 0 } }, (server) => echo(server, 1), false],
  ['another type', { protocol: 1, ports: { min: 13, max: null } }, echo, false],
  ['a CIDR that has it', { remote: { kind: 'cidr', cidr: '10.30.0.0/31' } }, question, true],
  ['a CIDR that has not', { remote: { kind: 'cidr', cidr: '10.30.0.2/31' } }, question, false],
  ['a group that nobody is in', { remote: { kind: 'group', id: 'none' } }, question, false],
  ['a group that it is in', { remote: { kind: 'group', id: outward.id } }, question, true],
  ['addresses that have it', { remote: { kind: 'address-group', id: 'clients' } }, question, true],
  ['addresses of others', { remote: { kind: 'address-group', id: 'others' } }, question, false],
];

for (const [name, fields, packet, expected] of RULES) {
  for (const stateful of [true, false]) {
    const kind = stateful ? 'stateful' : 'stateless';
    test(`a rule for ${name} ${expected ? 'lets in' : 'does not let in'}, ${kind}`, () => {
      const { model, server } = scene([rule('ingress', fields)], stateful);
      assert.equal(reaches(model, client.port.id, packet(server), server.port.id), expected);
    });
  }
}

test('an answer passes with a stateful group, and needs a rule with a stateless one', () => {
  for (const stateful of [true, false]) {
    const { model, server } = scene([rule('ingress')], stateful);
    const answer = udp(server, client, 2000, 1000);
    assert.equal(reaches(model, server.port.id, answer, client.port.id), false, 'nobody has asked');
    assert.ok(reaches(model, client.port.id, question(server), server.port.id));
    assert.equal(reaches(model, server.port.id, answer, client.port.id), stateful);
  }
});

test('one of a stateful and a stateless group is enough', () => {
  const { model, server, inward } = scene([rule('ingress')], true);
  const answers = groupOf([rule('egress', { protocol: 6 })], { stateful: false });
  const ports = [inGroups(server, [inward.id, answers.id])];
  model.apply({ ...NO_CHANGE, ports, groups: [answers] });
  assert.ok(reaches(model, client.port.id, question(server), server.port.id));
  assert.ok(reaches(model, server.port.id, udp(server, client, 2000, 1000), client.port.id));
});

test('a flow ends both ways when its rule goes, and goes on when it is back', () => {
  const { model, server, inward } = scene([rule('ingress')], true);
  const answer = udp(server, client, 2000, 1000);
  const both = () => [
    reaches(model, client.port.id, question(server), server.port.id),
    reaches(model, server.port.id, answer, client.port.id),
  ];
  assert.deepEqual(both(), [true, true]);
  model.apply({ ...NO_CHANGE, groups: [{ ...inward, rules: [] }] });
  assert.deepEqual(both(), [false, false]);
  model.apply({ ...NO_CHANGE, groups: [inward] });
  assert.deepEqual(both(), [true, true]);
});

test('an error passes when it is about a flow that passes, and goes to who has sent', () => {
  const { model, server } = scene([rule('ingress')], true);
  const about = question(server).body as IpPacket;
  const error = ipFrame(4, server, client, { kind: 'icmp', type: 3, code: 3, about });
  assert.equal(reaches(model, server.port.id, error, client.port.id), false, 'nothing was sent');
  assert.ok(reaches(model, client.port.id, question(server), server.port.id));
  assert.ok(reaches(model, server.port.id, error, client.port.id));
  const elsewhere = { ...error, body: { ...(error.body as IpPacket), destination: STRANGER.ip4 } };
  assert.equal(reaches(model, server.port.id, elsewhere, client.port.id), false);
});

test('a member without addresses is known by its MAC, on its own network only', () => {
  const remote = { kind: 'group', id: outward.id } as const;
  for (const networkId of [network.id, 'another']) {
    const { model, server } = scene([rule('ingress', { remote })], true);
    const port = {
      ...client.port,
      firewall: client.port.firewall && { ...client.port.firewall, mode: 'l2' as const },
    };
    const members = [{ ...memberOf(client, [outward.id]), networkId, cidrs: [] }];
    model.apply({ ...NO_CHANGE, ports: [port], members });
    const packet = spoofed(question(server), { ip: STRANGER.ip4 });
    assert.equal(reaches(model, port.id, packet, server.port.id), networkId === network.id);
  }
});

test('drops are counted where they happen, by reason', () => {
  const { model, server } = scene([rule('ingress', { protocol: 6 })], true);
  const reasons = (from: string, packet: Packet) => model.send(from, packet).drops;
  assert.deepEqual(reasons(client.port.id, question(server)), [
    { port: server.port.id, reason: 'group' },
  ]);
  assert.deepEqual(reasons(server.port.id, udp(server, client, 1, 2)), [
    { port: server.port.id, reason: 'group' },
  ]);
  const forged = [{ port: client.port.id, reason: 'spoof' }];
  assert.deepEqual(
    reasons(client.port.id, spoofed(question(server), { ip: STRANGER.ip4 })),
    forged,
  );
  assert.deepEqual(reasons(client.port.id, link(ICMP6.routerAdvertisement, client)), forged);
});

test('each frame of the table carries its mark, whatever it is', () => {
  const { peerHost, subjects } = tableScene();
  for (const row of ROWS) {
    const packets = row.frames(subjects[0]?.host ?? STRANGER, peerHost);
    // Of a packet in pieces one has it.
    assert.ok(packets.some(marked), row.frame);
    for (const packet of packets.filter(({ body }) => !('fragment' in body))) {
      assert.ok(marked(packet), sayPacket(packet));
    }
  }
});

/** A server with one group of these rules, and the client, which may send what it likes. */
function scene(rules: readonly SecurityRuleSpec[], stateful: boolean) {
  const inward = groupOf(rules, { stateful });
  const server = guestOn(network, 2, [inward.id]);
  const model = new FirewallModel();
  model.apply({
    ...NO_CHANGE,
    networks: [network],
    ports: [client.port, server.port],
    groups: [inward, outward],
    members: [memberOf(client, [outward.id])],
    addressGroups: [
      { id: 'clients', cidrs: ['10.30.0.1/32'] },
      { id: 'others', cidrs: ['10.30.0.8/29'] },
    ],
  });
  return { model, server, inward };
}

function marked(packet: Packet): boolean {
  return markOf(frameBytes(packet, 0x12345678)) === 0x12345678;
}

function reaches(model: FirewallModel, from: string, packet: Packet, to: string): boolean {
  return model.send(from, packet).arrivals.includes(to);
}
