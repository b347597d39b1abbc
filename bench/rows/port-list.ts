/** A list of 1,000 ports, beside a bare route that sends as much. */
import { startBareServer } from '../support/bare-server.ts';
import { BenchCloud } from '../support/bench-cloud.ts';
import { median } from '../support/clock.ts';
import { Connection, type Reply } from '../support/connection.ts';
import { fillPorts } from '../support/fill.ts';
import type { Measure } from '../support/row.ts';

const PORTS = 1000;
const RUNS = 30;

export const portList: Measure = async (tell) => {
  await using cloud = await BenchCloud.start();
  await using bare = await startBareServer();
  using below = new Connection(bare.url);
  await cloud.unlimit();
  const demo = await cloud.as('demo');
  tell(`making ${PORTS} ports`);
  await fillPorts(demo, { networks: 10, ports: PORTS });
  const read = async () => await demo.send('GET', '/networking/v2.0/ports');
  const { text } = await read();
  const count = (JSON.parse(text) as { ports: unknown[] }).ports.length;
  const floor = async () => await below.send('GET', `/bytes/${text.length}`);
  const [lists, floors]: [Reply[], Reply[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    lists.push(await read());
    floors.push(await floor());
  }
  const what = `a bare Fastify route with ${(text.length / 1e6).toFixed(1)} MB`;
  return [
    {
      what: `GET ${count} ports, to the last byte`,
      value: median(lists.map(({ ms }) => ms)),
      unit: 'ms',
      target: { atMost: 15 },
      floor: { what, value: median(floors.map(({ ms }) => ms)) },
    },
    {
      what: '  to the first byte',
      value: median(lists.map(({ firstByteMs }) => firstByteMs)),
      unit: 'ms',
      target: null,
      floor: { what, value: median(floors.map(({ firstByteMs }) => firstByteMs)) },
    },
  ];
};
