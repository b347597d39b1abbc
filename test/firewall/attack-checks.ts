/** What guests may try: to say in pieces what they may not say, to answer what nobody asked, to blame others. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { parseIp } from '#base/net/ip.ts';
import { until, type Check } from '../dataplane/check.ts';
import { networkOf, openPlane, type DataplaneWorld } from '../dataplane/world.ts';
import { Exchange, type Sent } from './exchange.ts';
import { guestOn, outwardGroup, type Guest } from './flow-scene.ts';
import { fragmentsOf, OPTIONS_LENGTH } from './frames.ts';
import { ip, ipFrame, link, other, spoofed, STRANGER } from './hosts.ts';
import { ICMP6 } from './leaving.ts';
import { BROADCAST, ETHERTYPES, type IpPacket, type Packet } from './packet.ts';
import { NO_LIMITS, openGroup } from './table-subjects.ts';

export const attackChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'pieces of a message are not taken for what stands behind the end of the first',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const all = { ...openGroup(randomUUID()), stateful: false };
      const [shut, stateless] = [guestOn(network, 1, []), guestOn(network, 2, [all.id])];
      const witness = withoutFirewall(guestOn(network, 3, []));
      const ports = [shut, stateless, witness].map(({ port }) => port);
      await plane.apply({ networks: [network], ports, groups: [all] });
      await using exchange = await Exchange.open(world, ports);
      // To all: kernels cannot always cut such a packet again when it is for one.
      const everybody = { ...witness, mac: BROADCAST };
      const echo = ipFrame(6, stateless, everybody, { kind: 'icmp', type: 128, code: 0, id: 1 });
      const tries = [
        [shut, lie(shut), shut.ip6],
        [stateless, lie(stateless), stateless.ip6],
        // And so that it is known that such pieces are put together at all.
        [stateless, echo, ''],
      ] as const;
      const arrived: boolean[] = [];
      for (const [index, [guest, packet, behind]] of tries.entries()) {
        const pieces = hiding(packet, behind, 200 + index);
        const holders = await exchange.send(pieces.map((piece) => sent(guest, piece)));
        arrived.push(holders.some((ids) => ids.includes(witness.port.id)));
      }
      await plane.apply({ absentGroups: [all.id] });
      assert.deepEqual(arrived, [false, false, true]);
    },
  },
  ...([4, 6] as const).map((version): Check<DataplaneWorld> => ({
    name: `pieces from two networks are never put together, IPv${version}`,
    run: async (world) => {
      await using plane = openPlane(world);
      const all = openGroup(randomUUID());
      const [here, there] = [networkOf(), networkOf()];
      const on = (network: NetworkSpec) =>
        [1, 2].map((number) => guestOn(network, number, [all.id])) as [Guest, Guest];
      const [[client, server], [stranger, neighbour]] = [on(here), on(there)];
      const ports = [client, server, stranger, neighbour].map(({ port }) => port);
      await plane.apply({ networks: [here, there], ports, groups: [all] });
      await using exchange = await Exchange.open(world, ports);
      const packet = ip(version, client, server, 'udp', 1000, 2000);
      const [first, last] = fragmentsOf(packet, version === 4 ? 8 : 1240, 77) as [Packet, Packet];
      const mixed = await exchange.send([sent(client, first), sent(stranger, last)]);
      const whole = await exchange.send([sent(client, last)]);
      await plane.apply({ absentGroups: [all.id] });
      assert.deepEqual([...mixed, ...whole], [[], [], [server.port.id]]);
    },
  })),
  {
    name: 'nobody opens a guest by sending in its name what it is then to have an answer to',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const [all, outward] = [openGroup(randomUUID()), outwardGroup()];
      const liar = guestOn(network, 1, [all.id], { mode: 'l2' });
      const victim = guestOn(network, 2, [outward.id]);
      const open = withoutFirewall(guestOn(network, 3, []));
      const ports = [liar, victim, open].map(({ port }) => port);
      await plane.apply({ networks: [network], ports, groups: [all, outward] });
      await using exchange = await Exchange.open(world, ports);
      const arrived: boolean[][] = [];
      for (const [at, from] of [liar, open].entries()) {
        const [own, theirs] = [1000 + at, 22 + at];
        const question = ip(4, victim, { ...from, mac: BROADCAST }, 'udp', theirs, own);
        const inItsName = spoofed(question, { mac: from.mac });
        const answer = { from: from.port.id, packet: ip(4, from, victim, 'udp', own, theirs) };
        const passes = async (...sends: readonly Sent[]) =>
          (await exchange.send(sends)).map((ids) => ids.includes(victim.port.id));
        arrived.push(
          await passes({ from: from.port.id, packet: inItsName }, answer),
          // Once it has asked for it, it gets it.
          await passes({ from: victim.port.id, packet: question }, answer),
        );
      }
      await plane.apply({ absentGroups: [all.id, outward.id] });
      const expected = [
        [false, false],
        [false, true],
      ];
      assert.deepEqual(arrived, [...expected, ...expected]);
    },
  },
  {
    name: 'who sends with the MAC of what is behind another port loops, and not the other',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const [liar, witness] = [1, 2].map((n) => withoutFirewall(guestOn(network, n, []))) as [
        Guest,
        Guest,
      ];
      const storm = { ...NO_LIMITS, loopAction: 'quarantine', holdSeconds: 60 } as const;
      const honest = withoutFirewall(guestOn(network, 3, []), { storm });
      const ports = [liar, witness, honest].map(({ port }) => port);
      await plane.apply({ networks: [network], ports });
      await using exchange = await Exchange.open(world, ports);
      const packet = other(STRANGER, BROADCAST, ETHERTYPES.experiment);
      const began = Date.now();
      for (let turn = 0; turn < 80; turn += 1) {
        const from = turn % 2 === 0 ? honest : liar;
        const mark = exchange.stream({ from: from.port.id, packet });
        await until('the frame comes', () => exchange.has(witness.port.id, mark));
      }
      assert.ok(Date.now() - began < 2_000, 'it went too slowly for a loop');
      const { ports: found } = await plane.dataplane.observe(world);
      const storms = new Map(found.map(({ id, storm: state }) => [id, state]));
      assert.deepEqual(
        [liar, witness, honest].map(({ port }) => storms.get(port.id)),
        ['loop', 'ok', 'ok'],
      );
    },
  },
  {
    name: 'what moves from behind one port to behind another does not loop',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const [before, after, witness] = [1, 2, 3].map((n) =>
        withoutFirewall(guestOn(network, n, [])),
      ) as [Guest, Guest, Guest];
      const ports = [before, after, witness].map(({ port }) => port);
      await plane.apply({ networks: [network], ports });
      await using exchange = await Exchange.open(world, ports);
      const packet = other(STRANGER, BROADCAST, ETHERTYPES.experiment);
      for (const { port } of [before, after]) {
        await exchange.send(Array.from({ length: 50 }, () => ({ from: port.id, packet })));
      }
      const { ports: found } = await plane.dataplane.observe(world);
      assert.deepEqual(new Set(found.map(({ storm }) => storm)), new Set(['ok']));
    },
  },
  {
    name: 'a guest that makes up MACs does not fill the tables of its host',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const liar = withoutFirewall(guestOn(network, 1, []));
      const witness = withoutFirewall(guestOn(network, 2, []));
      const ports = [liar.port, witness.port];
      await plane.apply({ networks: [network], ports });
      await using exchange = await Exchange.open(world, ports);
      const from = liar.port.id;
      const marks: number[] = [];
      for (let number = 0; number < 3000; number += 1) {
        const mac = `02:66:00:00:${hexByte(number >> 8)}:${hexByte(number & 0xff)}`;
        const packet = other({ ...STRANGER, mac }, BROADCAST, ETHERTYPES.experiment);
        marks.push(exchange.stream({ from, packet }));
        // No more at once than a tap holds.
        if (number % 100 === 99) await exchange.settle(from);
      }
      const came = marks.filter((mark) => exchange.has(witness.port.id, mark)).length;
      const drops = (await plane.dataplane.counters(world)).get(from)?.drops;
      assert.ok(came >= 1000 && came < 2900, `${came} of them came`);
      assert.equal(drops?.storm.packets, marks.length - came);
    },
  },
];

function lie(guest: Guest): Packet {
  return link(ICMP6.advertisement, guest, undefined, { target: STRANGER.ip6 });
}

function sent({ port }: Guest, packet: Packet): Sent {
  return { from: port.id, packet };
}

function withoutFirewall(guest: Guest, fields: Partial<PortSpec> = {}): Guest {
  return { ...guest, port: { ...guest.port, firewall: null, ...fields } };
}

/** The message cut behind its type, with an address behind the end of the first piece, as if that were the target. */
function hiding(packet: Packet, address: string, id: number): readonly Packet[] {
  const long = { ...packet, body: { ...(packet.body as IpPacket), options: true } } as const;
  const [first, ...rest] = fragmentsOf(long, OPTIONS_LENGTH + 8, id) as [Packet, ...Packet[]];
  return [{ ...first, trailer: parseIp(address)?.value.toString(16) ?? '' }, ...rest];
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
