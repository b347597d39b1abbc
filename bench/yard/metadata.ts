/** How fast servers are told their metadata, and what one more network with its own service costs. */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PortSpec } from '#base/host/links.ts';
import { run } from '#drivers/run.ts';
import { until } from '../../test/dataplane/check.ts';
import { networkOf, openPlane, type DataplaneWorld } from '../../test/dataplane/world.ts';
import type { Load } from '../../test/metadata/load.ts';
import { answeringPlane, guestOn, isKnownAs, METADATA, portAs } from '../../test/metadata/scene.ts';
import type { Guest } from '../../test/storm/guests.ts';
import type { Row } from '../support/row.ts';
import type { YardMeasure } from './yard-measure.ts';

const LOAD = join(import.meta.dirname, '..', '..', 'test', 'metadata', 'load.ts');
const AT_ONCE = 8;
/** What one server may ask at once. */
const TIMES = 250;
const NETWORKS = 40;

export const metadata: YardMeasure = async (world, tell) => [
  await requests(world, tell),
  ...(await networks(world, tell)),
];

async function requests(world: DataplaneWorld, tell: (line: string) => void): Promise<Row> {
  tell('servers ask');
  await using plane = await answeringPlane(world);
  const network = networkOf();
  const [port, other] = [portAs(network, 'l2'), portAs(network, 'l2')];
  await plane.apply({ networks: [network], ports: [port, other] });
  await using guest = await guestOn(world, network, port, '169.254.7.7/16');
  await isKnownAs(guest, port);
  const value = await perSecond(guest, METADATA);
  const floor = await bare(guest);
  await plane.apply({ absentPorts: [port.id, other.id], absentNetworks: [network.id] });
  return {
    what: 'metadata asked by a server and answered by the agent',
    value,
    unit: '/s',
    target: null,
    floor: { what: 'HTTP within the server', value: floor },
  };
}

async function perSecond(guest: Guest, host: string): Promise<number> {
  const words = [process.execPath, LOAD, host, String(AT_ONCE), String(TIMES)];
  const load = JSON.parse(await guest.exec(...words)) as Load;
  if (load.failed > 0) throw new Error(`${load.failed} were not answered`);
  return (load.answered * 1000) / load.ms;
}

/** The same client and a server of its own beside it, with nothing between. */
async function bare(guest: Guest): Promise<number> {
  await guest.exec('ip', 'link', 'set', 'lo', 'up');
  const { stdout } = guest.start(process.execPath, '-e', BARE);
  if (stdout === null) throw new Error('the bare server says nothing');
  await once(createInterface(stdout), 'line');
  return await perSecond(guest, '127.0.0.1');
}

const BARE = `require('node:http')
  .createServer((request, response) => response.end(request.url))
  .listen(80, () => console.log('listening'))`;

async function networks(
  world: DataplaneWorld,
  tell: (line: string) => void,
): Promise<readonly Row[]> {
  tell(`${NETWORKS} networks`);
  await using plane = openPlane(world);
  const all = Array.from({ length: NETWORKS + 1 }, () => networkOf());
  const ports: readonly PortSpec[] = all.map((network) => portAs(network, 'l2'));
  // The first look at the kernel is not part of it.
  await plane.apply({ networks: all.slice(0, 1), ports: ports.slice(0, 1) });
  const started = performance.now();
  await plane.apply({ networks: all.slice(1), ports: ports.slice(1) });
  const applied = performance.now();
  const last = all.at(-1)?.id ?? '';
  await until('all services listen', async () => await listens(world, last), 60_000);
  const listen = performance.now();
  const ids = { absentPorts: ports.map(({ id }) => id), absentNetworks: all.map(({ id }) => id) };
  await plane.apply(ids);
  const row = (what: string, ms: number): Row => ({
    what,
    value: ms / NETWORKS,
    unit: 'ms',
    target: null,
    floor: null,
  });
  return [
    row(`one network more with a port, of ${NETWORKS} at once`, applied - started),
    row('  until its metadata service listens', listen - applied),
  ];
}

/** Sockets are opened one after the other: when the last one listens, all do. */
async function listens(world: DataplaneWorld, networkId: string): Promise<boolean> {
  const inside = ['netns', 'exec', `qdhcp-${networkId}`, 'cat', '/proc/net/tcp6'];
  return /:0050 .* 0A /.test(await run('ip', inside, world));
}
