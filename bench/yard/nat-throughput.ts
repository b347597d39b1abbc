/** What passes from a guest to the outside through a router with SNAT, beside a namespace that does nothing else. */
import { DEFAULT_STORM_CONTROL, pinnedTo } from '#base/host/firewall.ts';
import { LinuxDataplane } from '#drivers/dataplane/linux/linux-dataplane.ts';
import { run } from '#drivers/run.ts';
import { silentLog } from '#platform/log.ts';
import {
  changeOf,
  networkOf,
  newMac,
  portOf,
  type DataplaneWorld,
} from '../../test/dataplane/world.ts';
import { allowing, interfaceOf, routerOf, uplinkOf } from '../../test/routers/site.ts';
import { Guest, megabits } from '../../test/storm/guests.ts';
import { median } from '../support/clock.ts';
import { roundTrips, type Path } from './paths.ts';
import type { YardMeasure } from './yard-measure.ts';

const ROUNDS = 7;
const ROUND_TRIPS = 400;
const BARE = 'a bare namespace router';

export const natThroughput: YardMeasure = async (world, tell) => {
  await using stack = new AsyncDisposableStack();
  const paths = { bare: await barePath(world, stack), ours: await routedPath(world, stack) };
  const seen = { bare: [] as Measured[], ours: [] as Measured[] };
  // By turns, so that whatever else the machine does hits both; the first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    tell(`round ${round} of ${ROUNDS}`);
    for (const name of ['bare', 'ours'] as const) {
      const measured = await measure(paths[name]);
      if (round > 0) seen[name].push(measured);
    }
  }
  const of = (name: keyof typeof seen, what: keyof Measured) =>
    median(seen[name].map((one) => one[what]));
  const ratio = median(seen.ours.map((one, at) => one.megabits / (seen.bare[at]?.megabits ?? 0)));
  return [
    {
      what: `from a guest through a router with SNAT / ${BARE}`,
      value: ratio,
      unit: 'x',
      target: { atLeast: 0.8 },
      floor: null,
    },
    {
      what: '  as it is',
      value: of('ours', 'megabits'),
      unit: 'Mbit/s',
      target: null,
      floor: { what: BARE, value: of('bare', 'megabits') },
    },
    {
      what: '  there and back (UDP, from one process to another)',
      value: of('ours', 'roundTrip'),
      unit: 'ms',
      target: null,
      floor: { what: BARE, value: of('bare', 'roundTrip') },
    },
  ];
};

type Measured = { readonly megabits: number; readonly roundTrip: number };

async function measure(path: Path): Promise<Measured> {
  const passed = await megabits(path.client, path.server);
  return { megabits: passed, roundTrip: median(await roundTrips(path, ROUND_TRIPS)) };
}

/** Two bridges without rules, and a namespace between them that forwards and masquerades. */
async function barePath(world: DataplaneWorld, stack: AsyncDisposableStack): Promise<Path> {
  const [home, router] = ['nat-bare', 'nat-bare-router'];
  for (const name of [home, router]) {
    await run('ip', ['netns', 'add', name], world);
    stack.defer(async () => {
      await run('ip', ['netns', 'del', name], { signal: AbortSignal.timeout(10_000) });
    });
  }
  const guests: Guest[] = [];
  for (const at of [0, 1]) {
    const bridge = `bridge${at}`;
    const there = ['-n', home, 'link'];
    await run('ip', [...there, 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0'], world);
    const pair = ['type', 'veth', 'peer', 'name', `eth${at}`, 'netns', router];
    await run('ip', [...there, 'add', `router${at}`, ...pair], world);
    await run('ip', [...there, 'set', `router${at}`, 'master', bridge, 'up'], world);
    await run('ip', [...there, 'set', bridge, 'up'], world);
    await run('ip', ['-n', router, 'link', 'set', `eth${at}`, 'up'], world);
    await run('ip', ['-n', router, 'addr', 'add', `198.19.${at}.1/24`, 'dev', `eth${at}`], world);
    const address = `198.19.${at}.2/24`;
    guests.push(stack.use(await Guest.onBridge(world, `nat-bare${at}`, address, { home, bridge })));
  }
  // Else br_netfilter would take its way through the bridges, too.
  const quiet = 'for one in /proc/sys/net/bridge/bridge-nf-call-*; do echo 0 >$one; done';
  await run('ip', ['netns', 'exec', home, 'sh', '-c', quiet], world);
  const forward = `echo 1 >/proc/sys/net/ipv4/ip_forward && nft -f - <<'END'
table ip nat {
  chain leaving {
    type nat hook postrouting priority srcnat
    oifname "eth1" masquerade
  }
}
END`;
  await run('ip', ['netns', 'exec', router, 'sh', '-c', forward], world);
  const [client, server] = guests as [Guest, Guest];
  await client.exec('ip', 'route', 'add', 'default', 'via', '198.19.0.1');
  await server.echo();
  return { client, server };
}

/** A strict port with a security group, a router with a gateway, and somebody on the network of that. */
async function routedPath(world: DataplaneWorld, stack: AsyncDisposableStack): Promise<Path> {
  const { stateDir } = world;
  const dataplane = new LinuxDataplane({ stateDir, tapOwner: null, log: silentLog() });
  stack.defer(async () => await dataplane.close());
  const [inner, outer] = [networkOf({ mtu: 1500 }), networkOf({ mtu: 1500 })];
  const group = allowing();
  const mac = newMac();
  const pairs = [{ mac, cidr: '10.1.0.5/32' }];
  const firewall = pinnedTo([mac], { mode: 'strict', pairs, groups: [group.id] });
  const guest = portOf(inner, { mac, firewall, storm: DEFAULT_STORM_CONTROL });
  const outside = portOf(outer, { firewall: null, storm: DEFAULT_STORM_CONTROL });
  const router = routerOf({
    interfaces: [interfaceOf(inner, '10.1.0.1/24')],
    gateway: uplinkOf(outer, '203.0.113.5/24', { nexthops: [] }),
  });
  const apply = async (change: Parameters<typeof changeOf>[0], by: AbortSignal) => {
    const failures = await dataplane.apply(changeOf(change), { signal: by });
    for (const error of failures.values()) throw error;
  };
  const networks = [inner, outer];
  const ports = [guest, outside];
  await apply({ networks, ports, groups: [group], routers: [router] }, world.signal);
  stack.defer(async () => {
    const gone = {
      absentNetworks: networks.map(({ id }) => id),
      absentPorts: ports.map(({ id }) => id),
      absentGroups: [group.id],
      absentRouters: [router.id],
    };
    await apply(gone, AbortSignal.timeout(20_000));
  });
  const client = stack.use(
    await Guest.make(world, 'nat-client', inner, [{ port: guest, address: '10.1.0.5/24' }]),
  );
  const server = stack.use(
    await Guest.make(world, 'nat-server', outer, [{ port: outside, address: '203.0.113.9/24' }]),
  );
  await client.exec('ip', 'route', 'add', 'default', 'via', '10.1.0.1');
  await server.echo();
  return { client, server };
}
