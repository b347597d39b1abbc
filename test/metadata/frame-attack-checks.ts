/** What a port may try frame by frame: to ask in the name of another card, and to hear what another is answered. */
import assert from 'node:assert/strict';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { serviceMac } from '../../src/drivers/dataplane/linux/facts.ts';
import { address4Of, address6Of } from '../../src/drivers/dataplane/linux/metadata/identities.ts';
import { until, type Check } from '../dataplane/check.ts';
import { networkOf, untilForwarding, type DataplaneWorld } from '../dataplane/world.ts';
import { openWires, type Wires } from '../dataplane/wires.ts';
import { frameBytes, fragmentsOf } from '../firewall/frames.ts';
import { DOT1Q, ip, type Host } from '../firewall/hosts.ts';
import { linkLocal } from '../firewall/leaving.ts';
import type { IpPacket, Packet } from '../firewall/packet.ts';
import { answeringPlane, portAs } from './scene.ts';

type Guest = Host & { readonly port: PortSpec };

/** In the order of their ports' numbers. */
const MODES = ['l2', 'transparent', 'off', 'strict', 'l2', 'off', 'transparent'] as const;
const LIARS = 3;

export const frameAttackChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'no frame gets an answer for another card, or what another is answered, in any mode of either',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const guests = MODES.map((mode, index) => guestOf(network, mode, index));
      const ports = guests.map(({ port }) => port);
      await plane.apply({ networks: [network], ports });
      const directory = world.stateDir;
      const taps = ports.map(({ tap }) => tap);
      await using wires = await openWires(taps, { directory, uid: world.guestUid });
      await untilForwarding(world, ports);
      const tries = new Tries(wires, serverOf(network));
      const [liars, others] = [guests.slice(0, LIARS), guests.slice(LIARS)];
      for (const liar of liars) {
        for (const other of others) {
          for (const packet of tries.inTheNameOf(other)) tries.send(liar, packet, 'nobody');
          // Any address is the liar's to use; who it is stays known.
          if (other.port.firewall?.mode !== 'strict') continue;
          const borrowed = { ...liar, ip4: other.ip4, ip6: other.ip6 };
          tries.send(liar, tries.question(4, borrowed), 'itself');
        }
        for (let number = 1; number <= MODES.length + 1; number += 1) {
          for (const packet of tries.straightTo(liar, number)) tries.send(liar, packet, 'nobody');
        }
      }
      for (const guest of guests) {
        for (const version of [4, 6] as const) {
          tries.send(guest, tries.question(version, guest), 'itself');
        }
      }
      await until('those who ask for themselves are answered', () => tries.lacking().length === 0);
      assert.deepEqual(tries.unexpected(guests), []);
    },
  },
];

/** Questions on their way, told apart by their source ports. */
class Tries {
  readonly #wires: Wires;
  readonly #server: Host;
  readonly #sent: {
    readonly guest: Guest;
    readonly who: 'nobody' | 'itself';
    readonly port: number;
  }[] = [];
  #last = 20_000;

  constructor(wires: Wires, server: Host) {
    this.#wires = wires;
    this.#server = server;
  }

  question(version: 4 | 6, from: Host): Packet {
    this.#last += 1;
    return ip(version, from, this.#server, 'tcp', this.#last, 80, 'open');
  }

  inTheNameOf(other: Host): readonly Packet[] {
    const hopByHop = this.question(6, other);
    const pieces = fragmentsOf(this.question(4, other), 8, 7);
    return [
      this.question(4, other),
      this.question(6, other),
      priorityTagged(this.question(4, other)),
      priorityTagged(this.question(6, other)),
      { ...hopByHop, body: { ...(hopByHop.body as IpPacket), hopByHop: true } },
      ...pieces,
    ];
  }

  /** To the addresses that stand for ports, without asking at the service's own. */
  straightTo(from: Host, number: number): readonly Packet[] {
    const [four, six] = [this.question(4, from), this.question(6, from)];
    return [to(four, address4Of(number)), to(six, address6Of(number))];
  }

  send(guest: Guest, packet: Packet, who: 'nobody' | 'itself'): void {
    const { payload } = packet.body as IpPacket;
    if (payload.kind === 'ports') this.#sent.push({ guest, who, port: payload.sourcePort });
    this.#wires.wire(guest.port.tap).send(frameBytes(packet, 0));
  }

  /** Source ports of those who ask for themselves and were not answered so far. */
  lacking(): readonly number[] {
    return this.#sent
      .filter(({ guest, who, port }) => who === 'itself' && !this.#heard(guest).includes(port))
      .map(({ port }) => port);
  }

  /** Answers that came where none should. */
  unexpected(guests: readonly Guest[]): readonly string[] {
    return guests.flatMap((guest) =>
      this.#heard(guest)
        .filter((port) => {
          const sent = this.#sent.find((one) => one.port === port);
          return sent?.guest !== guest || sent.who === 'nobody';
        })
        .map((port) => `${guest.port.firewall?.mode ?? 'off'} ${guest.mac} heard ${port}`),
    );
  }

  /** Destination ports of what came from port 80. */
  #heard({ port }: Guest): readonly number[] {
    return this.#wires.wire(port.tap).received.flatMap((frame) => answeredPort(frame) ?? []);
  }
}

function answeredPort(frame: Buffer): number | undefined {
  const type = frame.readUInt16BE(12);
  if (type !== 0x0800 && type !== 0x86dd) return undefined;
  const [protocol, at] = type === 0x0800 ? [frame[23], 34] : [frame[20], 54];
  if (protocol !== 6 || frame.readUInt16BE(at) !== 80) return undefined;
  return frame.readUInt16BE(at + 2);
}

function priorityTagged(packet: Packet): Packet {
  return { ...packet, tags: [{ type: DOT1Q, vlan: 0 }] };
}

function to(packet: Packet, destination: string): Packet {
  return { ...packet, body: { ...(packet.body as IpPacket), destination } };
}

function guestOf(network: NetworkSpec, mode: (typeof MODES)[number], index: number): Guest {
  const ip4 = `10.7.0.${index + 1}`;
  const port = portAs(network, mode, [`${ip4}/32`]);
  return { port, mac: port.mac, ip4, ip6: linkLocal(port.mac) };
}

function serverOf(network: NetworkSpec): Host {
  return { mac: serviceMac(network), ip4: '169.254.169.254', ip6: 'fe80::a9fe:a9fe' };
}
