/** Members of a network's bridge that are no server's ports: the DHCP server's link, and the doors of `stackyard ssh`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NetworkSpec } from '#base/host/links.ts';
import { bridgeName } from '../../src/drivers/dataplane/linux/names.ts';
import { run } from '../../src/drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { networkOf, openPlane, portOf, type DataplaneWorld } from '../dataplane/world.ts';
import { Exchange } from './exchange.ts';
import { guestOn, outwardGroup, type Guest } from './flow-scene.ts';
import { arp, dhcp, ip, spoofed, STRANGER } from './hosts.ts';
import { FirewallModel, type Fixture } from './model.ts';
import { sayPacket, type Packet } from './packet.ts';
import { NO_LIMITS } from './table-subjects.ts';
import { NO_CHANGE } from '../../src/drivers/dataplane/dataplane.ts';

export const doorChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'the DHCP server is trusted but asks groups, a door is past them, and neither is a way to forge',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const outward = outwardGroup();
      const shut = guestOn(network, 1, []);
      const free = guestOn(network, 2, [outward.id], { mode: 'l2' });
      const ports = [shut.port, free.port];
      await plane.apply({ networks: [network], ports, groups: [outward] });
      const server = fixtureOn(network, 'dhcp', 3);
      const door = fixtureOn(network, 'ssh', 4);
      await using _links = await plug(world, network, [server, door]);
      await using exchange = await Exchange.open(world, [...ports, server.port, door.port]);
      const fixtures = [server, door].map(({ port, kind }): Fixture => {
        return { id: port.id, networkId: network.id, kind };
      });
      const model = new FirewallModel(fixtures);
      model.apply({ ...NO_CHANGE, networks: [network], ports, groups: [outward] });
      const sent: readonly (readonly [Guest, Packet])[] = [
        [server, dhcp(4, server, 'server', shut)],
        [server, ip(4, server, shut, 'udp', 1000, 2000)],
        [server, arp(server, shut)],
        [shut, dhcp(4, shut, 'client')],
        [shut, ip(4, shut, server, 'udp', 1001, 2001)],
        [free, ip(4, free, server, 'udp', 1002, 2002)],
        [server, ip(4, server, free, 'udp', 2002, 1002)],
        [door, ip(4, door, shut, 'tcp', 1003, 22, 'open')],
        [shut, ip(4, shut, door, 'tcp', 22, 1003, 'answer')],
        [shut, ip(6, shut, door, 'udp', 1004, 2004)],
        [door, ip(6, door, free, 'udp', 1005, 2005)],
        [shut, spoofed(ip(4, shut, door, 'udp', 1006, 2006), { ip: STRANGER.ip4 })],
        [free, spoofed(ip(4, free, door, 'udp', 1007, 2007), { mac: STRANGER.mac })],
      ];
      const sends = sent.map(([{ port }, packet]) => ({ from: port.id, packet }));
      const arrived = await exchange.send(sends);
      await plane.apply({ absentGroups: [outward.id] });
      for (const [index, { from, packet }] of sends.entries()) {
        const { arrivals } = model.send(from, packet);
        assert.deepEqual(arrived[index], arrivals, `${index}: ${sayPacket(packet)}`);
        if (sends[index + 1]?.from !== from) model.send(from, exchange.sentinel(from));
      }
    },
  },
];

type FixtureGuest = Guest & { readonly kind: Fixture['kind'] };

/** A tap with the name of such a link, so that frames can come from it. */
function fixtureOn(network: NetworkSpec, kind: Fixture['kind'], number: number): FixtureGuest {
  const guest = guestOn(network, number, []);
  const id = randomUUID();
  const tap = `${kind}${id.slice(0, 15 - kind.length)}`;
  const fields = { id, tap, mac: guest.mac, firewall: null, storm: NO_LIMITS };
  return { ...guest, kind, port: portOf(network, fields) };
}

async function plug(
  world: DataplaneWorld,
  network: NetworkSpec,
  fixtures: readonly FixtureGuest[],
): Promise<AsyncDisposable> {
  const user = world.guestUid === null ? [] : ['user', String(world.guestUid)];
  const taps = fixtures.map(({ port }) => port.tap);
  for (const tap of taps) {
    await run('ip', ['tuntap', 'add', 'dev', tap, 'mode', 'tap', ...user], world);
    await run('ip', ['link', 'set', 'dev', tap, 'master', bridgeName(network.id), 'up'], world);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      for (const tap of taps) await run('ip', ['link', 'del', 'dev', tap], world);
    },
  };
}
