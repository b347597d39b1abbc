/** How much passes between two ports of one network, with its rules against spoofing, next to a bridge with none. */
import { bridgeName } from '#drivers/dataplane/linux/names.ts';
import { tapName } from '#base/host/links.ts';
import { BenchCloud, boot } from '../support/bench-cloud.ts';
import { median } from '../support/clock.ts';
import type { Measure } from '../support/row.ts';

const RUNS = 3;
const SECONDS = '1';
const ADDRESSES = ['198.51.100.1', '198.51.100.2'] as const;

/** The two ends of a path: namespaces that are to be reached from one another under `ADDRESSES`. */
type Path = readonly [string, string];

export const portThroughput: Measure = async (tell) => {
  await using cloud = await BenchCloud.start({ hypervisor: 'fake', dataplane: 'linux' });
  const demo = await cloud.as('demo');
  const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny');
  const network = String(networks[0].id);
  const wanted = { imageRef: images[0].id, networks: [{ uuid: network }, { uuid: network }] };
  const server = await boot(demo, wanted);
  const { ports } = await demo.ask('GET', `/networking/v2.0/ports?device_id=${server}`);
  const inYard = async (...argv: string[]) => await cloud.real.inYard(...argv);

  const ours = ['port0', 'port1'] as const;
  for (const [index, name] of ours.entries()) {
    const tap = tapName(String(ports[index].id));
    // A veth pair under the tap's name: the rules know names, and a guest's own speed is not asked for here.
    await inYard('ip', 'netns', 'add', name);
    await inYard('ip', 'link', 'del', tap);
    await inYard('ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await inYard('ip', 'link', 'set', tap, 'master', bridgeName(network), 'up');
    await setUp(inYard, name, index, String(ports[index].mac_address));
  }
  const bare = ['bare0', 'bare1'] as const;
  await inYard('ip', 'netns', 'add', 'bare');
  await inYard('ip', '-n', 'bare', 'link', 'add', 'bridge', 'type', 'bridge');
  await inYard('ip', '-n', 'bare', 'link', 'set', 'bridge', 'up');
  for (const [index, name] of bare.entries()) {
    await inYard('ip', 'netns', 'add', name);
    const pair = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', name];
    await inYard('ip', '-n', 'bare', 'link', 'add', `leg${index}`, ...pair);
    await inYard('ip', '-n', 'bare', 'link', 'set', `leg${index}`, 'master', 'bridge', 'up');
    await setUp(inYard, name, index);
  }

  const [with_, without]: [number[], number[]] = [[], []];
  for (let round = 1; round <= RUNS; round++) {
    tell(`round ${round} of ${RUNS}`);
    with_.push(await megabits(inYard, ours));
    without.push(await megabits(inYard, bare));
  }
  return [
    {
      what: 'between two ports of a network / a bare bridge',
      value: median(with_) / median(without),
      unit: 'x',
      target: { atLeast: 0.85 },
      floor: null,
    },
    {
      what: '  as it is',
      value: median(with_),
      unit: 'Mbit/s',
      target: null,
      floor: { what: 'a bare bridge', value: median(without) },
    },
  ];
};

type InYard = (...argv: string[]) => Promise<string>;

async function setUp(inYard: InYard, name: string, index: number, mac?: string): Promise<void> {
  const link = ['ip', '-n', name, 'link', 'set', 'eth0'];
  await inYard(...link, ...(mac === undefined ? [] : ['address', mac]), 'up');
  await inYard('ip', '-n', name, 'addr', 'add', `${ADDRESSES[index]}/24`, 'dev', 'eth0');
}

async function megabits(inYard: InYard, [client, server]: Path): Promise<number> {
  await inYard('ip', 'netns', 'exec', server, 'iperf3', '-s', '-1', '-D');
  const said = await inYard(
    ...['ip', 'netns', 'exec', client, 'iperf3', '-c', ADDRESSES[1], '-t', SECONDS, '-J'],
  );
  const { end } = JSON.parse(said) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e6;
}
