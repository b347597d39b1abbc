/** What a server that claims addresses of others is sent: nothing that is for them. */
import assert from 'node:assert/strict';
import { DEFAULT_STORM_CONTROL, pinnedTo } from '#base/host/firewall.ts';
import { serviceLinkName } from '#drivers/dataplane/linux/names.ts';
import { run } from '#drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { dhcpOf, networkOf, openPlane, portOf, type DataplaneWorld } from '../dataplane/world.ts';
import { Guest } from './guests.ts';
import type { Flood } from './traffic.ts';

export const claimChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'who claims the MAC of the DHCP server is not sent what is for the server',
    run: async (world) => {
      await using plane = openPlane(world);
      const dhcp = dhcpOf();
      const network = networkOf({ dhcp });
      const firewall = pinnedTo([], { mode: 'transparent' });
      const port = portOf(network, { firewall, storm: DEFAULT_STORM_CONTROL });
      await plane.apply({ networks: [network], ports: [port] });
      {
        const card = { port, address: '10.7.0.9/24' };
        await using liar = await Guest.make(world, 'liar', network, [card]);
        await liar.exec('ip', 'link', 'set', 'eth0', 'address', dhcp.mac);
        const { sent } = await liar.traffic<Flood>('flood', '10.7.0.255', 20);
        assert.ok(sent > 0);
        const entries = (await run('bridge', ['fdb', 'show'], world)).split('\n');
        const places = entries.filter((line) => line.startsWith(dhcp.mac));
        assert.equal(places.length, 1, places.join('\n'));
        assert.match(places[0] ?? '', new RegExp(` dev ${serviceLinkName(network.id)} `));
        await plane.apply({ absentPorts: [port.id], absentNetworks: [network.id] });
      }
    },
  },
];
