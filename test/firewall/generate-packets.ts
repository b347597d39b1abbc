/** Packets for the property test: conversations, what goes wrong in them, and what does not belong. */
import type { PortSpec } from '#base/host/links.ts';
import { hostOfSlot, SLOTS, type Step } from './case.ts';
import {
  ALL_NODES,
  arp,
  dhcp,
  DOT1AD,
  DOT1Q,
  ip,
  ipFrame,
  link,
  other,
  spoofed,
  tagged,
  type Host,
} from './hosts.ts';
import { ICMP6 } from './leaving.ts';
import { BROADCAST, ETHERTYPES, GROUP_MACS, type IpPacket, type Packet } from './packet.ts';
import type { Random } from './random.ts';

const PORTS = [53, 1000, 1001, 1002, 2000] as const;

type Send = Extract<Step, { kind: 'send' }>;

/** What one port begins, with what others answer. */
export function generateFlow(random: Random, ports: readonly PortSpec[]): readonly Send[] {
  const slot = random.pick(SLOTS);
  const peers = SLOTS.filter((one) => one < 4 === slot < 4 && one !== slot);
  const peer = random.pick(peers);
  const [from, to] = [ports[slot]?.id ?? '', ports[peer]?.id ?? ''];
  const [one, two] = [hostAt(hostOfSlot(slot)), hostAt(hostOfSlot(peer))];
  if (random.chance(0.2)) {
    const packets = random.many(2, () => generateOddity(random, one, two));
    return packets.map((packet) => ({ kind: 'send', from, packet }));
  }
  const asked = random.chance(0.15)
    ? generateStranger(random, generateQuestion(random, one, two))
    : generateQuestion(random, one, two);
  const [question, answer] = turnsOf(random, asked, one, two);
  const talk: Send[] = [
    { kind: 'send', from, packet: question },
    { kind: 'send', from: to, packet: answer },
    { kind: 'send', from, packet: later(question) },
    { kind: 'send', from: to, packet: later(answer, 'back') },
  ];
  if (random.chance(0.25)) {
    talk.push({ kind: 'send', from: to, packet: generateError(random, asked, two, one) });
  }
  // What comes after the rules have changed, perhaps.
  talk.push({ kind: 'send', from, packet: later(question) });
  talk.push({ kind: 'send', from: to, packet: later(answer, 'back') });
  const { body } = question;
  const opens =
    body.kind === 'ip' && body.payload.kind === 'ports' && body.payload.step !== undefined;
  // A connection is opened first: what the kernel makes of any other order is its own business.
  return !opens && random.chance(0.1) ? talk.toReversed() : talk;
}

/** Some of the same packets, on the other network, between the ports with the same addresses. */
export function generateTwin(random: Random, talk: readonly Send[]): readonly Send[] {
  return random.some(talk, 0.6).flatMap((send): Send[] => {
    const slot = twinOf(send.from);
    // The fourth port has no twin: nobody is there to whom the packet could go.
    if (slot === undefined || send.packet.destination === '@mac4') return [];
    return [{ ...send, from: `@port${slot}` }];
  });
}

function twinOf(port: string): number | undefined {
  const slot = Number(port.replace('@port', ''));
  return SLOTS.find((one) => one % 4 === slot % 4 && one !== slot);
}

function hostAt(number: number): Host {
  return { mac: `@mac${number}`, ip4: `@a.${number}`, ip6: `@b::${number}` };
}

function generateQuestion(random: Random, one: Host, two: Host): Packet {
  const version = random.chance(0.7) ? 4 : 6;
  switch (
    random.pick(['udp', 'udp', 'tcp', 'tcp', 'sctp', 'udplite', 'icmp', 'icmp', 'raw'] as const)
  ) {
    case 'udp':
      return ip(version, one, two, 'udp', random.pick(PORTS), random.pick(PORTS));
    case 'tcp':
      return ip(version, one, two, 'tcp', ownPort(random), random.pick(PORTS), 'open');
    case 'sctp':
      return ip(version, one, two, 'sctp', ownPort(random), random.pick(PORTS), 'open');
    case 'udplite':
      return ip(version, one, two, 'udplite', random.pick(PORTS), random.pick(PORTS));
    case 'icmp': {
      const types = version === 4 ? [8, 8, 13, 0, 3] : [128, 128, 129, 1];
      const id = 1 + random.below(1000);
      const code = random.chance(0.1) ? 1 : 0;
      return ipFrame(version, one, two, { kind: 'icmp', type: random.pick(types), code, id });
    }
    case 'raw':
      return ipFrame(version, one, two, { kind: 'raw', protocol: random.pick([253, 254]) });
  }
}

/** No two connections have the same ports, not even the other way round: that would be one, out of order. */
function ownPort(random: Random): number {
  return 10_000 + random.below(50_000);
}

/** Says that it comes from elsewhere, or goes elsewhere. */
function generateStranger(random: Random, packet: Packet): Packet {
  const body = packet.body as IpPacket;
  const address = (number: number) => (body.version === 4 ? `@a.${number}` : `@b::${number}`);
  switch (random.pick(['ip', 'mac', 'second', 'away', 'to away', 'lost'] as const)) {
    case 'ip':
      return spoofed(packet, { ip: address(random.pick([1, 2, 3, 4, 8])) });
    case 'mac':
      return spoofed(packet, { mac: random.pick(['@mac1', '@mac2', '@mac3', '@mac30']) });
    case 'second':
      return spoofed(packet, { mac: '@mac9', ip: address(9) });
    case 'away':
      return spoofed(packet, { ip: address(20) });
    case 'to away':
      return { ...packet, body: { ...body, destination: address(20) } };
    case 'lost':
      return { ...packet, destination: '@mac31' };
  }
}

/** The packet and its answer. */
function turnsOf(random: Random, packet: Packet, one: Host, two: Host): readonly [Packet, Packet] {
  const body = packet.body as IpPacket;
  const turned = {
    source: two.mac,
    destination: packet.source === one.mac || random.chance(0.5) ? packet.source : one.mac,
    body: { ...body, source: body.destination, destination: body.source },
  };
  const { payload } = body;
  switch (payload.kind) {
    case 'ports': {
      const { sourcePort, destinationPort, step } = payload;
      const ports = { sourcePort: destinationPort, destinationPort: sourcePort };
      const answer = step === undefined ? {} : ({ step: 'answer' } as const);
      return [
        packet,
        { ...turned, body: { ...turned.body, payload: { ...payload, ...ports, ...answer } } },
      ];
    }
    case 'icmp': {
      const answers: Readonly<Record<number, number>> =
        body.version === 4 ? { 8: 0, 13: 14 } : { 128: 129 };
      const type = answers[payload.type] ?? payload.type;
      return [packet, { ...turned, body: { ...turned.body, payload: { ...payload, type } } }];
    }
    case 'raw':
      return [packet, turned];
  }
}

/** The same packet once its connection is open. */
function later(packet: Packet, step: 'data' | 'back' = 'data'): Packet {
  const { body } = packet;
  if (body.kind !== 'ip' || body.payload.kind !== 'ports') return packet;
  if (body.payload.step === undefined) return packet;
  return { ...packet, body: { ...body, payload: { ...body.payload, step } } };
}

/** Somebody on the way, or at its end, could not deliver the packet. */
function generateError(random: Random, about: Packet, from: Host, to: Host): Packet {
  const body = about.body as IpPacket;
  const [type, code] =
    body.version === 4
      ? random.pick([
          [3, 1],
          [3, 3],
          [11, 0],
        ] as const)
      : random.pick([
          [1, 4],
          [2, 0],
          [3, 0],
        ] as const);
  return ipFrame(body.version, from, to, { kind: 'icmp', type, code, about: body });
}

function generateOddity(random: Random, one: Host, two: Host): Packet {
  const all: readonly (() => Packet)[] = [
    () => arp(one, BROADCAST, { targetIp: two.ip4 }),
    () => arp(one, two, { operation: 'reply', senderIp: '@a.8' }),
    () => arp(one, BROADCAST, { senderIp: '0.0.0.0', targetIp: random.pick([one.ip4, '@a.8']) }),
    () => arp(one, two, { senderMac: '@mac9', senderIp: '@a.9' }),
    () => dhcp(4, one, 'client'),
    () => dhcp(4, one, 'server', two),
    () => ip(4, one, { ...two, mac: BROADCAST, ip4: '255.255.255.255' }, 'udp', 1000, 2000),
    () => ip(4, one, { ...two, mac: '01:00:5e:01:02:03', ip4: '239.1.2.3' }, 'udp', 1000, 2000),
    () =>
      ipFrame(
        4,
        one,
        { ...two, mac: '01:00:5e:01:02:03', ip4: '239.1.2.3' },
        { kind: 'raw', protocol: 2 },
      ),
    () => solicit(random, one),
    () => other(one, two, random.pick([ETHERTYPES.experiment, ETHERTYPES.mpls, ETHERTYPES.rarp])),
    () => other(one, GROUP_MACS.lldp, ETHERTYPES.lldp),
    () => tagged(ip(4, one, two, 'udp', 1000, 2000), random.pick([DOT1Q, DOT1AD])),
  ];
  return random.pick(all)();
}

function solicit(random: Random, one: Host): Packet {
  const type = random.pick([
    ICMP6.solicitation,
    ICMP6.advertisement,
    ICMP6.advertisement,
    ICMP6.routerAdvertisement,
    ICMP6.routerSolicitation,
    ICMP6.redirect,
    ICMP6.listenerQuery,
  ]);
  const own = `@ll${one.mac.slice(4)}`;
  const source = random.pick([own, one.ip6, '@b::8', '::']);
  const target = random.pick([own, one.ip6, '@b::8']);
  const aims = type !== ICMP6.routerAdvertisement && type !== ICMP6.routerSolicitation;
  return link(type, one, ALL_NODES, aims ? { source, target } : { source });
}
