/** IPv6: routing, and what guests are told of it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { AdvertisedSubnet, RouterSpec } from '#base/host/routers.ts';
import { markProcess } from '#drivers/processes.ts';
import { run } from '../../src/drivers/run.ts';
import { until, type Check } from '../dataplane/check.ts';
import { networkOf, openPlane, portOf, type DataplaneWorld } from '../dataplane/world.ts';
import { openWires, type Wire } from '../dataplane/wires.ts';
import { ask, interfaceOf, pings, routerOf, serve, Site, type Person } from './site.ts';

export const advertChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'guests are told of their subnet by its mode: which addresses, which MTU, which name servers',
    run: async (world) => {
      await using plane = openPlane(world);
      const modes = ['slaac', 'dhcpv6-stateless', 'dhcpv6-stateful'] as const;
      const networks = modes.map(() => networkOf({ mtu: 1400 }));
      const ports = networks.map((network) => portOf(network, { firewall: null }));
      await plane.apply({ networks, ports });
      const taps = ports.map((port) => port.tap);
      const interfaces = networks.map((network, at) =>
        interfaceOf(network, `2001:db8:${at}::1/64`, {
          advertised: [advertised(`2001:db8:${at}::/64`, modes[at] ?? 'slaac')],
        }),
      );
      const router = routerOf({ interfaces });
      {
        await using wires = await openWires(taps, {
          directory: world.stateDir,
          uid: world.guestUid,
        });
        await plane.apply({ routers: [router] });
        const [slaac, stateless, stateful] = await Promise.all(
          taps.map(async (tap) => await untilAdvert(wires.wire(tap))),
        );
        const same = { mtu: 1400, onLink: true, servers: ['2001:db8:53::1', '2001:db8:53::2'] };
        assert.deepEqual(slaac, { ...same, managed: false, other: false, autonomous: true });
        assert.deepEqual(stateless, { ...same, managed: false, other: true, autonomous: true });
        assert.deepEqual(stateful, { ...same, managed: true, other: true, autonomous: false });
        // A change is told without asking.
        const wire = wires.wire(taps[0] ?? '');
        wire.received.length = 0;
        const first = {
          ...interfaces[0],
          advertised: [advertised('2001:db8::/64', 'dhcpv6-stateless')],
        };
        await plane.apply({
          routers: [
            { ...router, interfaces: [first, ...interfaces.slice(1)] as typeof interfaces },
          ],
        });
        await until('guests hear of the change', () => advertsOf(wire).some((one) => one.other));
      }
      await plane.apply({
        absentRouters: [router.id],
        absentPorts: ports.map((port) => port.id),
        absentNetworks: networks.map((network) => network.id),
      });
    },
  },
  {
    name: 'a guest makes itself an address and a way out of what the router says, and nobody else is believed',
    run: async (world) => {
      await using site = await Site.make(world);
      const interfaces = [
        interfaceOf(site.red, '2001:db8:1::1/64', {
          advertised: [advertised('2001:db8:1::/64', 'slaac')],
        }),
        interfaceOf(site.blue, '2001:db8:2::1/64'),
      ];
      await site.route(routerOf({ interfaces }));
      const a = await site.guest(site.red, '10.1.0.5');
      const { port } = a;
      const address = `2001:db8:1:0:${suffixOf(port.mac)}`;
      const pairs = [`${address}/128`, `fe80::${suffixOf(port.mac)}/128`];
      const firewall = port.firewall && {
        ...port.firewall,
        pairs: pairs.map((cidr) => ({ mac: port.mac, cidr })),
      };
      await site.change({ ports: [{ ...port, firewall }] });
      const b = await site.stranger(site.blue, '10.2.0.5');
      await speakIpv6(a);
      await speakIpv6(b, '2001:db8:2::5/64', '2001:db8:2::1');
      await until('the guest has an address', async () => {
        return (await a.guest.exec('ip', '-6', 'addr', 'show', 'scope', 'global')).includes(
          address,
        );
      });
      const route = await a.guest.exec('ip', '-6', 'route', 'show', 'default');
      const inner = interfaces[0]?.mac ?? '';
      assert.match(route, new RegExp(`via fe80::${suffixOf(inner)} dev eth0 proto ra`));
      await serve(b);
      assert.equal(await ask(a, 'tcp', '2001:db8:2::5'), address);
      assert.equal(await ask(a, 'udp', '2001:db8:2::5'), address);
      assert.equal(await pings(a, '2001:db8:1::1'), true);
    },
  },
  {
    name: 'radvd starts again when it dies, is found by the next agent, and ends with what it is for',
    run: async (world) => {
      await using site = await Site.make(world);
      const red = interfaceOf(site.red, '2001:db8:1::1/64', {
        advertised: [advertised('2001:db8:1::/64', 'slaac')],
      });
      const router = routerOf({ interfaces: [red] });
      await site.route(router);
      const lost = pidOf(world, router);
      await site.restart(router);
      assert.equal(pidOf(world, router), lost);
      // One that is left in a namespace that is none any more is heard by nobody.
      await run('ip', ['netns', 'del', `qrouter-${router.id}`], world);
      await site.restart(router);
      const first = pidOf(world, router);
      assert.notEqual(first, lost);
      assert.equal(markProcess(lost), undefined);
      process.kill(first, 'SIGKILL');
      await until('there is another', () => {
        const pid = pidOf(world, router);
        return pid !== first && markProcess(pid) !== undefined;
      });
      const second = pidOf(world, router);
      await site.route({ ...router, interfaces: [{ ...red, advertised: [] }] });
      assert.equal(markProcess(second), undefined);
      await site.route(router);
      const third = pidOf(world, router);
      await site.route({ ...router, adminStateUp: false });
      assert.equal(markProcess(third), undefined);
      await site.route(router);
      const fourth = pidOf(world, router);
      await site.change({ absentRouters: [router.id] });
      assert.equal(markProcess(fourth), undefined);
      assert.equal(existsSync(`${world.stateDir}/routers/${router.id}`), false);
    },
  },
];

function advertised(cidr: string, mode: AdvertisedSubnet['mode']): AdvertisedSubnet {
  return { cidr, mode, dnsNameservers: ['2001:db8:53::1', '2001:db8:53::2'] };
}

/** Guests of these tests are quiet: this one is not. */
async function speakIpv6({ guest }: Person, address?: string, gateway?: string): Promise<void> {
  const script = `cd /proc/sys/net/ipv6/conf
  echo 0 >eth0/accept_dad
  echo 0 >all/disable_ipv6
  echo 0 >eth0/disable_ipv6`;
  await guest.exec('sh', '-c', script);
  if (address !== undefined) await guest.exec('ip', 'addr', 'add', address, 'dev', 'eth0', 'nodad');
  if (gateway !== undefined)
    await guest.exec('ip', '-6', 'route', 'add', 'default', 'via', gateway);
}

/** The end of the address that a card makes of its MAC, as the kernel writes it. */
function suffixOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const [first = 0, ...rest] = bytes;
  const eight = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const words = [0, 2, 4, 6].map((at) => ((eight[at] ?? 0) << 8) | (eight[at + 1] ?? 0));
  return words.map((word) => word.toString(16)).join(':');
}

function pidOf(world: DataplaneWorld, router: RouterSpec): number {
  const path = `${world.stateDir}/routers/${router.id}/radvd.pid`;
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
}

type Advert = {
  readonly managed: boolean;
  readonly other: boolean;
  readonly mtu: number | null;
  readonly onLink: boolean;
  readonly autonomous: boolean;
  readonly servers: readonly string[];
};

async function untilAdvert(wire: Wire): Promise<Advert | undefined> {
  await until('the router has said something', () => advertsOf(wire).length > 0, 10_000);
  return advertsOf(wire)[0];
}

/** Router advertisements among the frames that have come. */
function advertsOf(wire: Wire): readonly Advert[] {
  return wire.received
    .filter((frame) => frame.length > 70 && frame.readUInt16BE(12) === 0x86dd)
    .filter((frame) => frame[20] === 58 && frame[54] === 134 && frame.readUInt16BE(60) > 0)
    .map(readAdvert);
}

function readAdvert(frame: Buffer): Advert {
  const flags = frame[59] ?? 0;
  let prefixFlags = 0;
  let mtu: number | null = null;
  const servers: string[] = [];
  for (let at = 70; at < frame.length; at += 8 * Math.max(1, frame[at + 1] ?? 1)) {
    const length = 8 * (frame[at + 1] ?? 0);
    if (frame[at] === 3) prefixFlags = frame[at + 3] ?? 0;
    if (frame[at] === 5) mtu = frame.readUInt32BE(at + 4);
    for (let server = at + 8; frame[at] === 25 && server < at + length; server += 16) {
      servers.push(addressOf(frame.subarray(server, server + 16)));
    }
  }
  return {
    managed: (flags & 0x80) !== 0,
    other: (flags & 0x40) !== 0,
    mtu,
    onLink: (prefixFlags & 0x80) !== 0,
    autonomous: (prefixFlags & 0x40) !== 0,
    servers,
  };
}

function addressOf(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  return words.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}
