/** What a guest may try with its own tools: other addresses, lies to neighbours, headers, floods, what is too long. */
import assert from 'node:assert/strict';
import { until, type Check } from '../dataplane/check.ts';
import { dhcpOf, networkOf, type DataplaneWorld } from '../dataplane/world.ts';
import type { Guest } from '../storm/guests.ts';
import { CONNECTIONS_OF_ONE } from '../../src/drivers/dataplane/linux/metadata/table.ts';
import {
  answeringPlane,
  ask,
  guestOn,
  holdOpen,
  isKnownAs,
  learnsNothing,
  METADATA,
  METADATA6,
  openConnections,
  portAs,
  question,
  routerOf,
} from './scene.ts';

const ADDRESS = '10.7.0.11/24';

export const guestAttackChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'whatever a request says of who asks is not listened to',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const [liar, victim] = [portAs(network, 'l2'), portAs(network, 'l2')];
      await plane.apply({ networks: [network], ports: [liar, victim] });
      await using guest = await guestOn(world, network, liar, '169.254.7.7/16');
      const headers = {
        host: '169.254.7.8',
        forwarded: 'for=169.254.7.8',
        'x-forwarded-for': '169.254.7.8',
        'x-instance-id': victim.id,
        'x-instance-id-signature': '0',
        'x-tenant-id': '0',
        'x-neutron-network-id': network.id,
        'x-port-id': victim.id,
      };
      const asked = await question(guest, `http://169.254.7.8/?port=${victim.id}`, { headers });
      assert.equal(asked.portId, liar.id);
      assert.equal(asked.path, `/?port=${victim.id}`);
    },
  },
  ...([false, true] as const).map((routed): Check<DataplaneWorld> => ({
    name: `who takes another's address and tells everybody so hears nothing of the other, ${routed ? 'by a router' : 'on the network'}`,
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const [liar, victim] = [portAs(network, 'l2'), portAs(network, 'l2')];
      const router = routerOf([[network.id, '10.7.0.1/24']]);
      const routers = routed ? [router] : [];
      await plane.apply({ networks: [network], ports: [liar, victim], routers });
      await using honest = await guestOn(world, network, victim, ADDRESS);
      await using thief = await guestOn(world, network, liar, ADDRESS);
      const way = routed ? ['via', '10.7.0.1'] : ['dev', 'eth0'];
      for (const guest of [honest, thief]) await guest.exec('ip', 'route', 'add', METADATA, ...way);
      await isKnownAs(honest, victim);
      thief.start('sh', '-c', CLAIM, ADDRESS.split('/')[0] ?? '');
      for (let turn = 0; turn < 3; turn += 1) {
        // Only that the one is slowed down can be brought about, not that the other hears it.
        await isKnownAs(honest, victim);
        await isKnownAs(thief, liar);
      }
      await plane.apply({ absentRouters: routed ? [router.id] : [] });
    },
  })),
  ...(['strict', 'l2', 'off'] as const).map((mode): Check<DataplaneWorld> => ({
    name: `who has no port security and takes the MAC of a port in mode ${mode} learns nothing`,
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const [liar, victim] = [portAs(network, 'off'), portAs(network, mode, ['10.7.0.11/32'])];
      await plane.apply({ networks: [network], ports: [liar, victim] });
      await using honest = await guestOn(world, network, victim, ADDRESS);
      await using thief = await guestOn(world, network, liar, ADDRESS);
      for (const guest of [honest, thief]) await toService(guest);
      await isKnownAs(honest, victim);
      await thief.exec('ip', 'link', 'set', 'eth0', 'address', victim.mac);
      await toService(thief);
      await learnsNothing(thief);
      await learnsNothing(thief, { host: METADATA6 });
      await thief.exec('ip', 'link', 'set', 'eth0', 'address', liar.mac);
      await toService(thief);
      await isKnownAs(thief, liar);
      await isKnownAs(honest, victim);
      await plane.apply({ absentPorts: [liar.id, victim.id] });
    },
  })),
  {
    name: 'a MAC that no port has learns nothing',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const port = portAs(network, 'off');
      await plane.apply({ networks: [network], ports: [port] });
      await using guest = await guestOn(world, network, port, ADDRESS);
      await toService(guest);
      await isKnownAs(guest, port);
      await guest.exec('ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:77');
      await toService(guest);
      await learnsNothing(guest);
      await plane.apply({ absentPorts: [port.id] });
    },
  },
  {
    name: 'one who opens more connections than are given keeps nobody else from asking',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const ports = [portAs(network, 'l2'), portAs(network, 'l2')];
      await plane.apply({ networks: [network], ports });
      await using greedy = await guestOn(world, network, ports[0]!, '169.254.7.1/16');
      await using other = await guestOn(world, network, ports[1]!, '169.254.7.2/16');
      await isKnownAs(greedy, ports[0]!);
      await holdOpen(greedy, METADATA, 3 * CONNECTIONS_OF_ONE);
      await until(
        'all are open that may be',
        async () => (await openConnections(world, network)) >= CONNECTIONS_OF_ONE - 1,
      );
      await learnsNothing(greedy);
      assert.ok((await openConnections(world, network)) <= CONNECTIONS_OF_ONE);
      await isKnownAs(other, ports[1]!);
    },
  },
  {
    name: 'what is too long is refused, and nobody is asked about it',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const port = portAs(network, 'l2');
      await plane.apply({ networks: [network], ports: [port] });
      await using guest = await guestOn(world, network, port, '169.254.7.1/16');
      await isKnownAs(guest, port);
      const post = { method: 'POST', headers: { 'content-length': '70000' } };
      const refused = await ask(guest, '/', { ...post, body: 'x'.repeat(70_000) });
      assert.ok([413, 0].includes(refused.status), refused.text);
      assert.equal((await ask(guest, '/', { headers: { a: 'x'.repeat(9_000) } })).status, 431);
      assert.equal((await ask(guest, `/${'x'.repeat(9_000)}`)).status, 431);
      await isKnownAs(guest, port);
    },
  },
  {
    name: 'beside metadata a namespace answers as it did: its own addresses refuse HTTP',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf({ dhcp: dhcpOf() });
      const port = portAs(network, 'l2');
      const router = routerOf([[network.id, '10.7.0.1/24']]);
      await plane.apply({ networks: [network], ports: [port], routers: [router] });
      await using guest = await guestOn(world, network, port, ADDRESS);
      await toService(guest);
      await isKnownAs(guest, port);
      for (const host of ['10.7.0.1', '10.7.0.2']) {
        assert.equal((await ask(guest, '/', { host })).text, 'ECONNREFUSED', host);
      }
      await learnsNothing(guest, { port: 81 });
      await guest.exec('ping', '-c', '1', '-W', '2', '10.7.0.1');
      await plane.apply({ absentRouters: [router.id] });
    },
  },
];

/** Says every tenth of a second that $0 is here. */
const CLAIM = 'while :; do busybox arping -q -U -c 1 -w 1 -I eth0 "$0"; sleep 0.1; done';

async function toService(guest: Guest): Promise<void> {
  await guest.exec('ip', 'route', 'replace', METADATA, 'dev', 'eth0');
}
