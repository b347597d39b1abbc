/** Routers without translation, and what they share with the firewall. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { run } from '#drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { changeOf, type DataplaneWorld } from '../dataplane/world.ts';
import {
  allowing,
  ask,
  expectNoRouter,
  hold,
  inRouter,
  interfaceOf,
  isRefused,
  OUTSIDE,
  pings,
  routerOf,
  serve,
  Site,
  uplinkOf,
} from './site.ts';

export const routeChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'guests on two networks of a router reach each other with their own addresses, and nobody without a router',
    run: async (world) => {
      await using site = await Site.make(world);
      const a = await site.guest(site.red, '10.1.0.5');
      const b = await site.guest(site.blue, '10.2.0.5');
      await serve(b);
      assert.ok(await isRefused(a, 'tcp', '10.2.0.5'));
      const router = routerOf({
        interfaces: [interfaceOf(site.red, '10.1.0.1/24'), interfaceOf(site.blue, '10.2.0.1/24')],
      });
      await site.route(router);
      assert.equal(await pings(a, '10.1.0.1'), true);
      assert.equal(await pings(a, '10.2.0.5'), true);
      assert.equal(await ask(a, 'tcp', '10.2.0.5'), '10.1.0.5');
      assert.equal(await ask(a, 'udp', '10.2.0.5'), '10.1.0.5');
      await site.route({ ...router, interfaces: router.interfaces.slice(0, 1) });
      assert.ok(await isRefused(a, 'udp', '10.2.0.5'));
      assert.equal(await pings(a, '10.1.0.1'), true);
    },
  },
  {
    name: 'what is routed passes exactly when the groups of both ends let it, judged by the real addresses',
    run: async (world) => {
      await using site = await Site.make(world);
      const only = { protocol: 17, ports: { min: 7070, max: 7070 } } as const;
      const group = allowing({ ...only, remote: { kind: 'cidr', cidr: '10.1.0.5/32' } });
      const mute = { id: randomUUID(), stateful: true, rules: [] };
      await site.change({ groups: [group, mute] });
      await site.route(
        routerOf({
          interfaces: [interfaceOf(site.red, '10.1.0.1/24'), interfaceOf(site.blue, '10.2.0.1/24')],
        }),
      );
      const asks = await site.guest(site.red, '10.1.0.5');
      const other = await site.guest(site.red, '10.1.0.6');
      const dumb = await site.guest(site.red, '10.1.0.7', { groups: [mute.id] });
      const server = await site.guest(site.blue, '10.2.0.5', { groups: [group.id] });
      await serve(server);
      assert.equal(await ask(asks, 'udp', '10.2.0.5'), '10.1.0.5');
      assert.ok(await isRefused(asks, 'tcp', '10.2.0.5'), 'only UDP may pass');
      assert.ok(await isRefused(other, 'udp', '10.2.0.5'), 'only one may ask');
      assert.ok(await isRefused(dumb, 'udp', '10.2.0.5'), 'a guest without rules says nothing');
      // From an address that is another's, or nobody's.
      await other.guest.exec('ip', 'addr', 'add', '10.1.0.5/32', 'dev', 'eth0');
      const way = ['default', 'via', '10.1.0.1', 'src', '10.1.0.5'];
      await other.guest.exec('ip', 'route', 'replace', ...way);
      assert.ok(await isRefused(other, 'udp', '10.2.0.5'), 'a spoofed source does not pass');
      // What was let in ends with its rule.
      const held = await hold(asks, 'udp', '10.2.0.5');
      await site.change({ groups: [{ ...group, rules: [] }] });
      await held.ends();
    },
  },
  {
    name: 'extra routes lead over guests, over several when there are several next hops, and end when they go',
    run: async (world) => {
      await using site = await Site.make(world);
      const router = routerOf({
        interfaces: [interfaceOf(site.red, '10.1.0.1/24'), interfaceOf(site.blue, '10.2.0.1/24')],
        routes: [{ destination: '10.99.0.0/24', nexthop: '10.1.0.8' }],
      });
      await site.route(router);
      const a = await site.guest(site.blue, '10.2.0.5');
      for (const address of ['10.1.0.8', '10.1.0.9']) {
        const hop = await site.stranger(site.red, address, '10.1.0.1');
        await hop.guest.exec('ip', 'link', 'set', 'lo', 'up');
        await hop.guest.exec('ip', 'addr', 'add', '10.99.0.1/32', 'dev', 'lo');
      }
      assert.equal(await pings(a, '10.99.0.1'), true);
      const routes = ['10.1.0.8', '10.1.0.9'].map((nexthop) => {
        return { destination: '10.99.0.0/24', nexthop };
      });
      await site.route({ ...router, routes });
      assert.equal(await pings(a, '10.99.0.1'), true);
      const shown = await inRouter(world, router, 'ip', 'route', 'show', '10.99.0.0/24');
      assert.match(shown, /nexthop via 10\.1\.0\.8 .*\n.*nexthop via 10\.1\.0\.9 /);
      await site.route({ ...router, routes: routes.slice(1) });
      assert.equal(await pings(a, '10.99.0.1'), true);
      assert.match(
        await inRouter(world, router, 'ip', 'route', 'show', '10.99.0.0/24'),
        /^10\.99\.0\.0\/24 via 10\.1\.0\.9 dev \S+ proto static metric 1024 \n$/,
      );
      // A way to a network that the router is on itself, which stays when the way goes.
      const within = { destination: '10.2.0.0/24', nexthop: '10.1.0.8' };
      for (const some of [[within], []]) {
        await site.route({ ...router, routes: some });
        assert.equal(await pings(a, '10.1.0.8'), true);
      }
      // A next hop on a network that the router has left.
      await site.route({ ...router, interfaces: router.interfaces.slice(1), routes });
      assert.equal(await pings(a, '10.99.0.1', 1), false);
      await site.route({ ...router, routes: [] });
      assert.equal(await inRouter(world, router, 'ip', 'route', 'show', 'proto', 'static'), '');
    },
  },
  {
    name: 'a router or an interface that is administratively down answers and forwards nothing, until it is up again',
    run: async (world) => {
      await using site = await Site.make(world);
      const [red, blue] = [
        interfaceOf(site.red, '10.1.0.1/24'),
        interfaceOf(site.blue, '10.2.0.1/24'),
      ];
      const router = routerOf({
        interfaces: [red, blue],
        gateway: uplinkOf(site.outer, '203.0.113.5/24'),
      });
      await site.route(router);
      const a = await site.guest(site.red, '10.1.0.5');
      const b = await site.guest(site.blue, '10.2.0.5');
      const outside = await site.stranger();
      await serve(b);
      await serve(outside);
      assert.equal(await ask(a, 'udp', '10.2.0.5'), '10.1.0.5');
      await site.route({ ...router, adminStateUp: false });
      assert.deepEqual((await site.plane.dataplane.observe(world)).routers, [router.id]);
      for (const address of ['10.1.0.1', '10.2.0.5', OUTSIDE]) {
        assert.equal(await pings(a, address, 1), false, address);
      }
      assert.equal(await pings(outside, '203.0.113.5', 1), false);
      await site.route(router);
      assert.equal(await ask(a, 'udp', '10.2.0.5'), '10.1.0.5');
      assert.equal(await ask(a, 'udp', OUTSIDE), '203.0.113.5');
      await site.route({ ...router, interfaces: [red, { ...blue, adminStateUp: false }] });
      assert.ok(await isRefused(a, 'udp', '10.2.0.5'));
      assert.equal(await ask(a, 'udp', OUTSIDE), '203.0.113.5');
      await site.route(router);
      assert.equal(await ask(a, 'udp', '10.2.0.5'), '10.1.0.5');
    },
  },
  {
    name: 'a router that cannot be made is blamed by its own id, and the others are made',
    run: async (world) => {
      await using site = await Site.make(world);
      const good = routerOf({ interfaces: [interfaceOf(site.red, '10.1.0.1/24')] });
      const nowhere = { ...site.red, id: randomUUID() };
      const astray = routerOf({ interfaces: [interfaceOf(nowhere, '10.1.0.2/24')] });
      const odd = routerOf({ interfaces: [interfaceOf(site.red, '10.1.0.3/99')] });
      // The same name for another link: the kernel refuses.
      const twin = interfaceOf(site.blue, '10.2.0.1/24', {
        portId: `${good.interfaces[0]?.portId.slice(0, 11) ?? ''}${randomUUID().slice(11)}`,
      });
      const taken = routerOf({ interfaces: [twin] });
      const failures = await site.plane.dataplane.apply(
        changeOf({ routers: [astray, odd, good, taken] }),
        world,
      );
      assert.deepEqual(new Set(failures.keys()), new Set([astray.id, odd.id, taken.id]));
      for (const [id, error] of failures) assert.match(error.message, new RegExp(id));
      const a = await site.guest(site.red, '10.1.0.5');
      assert.equal(await pings(a, '10.1.0.1'), true);
      await site.route({ ...taken, interfaces: [interfaceOf(site.blue, '10.2.0.1/24')] });
      await site.change({ absentRouters: [good.id, taken.id, astray.id, odd.id] });
    },
  },
  {
    name: 'an agent that starts again finds its routers, changes nothing, and no flow notices',
    run: async (world) => {
      await using site = await Site.make(world);
      const router = routerOf({
        interfaces: [interfaceOf(site.red, '10.1.0.1/24'), interfaceOf(site.blue, '10.2.0.1/24')],
      });
      await site.route(router);
      const a = await site.bystander(site.red, '10.1.0.5');
      const b = await site.bystander(site.blue, '10.2.0.5');
      await serve(b);
      const held = await hold(a, 'tcp', '10.2.0.5');
      await site.restart(router);
      assert.deepEqual(site.plane.commands(), []);
      assert.deepEqual((await site.plane.dataplane.observe(world)).routers, [router.id]);
      await held.goesOn();
      // Somebody has meddled: the next look sees it, and what is wanted comes back.
      const link = `rtr${router.interfaces[1]?.portId.slice(0, 11) ?? ''}`;
      await run('ip', ['link', 'del', link], world);
      await site.restart(router);
      await held.goesOn();
    },
  },
  {
    name: 'what a killed agent left half done is taken up, or taken away with every trace',
    run: async (world) => {
      await using site = await Site.make(world);
      const router = routerOf({ interfaces: [interfaceOf(site.red, '10.1.0.1/24')] });
      await site.route(router);
      const a = await site.bystander(site.red, '10.1.0.5');
      const stray = 'rtr12345678-12';
      await run('ip', ['link', 'add', stray, 'type', 'veth', 'peer', 'name', 'qr-stray'], world);
      const lost = randomUUID();
      await run('ip', ['netns', 'add', `qrouter-${lost}`], world);
      // As if it had died before it could say what it had done.
      await run('rm', ['-r', `${world.stateDir}/routers/${router.id}`], world);
      await inRouter(world, router, 'nft', 'flush', 'ruleset');
      await inRouter(world, router, 'ip', 'addr', 'add', '10.1.0.77/24', 'dev', innerOf(router));
      await site.restart();
      assert.doesNotMatch(await run('ip', ['-brief', 'link'], world), new RegExp(stray));
      const { routers } = await site.plane.dataplane.observe(world);
      assert.deepEqual(new Set(routers), new Set([router.id, lost]));
      await site.change({ absentRouters: [lost] });
      await site.route(router);
      assert.equal(await pings(a, '10.1.0.1'), true);
      assert.equal(await pings(a, '10.1.0.77', 1), false);
      await site.change({ absentRouters: [router.id] });
      await expectNoRouter(world);
      assert.equal(existsSync(`${world.stateDir}/routers/${router.id}`), false);
      assert.deepEqual((await site.plane.dataplane.observe(world)).routers, []);
      site.plane.commands();
      await site.change({ absentRouters: [router.id, lost] });
      assert.deepEqual(site.plane.commands(), []);
    },
  },
];

function innerOf(router: ReturnType<typeof routerOf>): string {
  return `qr-${router.interfaces[0]?.portId.slice(0, 11) ?? ''}`;
}
