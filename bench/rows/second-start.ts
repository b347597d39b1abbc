/** How long a cloud that was there before takes until every API answers. */
import assert from 'node:assert/strict';
import { findControl } from '#app/control-record.ts';
import { RealCloud } from '../../test/support/real-cloud.ts';
import { startBareServer } from '../support/bare-server.ts';
import { median, timed } from '../support/clock.ts';
import { Connection } from '../support/connection.ts';
import type { Measure } from '../support/row.ts';

const RUNS = 3;
const APIS = ['/identity', '/image', '/networking', '/compute'];

export const secondStart: Measure = async (tell) => {
  await using cloud = await RealCloud.start();
  const [starts, floors]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    tell(`start ${run + 1} of ${RUNS}`);
    await cloud.down();
    const { ms } = await timed(async () => {
      await cloud.up();
      using connection = new Connection(findControl(cloud.stateDir)?.url ?? '');
      for (const api of APIS) assert.ok((await connection.send('GET', api)).status <= 300);
    });
    starts.push(ms);
    await using bare = await startBareServer();
    floors.push(bare.startMs);
  }
  return [
    {
      what: 'up, second start, until every API answers',
      value: median(starts),
      unit: 'ms',
      target: { atMost: 1000 },
      floor: { what: 'a bare Fastify process until its first answer', value: median(floors) },
    },
  ];
};
