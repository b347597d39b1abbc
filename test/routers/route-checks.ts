/** Routers without translation, and what they share with the firewall. */
import assert from 'node:assert/strict';
import type { Check } from '../dataplane/check.ts';
import type { DataplaneWorld } from '../dataplane/world.ts';
import { ask, interfaceOf, pings, routerOf, serve, Site } from './site.ts';

export const routeChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'guests on two networks of a router reach each other with their own addresses',
    run: async (world) => {
      await using site = await Site.make(world);
      const router = routerOf({
        interfaces: [interfaceOf(site.red, '10.1.0.1/24'), interfaceOf(site.blue, '10.2.0.1/24')],
      });
      const started = performance.now();
      await site.route(router);
      console.error('made in', performance.now() - started);
      const a = await site.guest(site.red, '10.1.0.5');
      const b = await site.guest(site.blue, '10.2.0.5');
      await serve(b);
      assert.equal(await pings(a, '10.2.0.5'), true);
      assert.equal(await pings(a, '10.1.0.1'), true);
      assert.equal(await ask(a, 'tcp', '10.2.0.5'), '10.1.0.5');
      assert.equal(await ask(a, 'udp', '10.2.0.5'), '10.1.0.5');
    },
  },
];
