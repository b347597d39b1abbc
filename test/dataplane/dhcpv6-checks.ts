/** What the Linux data plane promises about DHCPv6 and about names, seen from inside a yard. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DhcpHost, DhcpSpec, DhcpSubnet, PortSpec } from '#base/host/links.ts';
import { run } from '../../src/drivers/run.ts';
import type { Check } from './check.ts';
import { leaseDhcp } from './dhcp-client.ts';
import { openScene, pidOf } from './dhcp-scene.ts';
import { addressesOf, bytesOf, Dhcpv6Client } from './dhcpv6-client.ts';
import { dhcpOf, hostOf, newMac, type DataplaneWorld } from './world.ts';

const [OWN, SERVER] = ['fd07:0:0:0:0:0:0:11', 'fd07:0:0:0:0:0:0:2'];
const STATEFUL: DhcpSubnet = {
  id: '66666666-6666-4666-8666-666666666666',
  ipVersion: 6,
  ipv6Mode: 'dhcpv6-stateful',
  cidr: 'fd07::/64',
  gateway: null,
  dnsNameservers: [],
  hostRoutes: [],
};
const STATELESS: DhcpSubnet = { ...STATEFUL, ipv6Mode: 'dhcpv6-stateless' };

/** DHCP of both versions, with this IPv6 subnet. */
function both(subnet: DhcpSubnet): DhcpSpec {
  const v4 = dhcpOf();
  return { ...v4, addresses: ['10.7.0.2/24', 'fd07::2/64'], subnets: [...v4.subnets, subnet] };
}

function hostOf6(port: PortSpec, ip: string, fields: Partial<DhcpHost> = {}): DhcpHost {
  const hostname = `host-${ip.replaceAll(':', '-')}`;
  const { id: portId, mac } = port;
  return { portId, mac, ip, subnetId: STATEFUL.id, hostname, options: [], ...fields };
}

export const dhcpv6Checks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'a port gets its IPv6 address with name server, domain and its own options, and its IPv4 address too',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, port, wire } = scene;
      const dhcp = both(STATEFUL);
      const options = [{ name: 'bootfile-url', value: 'tftp://[fd07::9]/pxe.0' }];
      const hosts = [hostOf6(port, 'fd07::11', { options }), hostOf(port, dhcp, '10.7.0.11')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const lease = await new Dhcpv6Client(wire, port.mac).lease();
      assert.equal(lease.type, 'reply');
      assert.deepEqual(lease.addresses, [OWN]);
      assert.deepEqual(addressesOf(lease, 23), [SERVER], 'the server itself, as in Neutron');
      assert.match(lease.options.get(24)?.toString() ?? '', /openstacklocal/);
      assert.equal(lease.options.get(59)?.toString(), 'tftp://[fd07::9]/pxe.0');
      assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.11');
    },
  },
  {
    name: 'an IPv6 address goes to its own MAC only, whoever asks for it',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, port, wire } = scene;
      const dhcp = both(STATEFUL);
      const other = { ...port, id: randomUUID(), mac: newMac() };
      const hosts = [hostOf6(port, 'fd07::11'), hostOf6(other, 'fd07::12')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const stranger = new Dhcpv6Client(wire, newMac());
      const client = new Dhcpv6Client(wire, port.mac);
      const asked = [
        stranger.ask('solicit', { address: bytesOf(OWN) }),
        stranger.ask('information'),
      ];
      const mine = await client.answer(
        client.ask('solicit', { address: bytesOf('fd07:0:0:0:0:0:0:12') }),
      );
      assert.deepEqual(mine.addresses, [OWN]);
      const { options } = await client.lease();
      const serverId = options.get(2) ?? Buffer.alloc(0);
      const address = bytesOf('fd07:0:0:0:0:0:0:12');
      const theirs = await client.answer(client.ask('request', { address, serverId }));
      assert.deepEqual(theirs.addresses, []);
      assert.deepEqual(
        asked.flatMap((transaction) => stranger.answers(transaction)),
        [],
      );
    },
  },
  {
    name: 'an IPv6 address of a deleted port, and a changed one, are given to who has them now, at once',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, port, wire } = scene;
      const dhcp = both(STATEFUL);
      const old = { ...port, id: randomUUID(), mac: newMac() };
      const serve = async (one: PortSpec, ip: string) => {
        const hosts = [hostOf6(one, ip)];
        await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
        return (await new Dhcpv6Client(wire, one.mac).lease()).addresses;
      };
      assert.deepEqual(await serve(old, 'fd07::11'), [OWN]);
      const pid = pidOf(world, network);
      assert.deepEqual(await serve(old, 'fd07::13'), ['fd07:0:0:0:0:0:0:13']);
      assert.deepEqual(await serve(port, 'fd07::11'), [OWN]);
      assert.deepEqual(await serve(old, 'fd07::11'), [OWN]);
      assert.notEqual(pidOf(world, network), pid, 'it has forgotten who had the address');
    },
  },
  {
    name: 'a guest that makes its address itself is told the rest, and is given none',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, port, wire } = scene;
      const dhcp = both({ ...STATELESS, dnsNameservers: ['fd07::53'] });
      const options = [{ name: 'bootfile-url', value: 'tftp://[fd07::9]/pxe.0' }];
      const hosts = [
        hostOf(port, dhcp, '10.7.0.11'),
        hostOf6(port, 'fd07::f816:3eff:fe00:1', { options }),
      ];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const client = new Dhcpv6Client(wire, port.mac);
      const told = await client.answer(client.ask('information'));
      assert.equal(told.type, 'reply');
      assert.deepEqual(addressesOf(told, 23), ['fd07:0:0:0:0:0:0:53']);
      assert.equal(told.options.get(59)?.toString(), 'tftp://[fd07::9]/pxe.0');
      assert.deepEqual((await client.answer(client.ask('solicit'))).addresses, []);
      const lease = await leaseDhcp(wire, port.mac);
      assert.equal(lease.address, '10.7.0.11', 'and IPv4 is as ever');
    },
  },
  {
    name: 'names of ports are known in both directions and both versions',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, port } = scene;
      const dhcp = both(STATELESS);
      const named = { hostname: 'web' };
      const hosts = [
        { ...hostOf(port, dhcp, '10.7.0.11'), ...named },
        hostOf6(port, 'fd07::11', named),
        hostOf({ ...port, id: randomUUID(), mac: newMac() }, dhcp, '10.7.0.12'),
      ];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const inside = ['netns', 'exec', `qdhcp-${network.id}`, 'busybox', 'nslookup'];
      const ask = async (...words: string[]) =>
        await run('ip', [...inside, ...words, '10.7.0.2'], world);
      const web = await ask('web.openstacklocal');
      assert.match(web, /^Address:\s+10\.7\.0\.11$/m);
      assert.match(web, /^Address:\s+fd07::11$/m);
      assert.match(await ask('10.7.0.11'), /name = web\.openstacklocal$/m);
      assert.match(await ask('fd07::11'), /name = web\.openstacklocal$/m);
      assert.match(await ask('10.7.0.12'), /name = host-10-7-0-12\.openstacklocal$/m);
    },
  },
  {
    name: 'a thousand ports on one network are served, and a change among them at once',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, port, wire } = scene;
      const dhcp = both(STATEFUL);
      const others = Array.from({ length: 1000 }, (_, index) => {
        const one = { ...port, id: randomUUID(), mac: newMac() };
        const ip = `10.7.${8 + Math.floor(index / 250)}.${(index % 250) + 1}`;
        return [hostOf(one, dhcp, ip), hostOf6(one, `fd07::8:${index.toString(16)}`)];
      }).flat();
      const [v4, v6] = dhcp.subnets;
      const subnets = [{ ...v4!, cidr: '10.7.0.0/16' }, v6!];
      const addresses = ['10.7.0.2/16', 'fd07::2/64'];
      const client = new Dhcpv6Client(wire, port.mac);
      for (const last of ['11', '12', '13']) {
        const hosts = [...others, hostOf(port, dhcp, `10.7.0.${last}`)];
        hosts.push(hostOf6(port, `fd07::${last}`));
        const all = { ...dhcp, addresses, subnets, hosts };
        await plane.apply({ networks: [{ ...network, dhcp: all }] });
        assert.equal((await leaseDhcp(wire, port.mac)).address, `10.7.0.${last}`);
        assert.deepEqual((await client.lease()).addresses, [`fd07:0:0:0:0:0:0:${last}`]);
      }
    },
  },
];
