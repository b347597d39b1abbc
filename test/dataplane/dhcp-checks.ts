/** What the Linux data plane promises about DHCP, seen from inside a yard. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkSpec } from '#base/host/links.ts';
import { markProcess } from '../../src/drivers/processes.ts';
import { run, start } from '../../src/drivers/run.ts';
import { until, type Check } from './check.ts';
import { openScene, pidOf } from './dhcp-scene.ts';
import { addressesIn, answersTo, askDhcp, dhcpAnswer, leaseDhcp } from './dhcp-client.ts';
import {
  changeOf,
  clear,
  dhcpOf,
  expectNoDhcp,
  hostOf,
  networkOf,
  newMac,
  openPlane,
  serverPids,
  type DataplaneWorld,
} from './world.ts';

export const dhcpChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'a port gets its own address with gateway, name server, domain, MTU and lease time',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const lease = await leaseDhcp(wire, port.mac);
      assert.equal(lease.type, 'ack');
      assert.equal(lease.address, '10.7.0.11');
      assert.deepEqual(addressesIn(lease, 1), ['255.255.255.0']);
      assert.deepEqual(addressesIn(lease, 3), ['10.7.0.1']);
      assert.deepEqual(addressesIn(lease, 6), ['10.7.0.2'], 'the server itself, as in Neutron');
      assert.deepEqual(addressesIn(lease, 54), ['10.7.0.2']);
      assert.equal(lease.options.get(12)?.toString(), 'host-10-7-0-11');
      assert.equal(lease.options.get(15)?.toString(), 'openstacklocal');
      assert.equal(lease.options.get(26)?.readUInt16BE(), 1450);
      assert.equal(lease.options.get(51)?.readUInt32BE(), 86_400);
    },
  },
  {
    name: 'the server runs as a user without rights where there is one',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp } = scene;
      await plane.apply({ networks: [{ ...network, dhcp }] });
      const status = readFileSync(`/proc/${pidOf(world, network)}/status`, 'utf8');
      const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      assert.equal(uid === '0', world.guestUid === null);
    },
  },
  {
    name: 'a MAC that no port has is not answered, whatever it asks for or calls itself',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const stranger = newMac();
      const asked = [
        askDhcp(wire, stranger, 'discover'),
        askDhcp(wire, stranger, 'discover', { hostname: 'host-10-7-0-11' }),
        askDhcp(wire, stranger, 'request', { address: '10.7.0.11' }),
        askDhcp(wire, stranger, 'request', { address: '10.7.0.99', hostname: 'host-10-7-0-11' }),
      ];
      // The server answers in order: once the port has its lease, the stranger has had its turn.
      assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.11');
      assert.deepEqual(
        asked.flatMap((transaction) => answersTo(wire, transaction)),
        [],
      );
    },
  },
  {
    name: 'a port that asks for the address of another gets its own, or none',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, dhcp, port, wire } = scene;
      const other = { ...port, id: randomUUID(), mac: newMac() };
      const hosts = [hostOf(port, dhcp, '10.7.0.11'), hostOf(other, dhcp, '10.7.0.12')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const wish = { address: '10.7.0.12', hostname: 'host-10-7-0-12' };
      const offer = await dhcpAnswer(wire, askDhcp(wire, port.mac, 'discover', wish));
      assert.deepEqual([offer.type, offer.address], ['offer', '10.7.0.11']);
      const answer = await dhcpAnswer(wire, askDhcp(wire, port.mac, 'request', wish));
      assert.deepEqual([answer.type, answer.address], ['nak', '0.0.0.0']);
      assert.equal((await leaseDhcp(wire, other.mac)).address, '10.7.0.12');
    },
  },
  {
    name: 'a changed list of hosts is served at once, and the server goes on running',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port, wire } = scene;
      await plane.apply({ networks: [{ ...network, dhcp }] });
      const pid = pidOf(world, network);
      for (const last of [11, 12, 13, 14]) {
        const hosts = [hostOf(port, dhcp, `10.7.0.${last}`)];
        await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
        const offer = await dhcpAnswer(wire, askDhcp(wire, port.mac, 'discover'));
        assert.equal(offer.address, `10.7.0.${last}`);
      }
      assert.equal(pidOf(world, network), pid);
    },
  },
  {
    name: 'an address that was leased to a deleted port is given to the port that has it now',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, dhcp, port, wire } = scene;
      const old = { ...port, id: randomUUID(), mac: newMac() };
      const serve = async (one: typeof port) => {
        const hosts = [hostOf(one, dhcp, '10.7.0.11')];
        await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
        assert.equal((await leaseDhcp(wire, one.mac)).address, '10.7.0.11');
      };
      await serve(old);
      await serve(port);
      await serve(old);
    },
  },
  {
    name: 'a guest whose boot stages send different client ids keeps its address',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      for (const clientId of ['firmware', 'initramfs', 'system']) {
        assert.equal((await leaseDhcp(wire, port.mac, { clientId })).address, '10.7.0.11');
      }
    },
  },
  {
    name: 'routes, name servers, a missing gateway and options of one port arrive as they were given',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, port, wire } = scene;
      const other = { ...port, id: randomUUID(), mac: newMac() };
      const subnet = dhcpOf().subnets[0]!;
      const dhcp = dhcpOf({
        subnets: [
          {
            ...subnet,
            dnsNameservers: ['192.0.2.53', '192.0.2.54'],
            hostRoutes: [{ destination: '198.51.100.0/24', nexthop: '10.7.0.9' }],
          },
        ],
      });
      const options = [
        { name: 'bootfile-name', value: 'pxe.0' },
        { name: 'mtu', value: '1280' },
        { name: '12', value: 'forged\ndhcp-host=x' },
      ];
      const hosts = [
        { ...hostOf(port, dhcp, '10.7.0.11'), options },
        hostOf(other, dhcp, '10.7.0.12'),
      ];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const lease = await leaseDhcp(wire, port.mac);
      assert.deepEqual(addressesIn(lease, 6), ['192.0.2.53', '192.0.2.54']);
      // 198.51.100.0/24 by 10.7.0.9, metadata by the server, and the default route, which the client would else ignore
      const metadata = [32, 169, 254, 169, 254, 10, 7, 0, 2];
      assert.deepEqual(
        [...(lease.options.get(121) ?? [])],
        [24, 198, 51, 100, 10, 7, 0, 9, ...metadata, 0, 10, 7, 0, 1],
      );
      assert.match(lease.options.get(67)?.toString() ?? '', /^pxe\.0\0?$/);
      assert.equal(lease.options.get(12)?.toString(), 'host-10-7-0-11');
      const plain = await leaseDhcp(wire, other.mac);
      assert.equal(plain.options.get(67), undefined);
      assert.equal(plain.options.get(26)?.readUInt16BE(), 1450);

      const isolated = { ...dhcp, hosts, subnets: [{ ...subnet, gateway: null }] };
      await plane.apply({ networks: [{ ...network, dhcp: isolated }] });
      const closed = await leaseDhcp(wire, other.mac);
      assert.equal(closed.type, 'ack');
      assert.equal(closed.options.get(3), undefined);
      assert.deepEqual([...(closed.options.get(121) ?? [])], metadata);
    },
  },
  {
    name: 'two subnets of a network are served by one server',
    run: async (world) => {
      await using scene = await openScene(world, { firewall: null });
      const { plane, network, port, wire } = scene;
      const second = { ...dhcpOf().subnets[0]!, cidr: '10.8.0.0/16', gateway: '10.8.0.1' };
      const dhcp = dhcpOf({ addresses: ['10.7.0.2/24', '10.8.0.2/16'] });
      const other = { ...port, id: randomUUID(), mac: newMac() };
      const hosts = [hostOf(port, dhcp, '10.7.0.11'), hostOf(other, dhcp, '10.8.5.11')];
      const subnets = [...dhcp.subnets, second];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts, subnets } }] });
      assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.11');
      const lease = await leaseDhcp(wire, other.mac);
      assert.equal(lease.address, '10.8.5.11');
      assert.deepEqual(addressesIn(lease, 1), ['255.255.0.0']);
      assert.deepEqual(addressesIn(lease, 6), ['10.8.0.2']);
      const settings = ['ipv4/ip_forward', 'ipv6/conf/ns-net/accept_ra'];
      const files = settings.map((name) => `/proc/sys/net/${name}`);
      const inside = ['netns', 'exec', `qdhcp-${network.id}`, 'cat', ...files];
      assert.equal(await run('ip', inside, world), '0\n0\n', 'it is no way between the two');
    },
  },
  {
    name: 'a real client gets its lease, reaches the server and resolves a name of the network',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      const mac = newMac();
      const own = { portId: randomUUID(), mac, ip: '10.7.0.20', hostname: 'web-1' };
      const client = { ...hosts[0]!, ...own };
      const all = { ...dhcp, hosts: [...hosts, client] };
      await plane.apply({ networks: [{ ...network, dhcp: all }] });
      const said = await run('sh', ['-c', CLIENT, bridgeOf(network), mac], world);
      assert.match(said, /^lease 10\.7\.0\.20 24 10\.7\.0\.1 10\.7\.0\.2 openstacklocal 1450$/m);
      assert.match(said, /1 packets received/);
      assert.match(said, /Address:?\s+10\.7\.0\.11$/m);
    },
  },
  {
    name: 'a server that was killed is started again by itself',
    run: async (world) => {
      await using scene = await openScene(world, {}, 50);
      const { plane, network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      await plane.apply({ networks: [{ ...network, dhcp: { ...dhcp, hosts } }] });
      const pid = pidOf(world, network);
      process.kill(pid, 'SIGKILL');
      await until('another server runs', () => {
        const now = pidOf(world, network);
        return now !== pid && markProcess(now) !== undefined;
      });
      assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.11');
    },
  },
  {
    name: 'a restarted agent takes over the running server as it is, or puts right what differs',
    run: async (world) => {
      await using scene = await openScene(world);
      const { network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      const served = { ...network, dhcp: { ...dhcp, hosts } };
      await scene.plane.apply({ networks: [served] });
      const pid = pidOf(world, network);
      await scene.plane.dataplane.close();

      await using second = openPlane(world);
      await second.apply({ networks: [served], ports: [port] });
      assert.equal(pidOf(world, network), pid);
      assert.deepEqual(second.commands().length, 6, 'it only looked, and numbered who may ask');

      await using third = openPlane(world);
      const moved = { ...dhcp, hosts: [hostOf(port, dhcp, '10.7.0.77')] };
      await third.apply({ networks: [{ ...network, dhcp: moved }], ports: [port] });
      assert.equal(pidOf(world, network), pid);
      assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.77');

      await using fourth = openPlane(world);
      const renamed = { ...moved, domain: 'example.test' };
      await fourth.apply({ networks: [{ ...network, dhcp: renamed }], ports: [port] });
      assert.notEqual(pidOf(world, network), pid);
      assert.equal(markProcess(pid), undefined, 'the old server is gone');
      const lease = await leaseDhcp(wire, port.mac);
      assert.equal(lease.options.get(15)?.toString(), 'example.test');
    },
  },
  {
    name: 'a namespace or a link that somebody deleted is made again, and one server serves',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      const served = { ...network, dhcp: { ...dhcp, hosts } };
      const serves = async () => {
        await plane.dataplane.observe(world);
        await plane.apply({ networks: [served] });
        assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.11');
        assert.deepEqual(await serverPids(world), [pidOf(world, network)]);
      };
      await serves();
      await run('ip', ['netns', 'del', `qdhcp-${network.id}`], world);
      await serves();
      await run('ip', ['link', 'del', `dhcp${network.id.slice(0, 11)}`], world);
      await serves();
    },
  },
  {
    name: 'DHCP that moves to another port, changes its addresses or is switched off leaves nothing behind',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port, wire } = scene;
      const hosts = [hostOf(port, dhcp, '10.7.0.11')];
      const before = { ...dhcp, hosts };
      await plane.apply({ networks: [{ ...network, dhcp: before }] });
      const moved = { ...before, portId: randomUUID(), mac: newMac(), addresses: ['10.7.0.3/24'] };
      await plane.apply({ networks: [{ ...network, dhcp: moved }] });
      const lease = await leaseDhcp(wire, port.mac);
      assert.deepEqual(addressesIn(lease, 54), ['10.7.0.3']);
      const again = { ...moved, addresses: ['10.7.0.4/24'] };
      await plane.apply({ networks: [{ ...network, dhcp: again }] });
      assert.deepEqual(addressesIn(await leaseDhcp(wire, port.mac), 54), ['10.7.0.4']);
      const inside = ['-netns', `qdhcp-${network.id}`, '-brief', 'address'];
      const addresses = await run('ip', inside, world);
      assert.deepEqual(addresses.match(/10\.7\.0\.\d+/g), ['10.7.0.4']);
      assert.deepEqual(addresses.match(/fe80[^ ]+/g), ['fe80::a9fe:a9fe/64']);
      assert.equal((await serverPids(world)).length, 1);

      await plane.apply({ networks: [{ ...network, dhcp: null }] });
      assert.deepEqual(await serverPids(world), []);
      assert.deepEqual(readdirSync(join(world.stateDir, 'dhcp')), []);
      // The namespace stays: metadata is served there.
      const left = await run('ip', inside, world);
      assert.deepEqual(left.match(/[^ ]+\/(32|64)/g), ['169.254.169.254/32', 'fe80::a9fe:a9fe/64']);
    },
  },
  {
    name: 'removing a network ends its server and removes its namespace, link and files',
    run: async (world) => {
      const scene = await openScene(world);
      const { plane, network, dhcp } = scene;
      await plane.apply({ networks: [{ ...network, dhcp }] });
      await scene[Symbol.asyncDispose]();
      await using later = openPlane(world);
      const { networks, ports } = await later.dataplane.observe(world);
      assert.deepEqual(networks, [network.id]);
      const absentPorts = ports.map((port) => port.id);
      await later.apply({ absentNetworks: [network.id], absentPorts });
      await expectNoDhcp(world);
    },
  },
  {
    name: 'an agent that is killed anywhere in its work leaves nothing that the next one cannot remove',
    run: async (world) => {
      const { stateDir, guestUid, signal } = world;
      const program = join(import.meta.dirname, 'program.ts');
      for (const step of [1, 3, 4, 6]) {
        const words = [program, 'churn', stateDir, String(guestUid ?? 'none')];
        const child = start(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
        let commands = 0;
        child.stdout?.on('data', (chunk: Buffer) => (commands += chunk.length));
        const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
        await until(`it has begun command ${step}`, () => commands >= step);
        child.kill('SIGKILL');
        await ended;
        await clear({ stateDir, guestUid, signal });
      }
    },
  },
  {
    name: 'a network whose DHCP cannot be served is named, and the others are served',
    run: async (world) => {
      await using scene = await openScene(world);
      const { plane, network, dhcp, port, wire } = scene;
      const bad = networkOf({ dhcp: dhcpOf({ addresses: ['10.7.0.2/24', 'x; reboot'] }) });
      const worse = networkOf({ dhcp: dhcpOf({ mac: '01:00:5e:00:00:01' }) });
      const good = { ...network, dhcp: { ...dhcp, hosts: [hostOf(port, dhcp, '10.7.0.11')] } };
      const change = changeOf({ networks: [bad, worse, good] });
      const failures = await plane.dataplane.apply(change, world);
      assert.deepEqual([...failures.keys()].toSorted(), [bad.id, worse.id].toSorted());
      assert.match(failures.get(bad.id)?.message ?? '', /'x; reboot' is not an address/);
      assert.equal((await leaseDhcp(wire, port.mac)).address, '10.7.0.11');
    },
  },
];

/** $0 is the bridge, $1 the client's MAC. The client is plugged by a link of the test's own. */
const CLIENT = `
set -eu
ip netns add client
ip link add dev plug type veth peer name eth0 address $1 netns client
trap 'ip link del plug; ip netns del client' EXIT
ip link set plug master $0 up
ip -netns client link set eth0 up
ip netns exec client sh -c '
  set -eu
  cat >/run/client.sh <<"END"
#!/bin/sh
[ "$1" = bound ] || exit 0
echo "lease $ip $mask $router $dns $domain $mtu"
ip addr add "$ip/$mask" dev "$interface"
END
  chmod +x /run/client.sh
  busybox udhcpc -i eth0 -f -q -n -t 5 -T 1 -O mtu -s /run/client.sh 2>&1
  rm /run/client.sh
  busybox ping -c 1 -w 5 10.7.0.2
  busybox nslookup host-10-7-0-11.openstacklocal 10.7.0.2
'
`;

function bridgeOf(network: NetworkSpec): string {
  return `br${network.id.slice(0, 13)}`;
}
