/** Address translation: with the outside, with floating IPs, and with ports that are forwarded. */
import assert from 'node:assert/strict';
import type { RouterSpec } from '#base/host/routers.ts';
import { attempt, run } from '#drivers/run.ts';
import { until, type Check } from '../dataplane/check.ts';
import { changeOf, openPlane, type DataplaneWorld } from '../dataplane/world.ts';
import {
  allowing,
  ask,
  floatingIp,
  forwarding,
  hold,
  inRouter,
  interfaceOf,
  isRefused,
  OUTSIDE,
  pings,
  PORT,
  routerOf,
  serve,
  Site,
  uplinkOf,
  type Person,
} from './site.ts';

const OWN = '203.0.113.5';

export const floatingChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'with SNAT guests are seen with the address of the gateway, without it with their own, and its flows end with it',
    run: async (world) => {
      await using site = await Site.make(world);
      const { router, a, outside } = await officeOf(site);
      assert.equal(await ask(a, 'tcp', OUTSIDE), OWN);
      assert.equal(await ask(a, 'udp', OUTSIDE), OWN);
      assert.equal(await pings(a, OUTSIDE), true);
      await outside.guest.exec('ip', 'route', 'add', '10.1.0.0/24', 'via', OWN);
      const held = await hold(a, 'udp', OUTSIDE);
      const without = withGateway(router, { snat: false });
      await site.route(without);
      await until('the flow goes on untranslated', () => held.answers.at(-1) === '10.1.0.5');
      assert.equal(await ask(a, 'tcp', OUTSIDE), '10.1.0.5');
      // As in Neutron, what comes in for an internal address is not translated either.
      await serve(a);
      assert.equal(await ask(outside, 'tcp', '10.1.0.5'), OUTSIDE);
      await site.route(router);
      assert.equal(await ask(a, 'tcp', OUTSIDE), OWN);
      // Nobody outside speaks in the name of somebody inside.
      await outside.guest.exec('ip', 'addr', 'add', '10.1.0.9/32', 'dev', 'lo');
      await outside.guest.exec('ip', 'link', 'set', 'lo', 'up');
      await outside.guest.exec(
        'ip',
        'route',
        'replace',
        '10.1.0.0/24',
        'via',
        OWN,
        'src',
        '10.1.0.9',
      );
      await assert.rejects(outside.guest.exec('busybox', 'ping', '-c', '1', '-W', '1', '10.1.0.5'));
    },
  },
  {
    name: 'a floating IP leads to its guest from outside and back, judged with the real address, and pings are answered',
    run: async (world) => {
      await using site = await Site.make(world);
      const group = allowing({
        protocol: 6,
        ports: { min: PORT, max: PORT },
        remote: { kind: 'cidr', cidr: `${OUTSIDE}/32` },
      });
      await site.change({ groups: [group] });
      const { router, a, b, outside } = await officeOf(site);
      const guarded = await site.guest(site.red, '10.1.0.7', { groups: [group.id] });
      await serve(a);
      await serve(guarded);
      await site.route({ ...router, floatingIps: [floatingIp('203.0.113.20', '10.1.0.5')] });
      assert.equal(await pings(outside, '203.0.113.20'), true);
      assert.equal(await ask(outside, 'tcp', '203.0.113.20'), OUTSIDE);
      assert.equal(await ask(outside, 'udp', '203.0.113.20'), OUTSIDE);
      assert.equal(await ask(a, 'tcp', OUTSIDE), '203.0.113.20');
      assert.equal(await ask(b, 'tcp', OUTSIDE), OWN);
      // Between internal networks nothing is translated.
      assert.equal(await ask(a, 'tcp', '10.2.0.5'), '10.1.0.5');
      // The router itself reaches it, too.
      await inRouter(world, router, 'busybox', 'ping', '-c', '1', '-W', '2', '203.0.113.20');
      const both = ['10.1.0.5', '10.1.0.7'].map((fixed, at) =>
        floatingIp(`203.0.113.2${at}`, fixed),
      );
      await site.route({ ...router, floatingIps: both });
      const other = await site.stranger(site.outer, '203.0.113.101');
      assert.equal(await ask(outside, 'tcp', '203.0.113.21'), OUTSIDE);
      assert.ok(await isRefused(outside, 'udp', '203.0.113.21'));
      assert.ok(await isRefused(other, 'tcp', '203.0.113.21'), 'only one may ask');
      assert.equal(await ask(other, 'tcp', '203.0.113.20'), '203.0.113.101');
    },
  },
  {
    name: 'guests of a router reach floating IPs of others and their own, seen with an address from outside',
    run: async (world) => {
      await using site = await Site.make(world);
      const { router, a, b } = await officeOf(site);
      const c = await site.guest(site.red, '10.1.0.6');
      await serve(a);
      const floatingIps = [
        floatingIp('203.0.113.20', '10.1.0.5'),
        floatingIp('203.0.113.21', '10.1.0.6'),
      ];
      await site.route({ ...router, floatingIps });
      for (const protocol of ['tcp', 'udp'] as const) {
        assert.equal(await ask(b, protocol, '203.0.113.20'), OWN, 'another network, without one');
        assert.equal(await ask(c, protocol, '203.0.113.20'), '203.0.113.21', 'the same network');
        assert.equal(await ask(a, protocol, '203.0.113.20'), '203.0.113.20', 'its own');
      }
      assert.equal(await pings(b, '203.0.113.20'), true);
      assert.equal(await pings(a, '203.0.113.20'), true);
      // Also without SNAT: answers must come back by the router.
      await site.route(withGateway({ ...router, floatingIps }, { snat: false }));
      assert.equal(await ask(b, 'udp', '203.0.113.20'), OWN);
    },
  },
  {
    name: 'a floating IP that moves takes its flows with it to their end, and no others',
    run: async (world) => {
      await using site = await Site.make(world);
      const { router, a, b, outside } = await officeOf(site);
      const c = await site.guest(site.red, '10.1.0.6');
      await serve(a);
      await serve(c);
      const stays = floatingIp('203.0.113.21', '10.1.0.6');
      const moves = floatingIp('203.0.113.20', '10.1.0.5');
      await site.route({ ...router, floatingIps: [moves, stays] });
      const [inwards, outwards, kept, east] = [
        await hold(outside, 'tcp', '203.0.113.20'),
        await hold(a, 'tcp', OUTSIDE),
        await hold(outside, 'tcp', '203.0.113.21'),
        await hold(a, 'tcp', '10.2.0.5'),
      ];
      const gone = { ...router, floatingIps: [stays] };
      await site.route(gone);
      await inwards.ends();
      await outwards.ends();
      await kept.goesOn();
      await east.goesOn();
      assert.equal(await ask(a, 'tcp', OUTSIDE), OWN);
      // Whoever goes on asking where nobody is reaches who comes.
      const asks = hold(outside, 'udp', '203.0.113.20');
      await site.route({ ...router, floatingIps: [{ ...moves, fixedIp: b.address }, stays] });
      assert.equal((await asks).answers.at(-1), OUTSIDE);
      assert.equal(await ask(b, 'tcp', OUTSIDE), '203.0.113.20');
      await kept.goesOn();
    },
  },
  {
    name: 'neighbours hear at once where a floating IP or a gateway has gone, whatever they remember',
    run: async (world) => {
      await using site = await Site.make(world);
      const { router, a, b, outside } = await officeOf(site);
      const { interfaces, gateway } = router;
      const second = routerOf({
        interfaces: [interfaceOf(site.blue, '10.2.0.254/24')],
        gateway: uplinkOf(site.outer, '203.0.113.6/24'),
      });
      await b.guest.exec('ip', 'route', 'replace', 'default', 'via', '10.2.0.254');
      const moves = floatingIp('203.0.113.20', '10.1.0.5');
      await site.route({ ...router, floatingIps: [moves] }, second);
      assert.equal(await pings(outside, '203.0.113.20'), true);
      assert.equal(await macOf(outside, '203.0.113.20'), gateway?.mac);
      await site.route(router, { ...second, floatingIps: [{ ...moves, fixedIp: b.address }] });
      await until('the neighbour knows', async () => {
        return (await macOf(outside, '203.0.113.20')) === second.gateway?.mac;
      });
      assert.equal(await pings(outside, '203.0.113.20', 1), true);
      // Back again, told of in another order.
      await site.route(second, { ...router, floatingIps: [moves] });
      await until('the neighbour knows', async () => {
        return (await macOf(outside, '203.0.113.20')) === gateway?.mac;
      });
      assert.equal(await pings(outside, '203.0.113.20', 1), true);
      // Another port with the same addresses.
      const uplink = uplinkOf(site.outer, `${OWN}/24`);
      await site.route({ ...router, gateway: uplink, floatingIps: [moves] });
      await until('the neighbour knows', async () => {
        return (await macOf(outside, '203.0.113.20')) === uplink.mac;
      });
      assert.equal(await pings(outside, '203.0.113.20', 1), true);
      // And the same inside.
      assert.equal(await pings(a, '10.1.0.1'), true);
      const inner = interfaceOf(site.red, '10.1.0.1/24');
      await site.route({ ...router, interfaces: [inner, ...interfaces.slice(1)] });
      await until('the guest knows', async () => (await macOf(a, '10.1.0.1')) === inner.mac);
      assert.equal(await pings(a, '10.1.0.1', 1), true);
    },
  },
  {
    name: 'ports of a floating IP are forwarded, each to its own, and the rest is not',
    run: async (world) => {
      await using site = await Site.make(world);
      const { router, a, b, outside } = await officeOf(site);
      await serve(a, 8001, 8003, 9001, 9003);
      const address = '203.0.113.30';
      const single = forwarding(address, '10.1.0.5', {
        externalPorts: { first: 80, last: 80 },
        internalPorts: { first: 9001, last: 9001 },
      });
      const range = forwarding(address, '10.1.0.5', {
        externalPorts: { first: 8000, last: 8003 },
        internalPorts: { first: 8000, last: 8003 },
      });
      const shifted = forwarding(address, '10.1.0.5', {
        protocol: 'udp',
        externalPorts: { first: 100, last: 103 },
        internalPorts: { first: 9000, last: 9003 },
      });
      const other = forwarding(address, '10.2.0.5', {
        protocol: 'udp',
        externalPorts: { first: 53, last: 53 },
        internalPorts: { first: PORT, last: PORT },
      });
      const forwardings = [single, range, shifted, other];
      await site.route({ ...router, forwardings });
      assert.equal(await ask(outside, 'tcp', address, 80), OUTSIDE);
      assert.equal(await ask(outside, 'tcp', address, 8001), OUTSIDE);
      assert.equal(await ask(outside, 'tcp', address, 8003), OUTSIDE);
      assert.ok(await isRefused(outside, 'tcp', address, 8004));
      assert.equal(await ask(outside, 'udp', address, 101), OUTSIDE);
      assert.equal(await ask(outside, 'udp', address, 103), OUTSIDE);
      assert.ok(await isRefused(outside, 'udp', address, 80));
      assert.equal(await ask(outside, 'udp', address, 53), OUTSIDE);
      assert.equal(await ask(b, 'tcp', address, 80), OWN, 'also from inside');
      assert.equal(await pings(outside, address), true, 'the router answers');
      assert.equal(await ask(a, 'udp', OUTSIDE), OWN, 'the way out is the gateway’s');
      const [goes, stays] = [
        await hold(outside, 'udp', address, 101),
        await hold(outside, 'udp', address, 53),
      ];
      await site.route({ ...router, forwardings: [single, range, other] });
      await goes.ends();
      await stays.goesOn();
      // What nobody answered reaches who comes: the flow is known as one that nobody translates.
      const back = {
        ...shifted,
        internalIp: '10.2.0.5',
        internalPorts: { first: PORT - 1, last: PORT + 2 },
      };
      await site.route({ ...router, forwardings: [single, range, other, back] });
      await goes.goesOn();
      const echo = forwarding(address, '10.1.0.5', { protocol: 'icmp' });
      await site.route({ ...router, forwardings: [echo] });
      assert.equal(await pings(outside, address), true);
      await a.guest.exec('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all');
      assert.equal(await pings(outside, address, 1), false);
    },
  },
  {
    name: 'flows that an agent had no time to end are ended by the next',
    run: async (world) => {
      await using site = await Site.make(world);
      const router = routerOf({
        interfaces: [interfaceOf(site.red, '10.1.0.1/24')],
        gateway: uplinkOf(site.outer, `${OWN}/24`),
        floatingIps: [floatingIp('203.0.113.20', '10.1.0.5')],
      });
      await site.route(router);
      const a = await site.bystander(site.red, '10.1.0.5');
      const outside = await site.bystander(site.outer, OUTSIDE);
      await serve(outside);
      const held = await hold(a, 'tcp', OUTSIDE);
      assert.equal(held.answers.at(-1), '203.0.113.20');
      await site.plane[Symbol.asyncDispose]();
      site.plane = openPlane(world, 60_000, { run: dying, attempt });
      const gone = { ...router, floatingIps: [] };
      const { outer, red, blue, group } = site;
      const change = changeOf({ networks: [outer, red, blue], groups: [group], routers: [gone] });
      const failures = await site.plane.dataplane.apply(change, world);
      assert.deepEqual([...failures.keys()], [router.id]);
      await held.goesOn();
      await site.restart(gone);
      await held.ends();
      assert.equal(await ask(a, 'tcp', OUTSIDE), OWN);
    },
  },
];

type Office = {
  readonly router: RouterSpec;
  /** On `red`, at 10.1.0.5. */
  readonly a: Person;
  /** On `blue`, at 10.2.0.5; it answers. */
  readonly b: Person;
  /** On the external network; it answers. */
  readonly outside: Person;
};

/** A router with both networks and the outside, and somebody on each. */
async function officeOf(site: Site): Promise<Office> {
  const router = routerOf({
    interfaces: [interfaceOf(site.red, '10.1.0.1/24'), interfaceOf(site.blue, '10.2.0.1/24')],
    gateway: uplinkOf(site.outer, `${OWN}/24`),
  });
  await site.route(router);
  const a = await site.guest(site.red, '10.1.0.5');
  const b = await site.guest(site.blue, '10.2.0.5');
  const outside = await site.stranger();
  await Promise.all([serve(b), serve(outside)]);
  return { router, a, b, outside };
}

/** Dies before it looks for flows that must end. */
const dying: typeof run = async (command, args, options) => {
  if (args.some((word) => word.includes('conntrack'))) throw new Error('killed');
  return await run(command, args, options);
};

function withGateway(
  router: RouterSpec,
  fields: Partial<NonNullable<RouterSpec['gateway']>>,
): RouterSpec {
  return { ...router, gateway: router.gateway && { ...router.gateway, ...fields } };
}

/** The MAC that somebody remembers for an address. */
async function macOf({ guest }: Person, address: string): Promise<string | undefined> {
  const shown = await guest.exec('ip', 'neigh', 'show', address);
  return /lladdr (\S+)/.exec(shown)?.[1];
}
