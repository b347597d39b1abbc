/** Requests about one thing, in a cloud of ten ports and in one of ten thousand. */
import { BenchCloud, boot, remove } from '../support/bench-cloud.ts';
import { median, timed } from '../support/clock.ts';
import type { Connection } from '../support/connection.ts';
import { fillPorts } from '../support/fill.ts';
import type { Measure } from '../support/row.ts';

const PORTS = 10_000;
const NETWORKS = 1000;
const RUNS = 60;
const NET = '/networking/v2.0';

export const manyPorts: Measure = async (tell) => {
  await using few = await BenchCloud.start();
  await using many = await BenchCloud.start();
  const clouds = [];
  for (const [cloud, size] of [
    [few, { networks: 1, ports: 10 }],
    [many, { networks: NETWORKS, ports: PORTS }],
  ] as const) {
    await cloud.unlimit();
    const demo = await cloud.as('demo');
    tell(`making ${size.ports} ports on ${size.networks} networks`);
    const ids = await fillPorts(demo, size);
    clouds.push({ demo, network: ids.at(-1) ?? '', times: new Map<string, number[]>() });
  }
  tell('the same requests to both');
  // By turns, so that whatever else the machine does hits both.
  for (let run = 0; run < RUNS + 5; run++) {
    for (const { demo, network, times } of clouds) {
      for (const [what, ms] of await requests(demo, network)) {
        if (run < 5) continue;
        const all = times.get(what) ?? [];
        all.push(ms);
        times.set(what, all);
      }
    }
  }
  const [small, large] = clouds.map(({ times }) => times);
  return [...(large ?? [])].map(([what, all]) => {
    const floor = median(small?.get(what) ?? []);
    return {
      what: `${what}, ${PORTS} ports / 10 ports`,
      value: median(all) / floor,
      unit: 'x',
      target: { atMost: 1.2 },
      floor: null,
    } as const;
  });
};

/** Every kind of request about one resource, with its time. */
async function requests(demo: Connection, network_id: string): Promise<[string, number][]> {
  const all: [string, number][] = [];
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape are looked into
  const ask = async (what: string, method: string, path: string, body?: object): Promise<any> => {
    const { ms, result } = await timed(async () => await demo.ask(method, path, body));
    all.push([what, ms]);
    return result;
  };
  const { port } = await ask('POST port', 'POST', `${NET}/ports`, { port: { network_id } });
  await ask('GET port', 'GET', `${NET}/ports/${port.id}`);
  await ask('GET ports?id=', 'GET', `${NET}/ports?id=${port.id}`);
  await ask('PUT port', 'PUT', `${NET}/ports/${port.id}`, { port: { name: 'x' } });
  await ask('DELETE port', 'DELETE', `${NET}/ports/${port.id}`);
  await ask('GET network', 'GET', `${NET}/networks/${network_id}`);
  await ask('PUT network', 'PUT', `${NET}/networks/${network_id}`, { network: { name: 'y' } });
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny');
  const server = { imageRef: images[0].id, networks: [{ uuid: network_id }] };
  const { ms, result: id } = await timed(async () => await boot(demo, server));
  all.push(['server create -> ACTIVE', ms]);
  await remove(demo, id);
  return all;
}
