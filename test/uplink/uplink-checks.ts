/** The uplink in the yard: who reaches whom over external networks, and that it comes and goes with them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { NetworkSpec } from '#base/host/links.ts';
import { UPLINK_NAMESPACE } from '#drivers/dataplane/linux/names.ts';
import { run } from '../../src/drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { linkNames, networkOf, openPlane, type DataplaneWorld } from '../dataplane/world.ts';
import { ask, HERE, inNamespace, neighbourOn, runIn, serveWho } from './world.ts';

const PORT = 7007;

const publicNetwork = (addresses = ['172.24.4.1/24', '2001:db8:24::1/64']): NetworkSpec =>
  networkOf({ uplink: { addresses } });

export const uplinkChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'a command in the yard reaches an address on an external network, as its gateway',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork();
      await plane.apply({ networks: [network] });
      await using guest = await guestOn(network, 9, world);
      await using _server = await serveWho(inNamespace(guest.namespace), PORT);
      assert.equal(await ask(HERE, '172.24.4.9', PORT, world), '172.24.4.1');
      assert.equal(await ask(HERE, '2001:db8:24::9', PORT, world), '2001:db8:24::1');
    },
  },
  {
    name: "the first address of an IPv6 subnet, Neutron's usual gateway, is one as well",
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork(['2001:db8:77::/64']);
      await plane.apply({ networks: [network] });
      const options = { ...world, gateways: ['2001:db8:77::'] };
      await using guest = await neighbourOn(network.id, ['2001:db8:77::9/64'], options);
      await ping(inNamespace(guest.namespace), '2001:db8:77::', world);
      await using _server = await serveWho(inNamespace(guest.namespace), PORT);
      assert.equal(await ask(HERE, '2001:db8:77::9', PORT, world), '2001:db8:77::');
    },
  },
  {
    name: 'the gateway answers a ping from an external network, and nothing else',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork();
      await plane.apply({ networks: [network] });
      await using guest = await guestOn(network, 9, world);
      const enter = inNamespace(guest.namespace);
      await ping(enter, '172.24.4.1', world);
      await ping(enter, '2001:db8:24::1', world);
      await using _server = await serveWho(inNamespace(UPLINK_NAMESPACE), PORT);
      const answer = await ask(enter, '172.24.4.1', PORT, { ...world, patienceMs: 500 });
      assert.equal(answer, 'silence');
    },
  },
  {
    name: 'two external networks reach each other, with their own addresses',
    run: async (world) => {
      await using plane = openPlane(world);
      const [one, two] = [publicNetwork(), publicNetwork(['203.0.113.1/24', '2001:db8:99::1/64'])];
      await plane.apply({ networks: [one, two] });
      await using here = await guestOn(one, 9, world);
      const options = { ...world, gateways: ['203.0.113.1', '2001:db8:99::1'] };
      const addresses = ['203.0.113.9/24', '2001:db8:99::9/64'];
      await using there = await neighbourOn(two.id, addresses, options);
      await using _server = await serveWho(inNamespace(there.namespace), PORT);
      const enter = inNamespace(here.namespace);
      assert.equal(await ask(enter, '203.0.113.9', PORT, world), '172.24.4.9');
      assert.equal(await ask(enter, '2001:db8:99::9', PORT, world), '2001:db8:24::9');
    },
  },
  {
    name: 'nobody on an external network begins to speak with the yard, whatever address it uses',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork();
      await plane.apply({ networks: [network] });
      await using guest = await guestOn(network, 9, world);
      const enter = inNamespace(guest.namespace);
      await using _server = await serveWho(HERE, PORT);
      const patient = { ...world, patienceMs: 500 };
      for (const address of ['169.254.240.1', 'fd53:7461:636b:ffff::1']) {
        assert.notEqual(await ask(enter, address, PORT, patient), '172.24.4.9');
        assert.match(await ask(enter, address, PORT, patient), /^(EACCES|EHOSTUNREACH|silence)$/);
      }
    },
  },
  {
    name: 'the uplink goes with the last external network, and leaves nothing',
    run: async (world) => {
      await using plane = openPlane(world);
      const [one, two] = [publicNetwork(), publicNetwork(['203.0.113.1/24'])];
      await plane.apply({ networks: [one, two] });
      assert.match(await routes(world), /203\.0\.113\.0\/24 via/);
      await plane.apply({ networks: [{ ...two, uplink: null }] });
      assert.doesNotMatch(await routes(world), /203\.0\.113/);
      assert.match(await routes(world), /172\.24\.4\.0\/24 via/);
      assert.equal(existsSync(`/run/netns/${UPLINK_NAMESPACE}`), true);
      await plane.apply({ absentNetworks: [one.id, two.id] });
      assert.deepEqual(await linkNames(world), ['lo']);
      assert.equal(existsSync(`/run/netns/${UPLINK_NAMESPACE}`), false);
    },
  },
  {
    name: 'without an external network nothing of it is made',
    run: async (world) => {
      await using plane = openPlane(world);
      await plane.apply({ networks: [networkOf()] });
      assert.equal(existsSync(`/run/netns/${UPLINK_NAMESPACE}`), false);
      assert.deepEqual(
        plane.commands().filter((line) => line.includes('uplink')),
        [],
      );
    },
  },
  {
    name: 'a data plane that starts anew takes the uplink over and disturbs nobody',
    run: async (world) => {
      const network = publicNetwork();
      {
        await using first = openPlane(world);
        await first.apply({ networks: [network] });
      }
      const before = await linkNumbers(world);
      await using second = openPlane(world);
      await second.apply({ networks: [network] });
      assert.deepEqual(await linkNumbers(world), before);
    },
  },
  {
    name: 'a leg whose gateway has changed answers for the new one only',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork();
      await plane.apply({ networks: [network] });
      await plane.apply({ networks: [{ ...network, uplink: { addresses: ['172.24.4.254/24'] } }] });
      await using guest = await guestOn(network, 9, world);
      const enter = inNamespace(guest.namespace);
      await ping(enter, '172.24.4.254', world);
      await assert.rejects(ping(enter, '172.24.4.1', world));
      assert.doesNotMatch(await routes(world), /2001:db8/);
    },
  },
  {
    name: 'what somebody has broken is mended at the next look',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork();
      await plane.apply({ networks: [network] });
      await run('ip', ['netns', 'del', UPLINK_NAMESPACE], world);
      await plane.dataplane.observe(world);
      await plane.apply({ networks: [network] });
      await using guest = await guestOn(network, 9, world);
      await ping(inNamespace(guest.namespace), '172.24.4.1', world);
      await ping(HERE, '172.24.4.9', world);
    },
  },
  {
    name: 'a way out that was opened stays open while networks come and go',
    run: async (world) => {
      await using plane = openPlane(world);
      await plane.apply({ networks: [publicNetwork()] });
      const enter = inNamespace(UPLINK_NAMESPACE);
      const set = ['inet', 'uplink', 'outsides'];
      await runIn(enter, ['nft', 'add', 'element', ...set, '{ "outside" }'], world);
      await plane.apply({ networks: [publicNetwork(['203.0.113.1/24'])] });
      assert.match(await runIn(enter, ['nft', 'list', 'set', ...set], world), /"outside"/);
    },
  },
  {
    name: 'the way out leads to nobody at a link-local address, such as the metadata service of the host itself',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = publicNetwork();
      await plane.apply({ networks: [network] });
      await using guest = await guestOn(network, 9, world);
      const uplink = inNamespace(UPLINK_NAMESPACE);
      const metadata = '169.254.169.254';
      const lines = [
        'link add dev outside type veth peer name eth0 netns test-world',
        'addr add 192.0.2.1/24 dev outside',
        'link set dev outside up',
        'route add default via 192.0.2.2 dev outside onlink',
      ];
      const there = [
        'addr add 192.0.2.2/24 dev eth0',
        `addr add ${metadata}/32 dev eth0`,
        'link set dev eth0 up',
      ];
      const batch = ['ip', '-batch', '-'];
      await run('ip', ['netns', 'add', 'test-world'], world);
      try {
        await runIn(uplink, batch, { ...world, input: `${lines.join('\n')}\n` });
        const outside = inNamespace('test-world');
        await runIn(outside, batch, { ...world, input: `${there.join('\n')}\n` });
        const opening = ['nft', 'add', 'element', 'inet', 'uplink', 'outsides', '{ "outside" }'];
        await runIn(uplink, opening, world);
        await using _server = await serveWho(outside, PORT);
        const enter = inNamespace(guest.namespace);
        assert.equal(await ask(enter, '192.0.2.2', PORT, world), '192.0.2.1');
        assert.equal(await ask(enter, metadata, PORT, world), 'EHOSTUNREACH');
      } finally {
        await run('ip', ['netns', 'del', 'test-world'], world);
      }
    },
  },
];

async function guestOn(network: NetworkSpec, number: number, world: DataplaneWorld) {
  const addresses = [`172.24.4.${number}/24`, `2001:db8:24::${number}/64`];
  const gateways = ['172.24.4.1', '2001:db8:24::1'];
  return await neighbourOn(network.id, addresses, { ...world, gateways });
}

async function ping(enter: readonly string[], address: string, world: DataplaneWorld) {
  await runIn(enter, ['busybox', 'ping', '-c', '1', '-W', '2', address], world);
}

async function routes(world: DataplaneWorld): Promise<string> {
  const both = [await run('ip', ['-4', 'route'], world), await run('ip', ['-6', 'route'], world)];
  return both.join('\n');
}

/** A link that was made anew has another number. */
async function linkNumbers(world: DataplaneWorld): Promise<readonly string[]> {
  const links = JSON.parse(await run('ip', ['-json', 'link'], world)) as {
    ifname: string;
    ifindex: number;
  }[];
  return links.map(({ ifname, ifindex }) => `${ifindex} ${ifname}`).toSorted();
}
