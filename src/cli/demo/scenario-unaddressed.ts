/** The second specification: a server between two networks on ports that have no address. */
import { attemptInGuest } from './attempt-in-guest.ts';
import type { Clients } from './clients.ts';
import { expect, type Report } from './report.ts';
import { lastLines } from './scenario-interfaces.ts';
import { addressOf, makeNetwork, makePort, SERVER_OPTIONS, type ShownPort } from './topology.ts';
import { expectFirewall, GROUP, groupsHold, makeGroup } from './unaddressed-groups.ts';

const TOPOLOGY = `
  mgmt ───────┬────────────────────┬────────────────────┬────
              │0                   │0                   │0
        ┌─────┴────┐        ┌──────┴──────┐       ┌─────┴────┐
        │  first   │        │   middle    │       │  third   │
        └─────┬────┘        └──┬───────┬──┘       └─────┬────┘
              │1         no IP │1     2│ no IP          │1
  left  ──────┴────────────────┴──     │                │
  right ───────────────────────────────┴────────────────┴────`;

/** Middle answers for the first server under this address, which no port has. */
const NAT_ADDRESS = '10.4.0.200';

type Ports = {
  readonly first: ShownPort;
  readonly left: ShownPort;
  readonly right: ShownPort;
  readonly third: ShownPort;
};

export async function unaddressedPorts(clients: Clients, report: Report): Promise<void> {
  report.begin('A server on ports without an address, doing NAT between two others', TOPOLOGY);
  let ports: Ports | undefined;
  await report.try(
    'two ports without an address, with security groups on every port',
    `openstack port create --no-fixed-ip --network left --security-group ${GROUP} ...`,
    async () => {
      await Promise.all([
        makeNetwork(clients, 'mgmt', '10.9.0.0/24'),
        makeNetwork(clients, 'left', '10.3.0.0/24'),
        makeNetwork(clients, 'right', '10.4.0.0/24'),
        makeGroup(clients),
      ]);
      const [first, left, right, third] = await Promise.all([
        makePort(clients, 'first-left', 'left'),
        makePort(clients, 'middle-left', 'left', '--no-fixed-ip', '--security-group', GROUP),
        makePort(clients, 'middle-right', 'right', '--no-fixed-ip'),
        makePort(clients, 'third-right', 'right'),
      ]);
      for (const port of [left, right]) {
        expect(port.fixed_ips.length === 0, `${port.id} got an address`);
        expect(port.ip_allocation === 'none', `ip_allocation is ${port.ip_allocation}`);
      }
      ports = { first, left, right, third };
      for (const port of Object.values(ports)) expectFirewall(port);
      return 'ip_allocation: none, fixed_ips: []; port security on, one group on each';
    },
  );
  if (!ports) return;
  const wired = ports;
  const booted = await report.try(
    'three servers, each with a management port; the middle one with both unaddressed ports',
    'openstack server create --network mgmt --port middle-left --port middle-right middle',
    async () => {
      const boot = async (name: string, ...names: string[]) =>
        await clients.openstack(
          ...['server', 'create', ...SERVER_OPTIONS, '--network', 'mgmt'],
          ...names.flatMap((port) => ['--port', port]),
          ...['--wait', name],
        );
      await Promise.all([
        boot('first', 'first-left'),
        boot('middle', 'middle-left', 'middle-right'),
        boot('third', 'third-right'),
      ]);
      const names = ['first', 'middle', 'third'];
      await Promise.all(names.map(async (name) => await clients.guestIsUp(name)));
      const { addresses } = await clients.json<{ addresses: Record<string, string[]> }>(
        ...['server', 'show', 'middle', '-c', 'addresses'],
      );
      expect(addresses['left']?.length === 0, 'the network of an unaddressed port has addresses');
      return `all three let us in over mgmt; middle shows ${JSON.stringify(addresses)}`;
    },
  );
  if (!booted) return;
  await wire(clients, report, wired);
  await translate(clients, report, wired);
}

/** Addresses and static ARP entries in the guests, as the specification says. */
async function wire(clients: Clients, report: Report, ports: Ports): Promise<void> {
  const { first, left, right, third } = ports;
  const [from, to] = [addressOf(first), addressOf(third)];
  await report.try(
    'static ARP entries on first and third lead to the middle server',
    'stackyard ssh first (ip neigh add ... nud permanent)',
    async () => {
      await clients.inGuest(
        'first',
        `ip addr add ${from}/24 dev eth1 && ip link set eth1 up && ip route add ${to}/32 dev eth1 && ` +
          `ip neigh replace ${to} lladdr ${left.mac_address} dev eth1 nud permanent`,
      );
      await clients.inGuest(
        'third',
        `ip addr add ${to}/24 dev eth1 && ip link set eth1 up && ` +
          `ip neigh replace ${NAT_ADDRESS} lladdr ${right.mac_address} dev eth1 nud permanent`,
      );
      return `${to} is at ${left.mac_address}, ${NAT_ADDRESS} is at ${right.mac_address}`;
    },
  );
  await report.try(
    'control: before NAT is set, the path is dead',
    `stackyard ssh first (ping -c 3 -W 2 ${to})`,
    async () => {
      const { code, stdout } = await attemptInGuest(clients, 'first', `ping -c 3 -W 2 ${to}`);
      expect(code !== 0 && stdout.includes('100% packet loss'), `it answered: ${stdout}`);
      return '100% packet loss';
    },
  );
}

async function translate(clients: Clients, report: Report, ports: Ports): Promise<void> {
  const { first, third } = ports;
  const [from, to] = [addressOf(first), addressOf(third)];
  const natted = await report.try(
    'the middle server translates: no address on either traffic port',
    'stackyard ssh middle (nft add rule ip nat post oifname eth2 snat to ...)',
    async () => {
      await clients.inGuest(
        'middle',
        [
          'ip link set eth1 up && ip link set eth2 up',
          'sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0',
          'sysctl -w net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0',
          `ip route add ${to}/32 dev eth2 && ip route add ${from}/32 dev eth1`,
          `ip neigh replace ${to} lladdr ${third.mac_address} dev eth2 nud permanent`,
          `ip neigh replace ${from} lladdr ${first.mac_address} dev eth1 nud permanent`,
          'nft add table ip nat',
          "nft 'add chain ip nat post { type nat hook postrouting priority 100; }'",
          // Replies are translated back by what this chain's hook remembers.
          "nft 'add chain ip nat pre { type nat hook prerouting priority -100; }'",
          `nft add rule ip nat post oifname eth2 ip saddr ${from} snat to ${NAT_ADDRESS}`,
        ].join(' && '),
      );
      return await clients.inGuest(
        'middle',
        'ip -4 -br addr show eth1; ip -4 -br addr show eth2; echo set',
      );
    },
  );
  if (!natted) return;
  await report.try(
    'packets flow end to end, through the groups of all four ports',
    `stackyard ssh first (ping -c 3 -W 5 ${to})`,
    async () => lastLines(await clients.inGuest('first', `ping -c 3 -W 5 ${to}`)),
  );
  await report.try(
    'a TCP stream flows end to end, and its far end sees the translated address',
    `stackyard ssh first (iperf3 -c ${to})`,
    async () => await stream(clients, to),
  );
  await groupsHold(clients, report, to, async () => await stream(clients, to));
}

/** Sends a few megabytes over TCP from the first server to the third. */
async function stream(clients: Clients, to: string): Promise<string> {
  await clients.inGuest(
    'third',
    'rm -f /tmp/iperf; iperf3 -s -1 -D --logfile /tmp/iperf && sleep 1',
  );
  const said = await clients.inGuest('first', `iperf3 -c ${to} -n 4M -J`);
  const { end } = JSON.parse(said) as {
    end: { sum_received: { bytes: number; bits_per_second: number } };
  };
  expect(end.sum_received.bytes > 1_000_000, `only ${end.sum_received.bytes} bytes came through`);
  const log = await clients.inGuest('third', 'cat /tmp/iperf');
  expect(log.includes(`Accepted connection from ${NAT_ADDRESS}`), `the far end says: ${log}`);
  const mbits = (end.sum_received.bits_per_second / 1e6).toFixed(0);
  return `${end.sum_received.bytes} bytes at ${mbits} Mbit/s from ${NAT_ADDRESS}`;
}
