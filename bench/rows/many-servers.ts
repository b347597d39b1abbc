/** Many servers asked for at once, until the last of them is ACTIVE. */
import { existsSync } from 'node:fs';
import { BenchCloud, bootMany, remove } from '../support/bench-cloud.ts';
import { timed } from '../support/clock.ts';
import type { Measure, Row } from '../support/row.ts';

const CASES = [
  { count: 100, hypervisor: 'fake', dataplane: 'fake', image: 'tiny' },
  { count: 8, hypervisor: 'qemu', dataplane: 'linux', image: 'tiny-uec' },
] as const;

export const manyServers: Measure = async (tell) => {
  const rows: Row[] = [];
  for (const { count, hypervisor, dataplane, image } of CASES) {
    if (hypervisor === 'qemu' && !existsSync('/usr/bin/qemu-system-x86_64')) {
      tell('skipped: there is no qemu-system-x86_64 here');
      continue;
    }
    tell(`${count} servers at once, ${hypervisor}`);
    await using cloud = await BenchCloud.start({ hypervisor, dataplane });
    await cloud.unlimit();
    const demo = await cloud.as('demo');
    const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
    const { images } = await demo.ask('GET', `/image/v2/images?name=${image}`);
    const wanted = { imageRef: images[0].id, networks: [{ uuid: networks[0].id }] };
    const { ms, result: ids } = await timed(async () => await bootMany(demo, wanted, count));
    for (const id of ids) await remove(demo, id);
    rows.push({
      what: `${count} servers asked for at once, until all are ACTIVE, ${hypervisor} hypervisor`,
      value: ms,
      unit: 'ms',
      target: null,
      floor: null,
    });
  }
  return rows;
};
