/** From where guests can ask for their metadata, and whom they are taken for. */
import assert from 'node:assert/strict';
import type { Commands } from '../../src/drivers/dataplane/linux/kernel.ts';
import { attempt, run } from '../../src/drivers/run.ts';
import type { Guest } from '../storm/guests.ts';
import { comeAgain } from '#base/host/metadata-answers.ts';
import { until, type Check } from '../dataplane/check.ts';
import { dhcpOf, networkOf, openPlane, type DataplaneWorld } from '../dataplane/world.ts';
import {
  answeringPlane,
  ask,
  guestOn,
  holdOpen,
  openConnections,
  isKnownAs,
  learnsNothing,
  METADATA,
  METADATA6,
  OUTWARDS,
  portAs,
  question,
  routerOf,
} from './scene.ts';

/** Refuses what only some kernels can. */
const WITHOUT_EGRESS: Commands = {
  run,
  attempt: async (command, args, options) =>
    options.input?.includes('hook egress') === true
      ? { code: 1, stdout: '', stderr: 'Operation not supported' }
      : await attempt(command, args, options),
};

export const servingChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'a guest on an isolated network asks by way of the DHCP server, and what it asks arrives as it was sent',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf({ dhcp: dhcpOf() });
      const port = portAs(network, 'l2');
      await plane.apply({ networks: [network], ports: [port] });
      await using guest = await guestOn(world, network, port, '10.7.0.11/24');
      await guest.exec('ip', 'route', 'add', METADATA, 'via', '10.7.0.2');
      const path = '/openstack/latest/meta_data.json?x=%2e%2e/';
      assert.deepEqual(await question(guest, path), {
        portId: port.id,
        method: 'GET',
        path,
        body: null,
      });
      const posted = await question(guest, '/openstack/latest/password', {
        method: 'POST',
        body: 'secret',
      });
      assert.equal(posted.method, 'POST');
      assert.equal(posted.body, Buffer.from('secret').toString('base64'));
      const head = await ask(guest, '/', { method: 'HEAD' });
      assert.deepEqual([head.status, head.text], [200, '']);
    },
  },
  {
    name: 'a guest on a network without subnets asks from a link-local address, and over IPv6',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const [port, other] = [portAs(network, 'l2'), portAs(network, 'l2')];
      await plane.apply({ networks: [network], ports: [port, other] });
      await using guest = await guestOn(world, network, port, '169.254.7.7/16');
      await isKnownAs(guest, port);
      await using second = await guestOn(world, network, other);
      for (const [one, its] of [
        [guest, port],
        [second, other],
      ] as const) {
        await isKnownAs(one, its, { host: METADATA6 });
      }
      await guest.exec('ip', 'addr', 'add', '2001:db8::7/64', 'dev', 'eth0', 'nodad');
      await isKnownAs(guest, port, { host: METADATA6, from: '2001:db8::7' });
    },
  },
  {
    name: 'guests with one address on networks that overlap are known by their networks',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const networks = [networkOf({ dhcp: dhcpOf() }), networkOf({ dhcp: dhcpOf() })];
      const ports = networks.map((network) =>
        portAs(network, 'strict', ['10.7.0.11/32'], 'fa:16:3e:12:34:56'),
      );
      await plane.apply({ networks, ports });
      for (const [index, network] of networks.entries()) {
        const port = ports[index]!;
        await using guest = await guestOn(world, network, port, '10.7.0.11/24');
        await guest.exec('ip', 'route', 'add', METADATA, 'via', '10.7.0.2');
        await isKnownAs(guest, port);
      }
    },
  },
  {
    name: 'a port that is plugged later can ask, one that goes cannot, and what it has open ends',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const [first, later] = [portAs(network, 'l2'), portAs(network, 'l2')];
      await plane.apply({ networks: [network], ports: [first] });
      await using guest = await guestOn(world, network, first, '169.254.7.7/16');
      await isKnownAs(guest, first);
      plane.commands();
      await plane.apply({ ports: [later] });
      assert.equal(plane.commands().filter((line) => line.includes('nsenter')).length, 1);
      await using second = await guestOn(world, network, later, '169.254.7.8/16');
      await isKnownAs(second, later);

      await holdOpen(second);
      assert.equal(await openConnections(world, network), 1);
      await plane.apply({ absentPorts: [later.id] });
      await until('it is closed', async () => (await openConnections(world, network)) === 0);
      await isKnownAs(guest, first);
    },
  },
  {
    name: 'an address of a card that goes to another port says that port from then on',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const first = portAs(network, 'l2');
      await plane.apply({ networks: [network], ports: [first] });
      {
        await using guest = await guestOn(world, network, first, '169.254.7.7/16');
        await isKnownAs(guest, first);
      }
      const next = portAs(network, 'l2', [], first.mac);
      await plane.apply({ absentPorts: [first.id] });
      await plane.apply({ ports: [next] });
      await using guest = await guestOn(world, network, next, '169.254.7.7/16');
      await isKnownAs(guest, next);
    },
  },
  {
    name: 'while no agent is there nobody answers, and the next one knows everybody again',
    run: async (world) => {
      const network = networkOf();
      const ports = [portAs(network, 'l2'), portAs(network, 'l2')];
      const first = await answeringPlane(world);
      await first.apply({ networks: [network], ports });
      const guests = async () =>
        await Promise.all(
          ports.map(
            async (port, index) => await guestOn(world, network, port, `169.254.7.${index}/16`),
          ),
        );
      const known = async ([one, two]: readonly Guest[]) => {
        await isKnownAs(one!, ports[0]!);
        await isKnownAs(two!, ports[1]!);
      };
      const before = await guests();
      try {
        await known(before);
        await first[Symbol.asyncDispose]();
        assert.equal((await ask(before[0]!, '/')).text, 'ECONNREFUSED');
      } finally {
        for (const guest of before) await guest[Symbol.asyncDispose]();
      }
      await using again = await answeringPlane(world);
      // The other way round, so that they get each other's numbers.
      await again.apply({ networks: [network], ports: ports.toReversed() });
      const after = await guests();
      try {
        await known(after);
      } finally {
        for (const guest of after) await guest[Symbol.asyncDispose]();
      }
    },
  },
  {
    name: 'nobody listens to guests until somebody answers them',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const port = portAs(network, 'l2');
      await plane.apply({ groups: [OUTWARDS], networks: [network], ports: [port] });
      await using guest = await guestOn(world, network, port, '169.254.7.7/16');
      assert.equal((await ask(guest, '/')).text, 'ECONNREFUSED');
      plane.dataplane.onMetadata(async () => comeAgain('Ask again.'));
      await until('it listens', async () => (await ask(guest, '/')).status !== 0, 15_000);
      const asked = await ask(guest, '/');
      assert.deepEqual([asked.status, asked.headers['retry-after']], [503, '2']);
    },
  },
  {
    name: 'on a kernel that cannot say where answers go only those are served who cannot take the place of others',
    run: async (world) => {
      await using plane = await answeringPlane(world, WITHOUT_EGRESS);
      const network = networkOf();
      const [port, other] = [
        portAs(network, 'strict', ['169.254.7.7/32']),
        portAs(network, 'strict', ['169.254.7.8/32']),
      ];
      await plane.apply({ networks: [network], ports: [port, other] });
      await using guest = await guestOn(world, network, port, '169.254.7.7/16');
      await isKnownAs(guest, port);
      for (const liar of [
        portAs(network, 'strict', ['169.254.7.7/32']),
        portAs(network, 'strict', ['169.254.7.0/24']),
        portAs(network, 'l2'),
        portAs(network, 'off'),
      ]) {
        await plane.apply({ ports: [liar] });
        await learnsNothing(guest);
        await plane.apply({ absentPorts: [liar.id] });
        await isKnownAs(guest, port);
      }
    },
  },
  {
    name: 'DHCP that comes, goes or moves changes nothing for those who ask',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const network = networkOf();
      const port = portAs(network, 'l2');
      await plane.apply({ networks: [network], ports: [port] });
      await using guest = await guestOn(world, network, port, '169.254.7.7/16');
      await isKnownAs(guest, port);
      for (const dhcp of [dhcpOf(), dhcpOf({ addresses: ['10.7.0.3/24'] }), null]) {
        await plane.apply({ networks: [{ ...network, dhcp }] });
        await guest.exec('ip', 'neigh', 'flush', 'all');
        await isKnownAs(guest, port);
      }
    },
  },
  {
    name: 'a guest without DHCP asks its router, which knows it on each of its networks',
    run: async (world) => {
      await using plane = await answeringPlane(world);
      const networks = [networkOf(), networkOf()];
      const ports = networks.map((network) => portAs(network, 'l2'));
      const router = routerOf([
        [networks[0]!.id, '10.7.0.1/24'],
        [networks[1]!.id, '10.8.0.1/24'],
      ]);
      await plane.apply({ networks, ports, routers: [router] });
      for (const [index, network] of networks.entries()) {
        const port = ports[index]!;
        await using guest = await guestOn(world, network, port, `10.${7 + index}.0.11/24`);
        await guest.exec('ip', 'route', 'add', 'default', 'via', `10.${7 + index}.0.1`);
        await isKnownAs(guest, port);
      }
      await plane.apply({ absentRouters: [router.id] });
    },
  },
];
