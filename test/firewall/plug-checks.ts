/** No instant without rules: while a port is plugged and while its mode changes, its guest goes on sending. */
import assert from 'node:assert/strict';
import type { PortSpec } from '#base/host/links.ts';
import { run } from '../../src/drivers/run.ts';
import { until, type Check } from '../dataplane/check.ts';
import { networkOf, openPlane, portOf, type DataplaneWorld } from '../dataplane/world.ts';
import { Exchange } from './exchange.ts';
import { guestOn, type Guest } from './flow-scene.ts';
import { arp, ip, other, spoofed, STRANGER } from './hosts.ts';
import { BROADCAST, ETHERTYPES } from './packet.ts';
import { NO_LIMITS } from './table-subjects.ts';

export const plugChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'a port that is plugged while its guest is sending lets nothing out that it may not',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const witness = portOf(network, { firewall: null, storm: NO_LIMITS });
      await plane.apply({ networks: [network], ports: [witness] });
      const guest = guestOn(network, 1, []);
      // As an agent leaves it that was killed: the tap is there, and not yet on the bridge.
      const user = world.guestUid === null ? [] : ['user', String(world.guestUid)];
      await run('ip', ['tuntap', 'add', 'dev', guest.port.tap, 'mode', 'tap', ...user], world);
      const both = [witness, guest.port];
      await using exchange = await Exchange.open(world, both, [witness]);
      using chatter = new Chatter(exchange, guest);
      await plane.apply({ ports: [guest.port] });
      await until('what is allowed comes', () => chatter.allowedAt(witness));
      await exchange.settle(guest.port.id);
      assert.equal(chatter.forbiddenAt(witness, 0), 0);
    },
  },
  {
    name: 'when a change is made, what it forbids has come to an end',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const witness = portOf(network, { firewall: null, storm: NO_LIMITS });
      const guest = guestOn(network, 1, []);
      await plane.apply({ networks: [network], ports: [witness, guest.port] });
      await using exchange = await Exchange.open(world, [witness, guest.port]);
      using chatter = new Chatter(exchange, guest);
      for (let round = 0; round < 5; round += 1) {
        const before = chatter.sent();
        await plane.apply({ ports: [{ ...guest.port, firewall: null }] });
        await until('what was forbidden comes', () => chatter.forbiddenAt(witness, before) > 0);
        await plane.apply({ ports: [guest.port] });
        // What was on its way into the tap before the change was made may come in after it, never pass.
        const since = chatter.sent();
        await chatter.pass(20);
        await exchange.settle(guest.port.id);
        assert.equal(chatter.forbiddenAt(witness, since), 0, `round ${round}`);
      }
    },
  },
];

/** A guest that says all the time what it may and what it may not. */
class Chatter implements Disposable {
  readonly #exchange: Exchange;
  readonly #timer: NodeJS.Timeout;
  readonly #allowed: number[] = [];
  readonly #forbidden: number[] = [];

  constructor(exchange: Exchange, guest: Guest) {
    this.#exchange = exchange;
    const from = guest.port.id;
    const packets = [
      spoofed(ip(4, guest, STRANGER, 'udp', 1000, 2000), { ip: STRANGER.ip4 }),
      ip(4, guest, STRANGER, 'udp', 1000, 2000),
      other(guest, BROADCAST, ETHERTYPES.experiment),
      arp(guest, BROADCAST, { senderIp: STRANGER.ip4 }),
    ];
    this.#timer = setInterval(() => {
      for (const packet of packets) this.#forbidden.push(exchange.stream({ from, packet }));
      this.#allowed.push(exchange.stream({ from, packet: arp(guest, BROADCAST) }));
    }, 1);
  }

  /** How many forbidden packets there were so far. */
  sent(): number {
    return this.#forbidden.length;
  }

  async pass(packets: number): Promise<void> {
    const end = this.sent() + packets;
    await until('more packets were sent', () => this.sent() >= end);
  }

  allowedAt(witness: PortSpec): boolean {
    return this.#allowed.some((mark) => this.#exchange.has(witness.id, mark));
  }

  /** Of the forbidden ones, without the first so many: how many have come. */
  forbiddenAt(witness: PortSpec, without: number): number {
    const marks = this.#forbidden.slice(without);
    return marks.filter((mark) => this.#exchange.has(witness.id, mark)).length;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
