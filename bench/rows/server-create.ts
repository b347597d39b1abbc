/** From asking for a server to ACTIVE, where guests cost nothing: what the cloud itself takes. */
import { startBareServer } from '../support/bare-server.ts';
import { BenchCloud, boot, remove } from '../support/bench-cloud.ts';
import { median, times } from '../support/clock.ts';
import { Connection } from '../support/connection.ts';
import type { Measure, Row } from '../support/row.ts';

const RUNS = 25;
const CASES = [
  { nics: 1, atMost: 20 },
  { nics: 8, atMost: 50 },
];

export const serverCreate: Measure = async (tell) => {
  await using cloud = await BenchCloud.start();
  await using bare = await startBareServer();
  using below = new Connection(bare.url);
  const demo = await cloud.as('demo');
  const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny');
  const rows: Row[] = [];
  for (const { nics, atMost } of CASES) {
    tell(`${RUNS} servers with ${nics} NICs on one network`);
    const wanted = {
      imageRef: images[0].id,
      networks: Array.from({ length: nics }, () => ({ uuid: networks[0].id })),
    };
    const all: number[] = [];
    for (let run = 0; run < RUNS + 5; run++) {
      let id = '';
      const [ms = 0] = await times(1, async () => {
        id = await boot(demo, wanted);
      });
      // The first ones warm up.
      if (run >= 5) all.push(ms);
      await remove(demo, id);
    }
    const post = await times(
      200,
      async () => await below.send('POST', '/item', { server: wanted }),
    );
    rows.push({
      what: `server create -> ACTIVE, fake hypervisor, ${nics} NIC${nics > 1 ? 's' : ''}`,
      value: median(all),
      unit: 'ms',
      target: { atMost },
      floor: { what: 'a bare Fastify route', value: median(post) },
    });
  }
  return rows;
};
