/** What no longer is allowed ends at once, in both directions, and comes back when it is allowed again. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AddressGroupSpec, SecurityRemote } from '#base/host/firewall.ts';
import type { DataplaneChange } from '../../src/drivers/dataplane/dataplane.ts';
import { chooseEngine } from '../../src/drivers/dataplane/linux/kernel.ts';
import { attempt, run } from '../../src/drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { networkOf, openPlane, type DataplaneWorld } from '../dataplane/world.ts';
import { Exchange } from './exchange.ts';
import {
  groupOf,
  guestOn,
  inGroups,
  memberOf,
  outwardGroup,
  rule,
  type Guest,
} from './flow-scene.ts';
import { fragmentsOf, OPTIONS_LENGTH } from './frames.ts';
import { ip, ipFrame, link, spoofed, STRANGER } from './hosts.ts';
import { ICMP6 } from './leaving.ts';
import type { IpPacket, Packet } from './packet.ts';
import { openGroup } from './table-subjects.ts';

/** How a flow from client to server is let in, and a change that takes that away. */
type Cut = {
  readonly name: string;
  readonly version?: 6;
  readonly remote?: (scene: Scene) => SecurityRemote;
  /** The server knows the client by its MAC: it has no address. */
  readonly unaddressed?: true;
  readonly cut: (scene: Scene) => Partial<DataplaneChange>;
  readonly restore: (scene: Scene) => Partial<DataplaneChange>;
};

type Scene = {
  readonly client: Guest;
  readonly server: Guest;
  /** Lets the flow in at the server. */
  readonly inward: ReturnType<typeof groupOf>;
  /** Lets everything out, at both. */
  readonly outward: ReturnType<typeof groupOf>;
  readonly addresses: AddressGroupSpec;
};

const CUTS: readonly Cut[] = [
  {
    name: 'the rule that lets it in goes',
    cut: ({ inward }) => ({ groups: [{ ...inward, rules: [] }] }),
    restore: ({ inward }) => ({ groups: [inward] }),
  },
  {
    name: 'the rule that lets it in goes, IPv6',
    version: 6,
    cut: ({ inward }) => ({ groups: [{ ...inward, rules: [] }] }),
    restore: ({ inward }) => ({ groups: [inward] }),
  },
  {
    name: 'the rule that lets it out goes',
    cut: ({ outward }) => ({ groups: [{ ...outward, rules: [] }] }),
    restore: ({ outward }) => ({ groups: [outward] }),
  },
  {
    name: 'the rule becomes one for another port',
    cut: ({ inward }) => ({
      groups: [
        { ...inward, rules: inward.rules.map((one) => ({ ...one, ports: { min: 9, max: 9 } })) },
      ],
    }),
    restore: ({ inward }) => ({ groups: [inward] }),
  },
  {
    name: 'the port leaves its group',
    cut: ({ server, outward }) => ({ ports: [inGroups(server, [outward.id])] }),
    restore: ({ server }) => ({ ports: [server.port] }),
  },
  {
    name: 'the group is deleted',
    cut: ({ server, inward, outward }) => ({
      absentGroups: [inward.id],
      ports: [inGroups(server, [outward.id])],
    }),
    restore: ({ server, inward }) => ({ groups: [inward], ports: [server.port] }),
  },
  {
    name: 'the other side leaves the remote group',
    remote: ({ outward }) => ({ kind: 'group', id: outward.id }),
    cut: ({ client }) => ({ absentMembers: [client.port.id] }),
    restore: ({ client, outward }) => ({ members: [memberOf(client, [outward.id])] }),
  },
  {
    name: 'the other side, a member of the remote group, has another address',
    remote: ({ outward }) => ({ kind: 'group', id: outward.id }),
    cut: ({ client, outward }) => ({
      members: [{ ...memberOf(client, [outward.id]), cidrs: ['10.30.0.77/32'] }],
    }),
    restore: ({ client, outward }) => ({ members: [memberOf(client, [outward.id])] }),
  },
  {
    name: 'the other side, known by its MAC, leaves the remote group',
    remote: ({ outward }) => ({ kind: 'group', id: outward.id }),
    unaddressed: true,
    cut: ({ client }) => ({ absentMembers: [client.port.id] }),
    restore: ({ client, outward }) => ({
      members: [{ ...memberOf(client, [outward.id]), cidrs: [] }],
    }),
  },
  {
    name: 'the address group no longer has the other side',
    remote: ({ addresses }) => ({ kind: 'address-group', id: addresses.id }),
    cut: ({ addresses }) => ({ addressGroups: [{ ...addresses, cidrs: [] }] }),
    restore: ({ addresses }) => ({ addressGroups: [addresses] }),
  },
];

export const flowChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'an established flow ends in both directions at once when what lets it pass goes, and goes on when it is back',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const scenes = CUTS.map((cut, index) => ({ cut, scene: sceneOf(network, cut, index) }));
      const ports = scenes.flatMap(({ scene }) => [scene.client.port, scene.server.port]);
      await plane.apply({
        networks: [network],
        ports,
        groups: scenes.flatMap(({ scene }) => [scene.inward, scene.outward]),
        addressGroups: scenes.map(({ scene }) => scene.addresses),
      });
      for (const { cut, scene } of scenes) await plane.apply(cut.restore(scene));
      await using exchange = await Exchange.open(world, ports);
      for (const { cut, scene } of scenes) {
        const { client, server } = scene;
        const both = async (what: string, passes: boolean, first: 'open' | 'data' = 'data') => {
          for (const protocol of ['tcp', 'udp', 'icmp'] as const) {
            const [there, back] = talk(scene, cut.version ?? 4, protocol, first);
            const arrived = await exchange.send([
              { from: client.port.id, packet: there },
              { from: server.port.id, packet: back },
            ]);
            const expected = passes ? [[server.port.id], [client.port.id]] : [[], []];
            assert.deepEqual(arrived, expected, `${cut.name}: ${protocol}, ${what}`);
          }
        };
        await both('opened', true, 'open');
        await both('established', true);
        await plane.apply(cut.cut(scene));
        await both('cut', false);
        await plane.apply(cut.restore(scene));
        await both('restored', true);
      }
      await plane.apply({
        absentGroups: scenes.flatMap(({ scene }) => [scene.inward.id, scene.outward.id]),
        absentMembers: scenes.map(({ scene }) => scene.client.port.id),
        absentAddressGroups: scenes.map(({ scene }) => scene.addresses.id),
      });
    },
  },
  {
    name: 'a flow that a member known by its MAC has begun is no way in for others who use its addresses',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const outward = outwardGroup();
      const remote = { kind: 'group', id: outward.id } as const;
      const inward = groupOf([rule('ingress', { remote })]);
      const member = guestOn(network, 1, [outward.id], { mode: 'l2' });
      const other = guestOn(network, 2, [outward.id], { mode: 'l2' });
      const server = guestOn(network, 3, [inward.id]);
      const ports = [member, other, server].map((guest) => guest.port);
      const members = [{ ...memberOf(member, [outward.id]), cidrs: [] }];
      await plane.apply({ networks: [network], ports, groups: [outward, inward], members });
      await using exchange = await Exchange.open(world, ports);
      const packet = ip(4, member, server, 'udp', 1000, 2000);
      const answer = ip(4, server, member, 'udp', 2000, 1000);
      const arrived = await exchange.send([
        { from: member.port.id, packet },
        { from: server.port.id, packet: answer },
        { from: other.port.id, packet: spoofed(packet, { mac: other.mac }) },
        { from: server.port.id, packet: { ...answer, destination: other.mac } },
        { from: member.port.id, packet },
      ]);
      await plane.apply({
        absentGroups: [outward.id, inward.id],
        absentMembers: [member.port.id],
      });
      const { server: to, member: back } = { server: server.port.id, member: member.port.id };
      assert.deepEqual(arrived, [[to], [back], [], [], [to]]);
    },
  },
  {
    name: 'what a guest may not say it cannot say in pieces either',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const all = { ...openGroup(randomUUID()), stateful: false };
      const guest = guestOn(network, 1, [all.id]);
      const witness = guestOn(network, 2, []);
      const ports = [guest.port, { ...witness.port, firewall: null }];
      await plane.apply({ networks: [network], ports, groups: [all] });
      await using exchange = await Exchange.open(world, ports);
      const types = [ICMP6.routerAdvertisement, ICMP6.redirect, ICMP6.advertisement];
      const lies = types.map((type) => link(type, guest, undefined, { target: STRANGER.ip6 }));
      const echo = ipFrame(6, guest, witness, { kind: 'icmp', type: 128, code: 0, id: 1 });
      const sent = [...lies, echo].map((packet, index) =>
        fragmentsOf(withOptions(packet), OPTIONS_LENGTH + 8, 100 + index).map((piece) => ({
          from: guest.port.id,
          packet: piece,
        })),
      );
      const arrived: boolean[] = [];
      for (const pieces of sent) {
        const holders = await exchange.send(pieces);
        arrived.push(holders.some((ids) => ids.includes(witness.port.id)));
      }
      await plane.apply({ absentGroups: [all.id] });
      // Where the kernel tracks bridged packets it puts pieces together, cannot cut such packets again, and drops them all.
      const inPieces = (await chooseEngine({ run, attempt }, world.signal)) === 'inet';
      assert.deepEqual(arrived, [false, false, false, inPieces]);
    },
  },
  {
    name: 'DCCP, too, is judged by its ports',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const outward = outwardGroup();
      const inward = groupOf([rule('ingress', { protocol: 33, ports: { min: 5000, max: 5001 } })]);
      const client = guestOn(network, 1, [outward.id]);
      const server = guestOn(network, 2, [inward.id]);
      const ports = [client.port, server.port];
      await plane.apply({ networks: [network], ports, groups: [outward, inward] });
      await using exchange = await Exchange.open(world, ports);
      const ask = (port: number) => ip(4, client, server, 'dccp', 4000, port, 'open');
      const answer = (port: number) => ip(4, server, client, 'dccp', port, 4000, 'answer');
      const arrived = await exchange.send([
        { from: client.port.id, packet: ask(5002) },
        { from: client.port.id, packet: ask(5001) },
        { from: server.port.id, packet: answer(5001) },
        { from: client.port.id, packet: ask(5002) },
        { from: server.port.id, packet: answer(5002) },
      ]);
      await plane.apply({ absentGroups: [outward.id, inward.id] });
      assert.deepEqual(arrived, [[], [server.port.id], [client.port.id], [], []]);
    },
  },
];

function sceneOf(network: ReturnType<typeof networkOf>, cut: Cut, index: number): Scene {
  const outward = outwardGroup();
  const addresses = { id: randomUUID(), cidrs: [`10.30.0.${index * 2 + 1}/32`] };
  const empty = groupOf([]);
  const client = guestOn(network, index * 2 + 1, [outward.id], cut.unaddressed && { mode: 'l2' });
  const server = guestOn(network, index * 2 + 2, [outward.id, empty.id]);
  const scene = { client, server, inward: empty, outward, addresses };
  const remote = cut.remote?.(scene) ?? { kind: 'any' };
  const version = cut.version ?? 4;
  const rules = [
    rule('ingress', { version, remote, ports: { min: 2000, max: 2999 } }),
    rule('ingress', { version, remote, protocol: 6, ports: { min: 2000, max: 2999 } }),
    rule('ingress', { version, remote, protocol: version === 4 ? 1 : 58 }),
  ];
  return { ...scene, inward: { ...empty, rules } };
}

/** A packet of the client, and what the server says to it. */
function talk(
  { client, server }: Scene,
  version: 4 | 6,
  protocol: 'tcp' | 'udp' | 'icmp',
  first: 'open' | 'data',
): readonly [Packet, Packet] {
  if (protocol === 'icmp') {
    const [asked, answered] = version === 4 ? [8, 0] : [128, 129];
    const echo = { kind: 'icmp', code: 0, id: 77 } as const;
    return [
      ipFrame(version, client, server, { ...echo, type: asked }),
      ipFrame(version, server, client, { ...echo, type: answered }),
    ];
  }
  if (protocol === 'udp') {
    return [
      ip(version, client, server, 'udp', 1000, 2000),
      ip(version, server, client, 'udp', 2000, 1000),
    ];
  }
  const [step, answer] =
    first === 'open' ? (['open', 'answer'] as const) : (['data', 'back'] as const);
  return [
    ip(version, client, server, 'tcp', 1000, 2000, step),
    ip(version, server, client, 'tcp', 2000, 1000, answer),
  ];
}

/** With a header of options, behind which a firewall that reads only the first piece finds nothing. */
function withOptions(packet: Packet): Packet {
  return { ...packet, body: { ...(packet.body as IpPacket), options: true } };
}
