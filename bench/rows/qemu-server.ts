/** From asking for a server to ACTIVE with real QEMU, less what QEMU alone takes for the same machine; and hot-plug. */
import { existsSync } from 'node:fs';
import { timeBareQemu, untilItGreets } from '../support/bare-qemu.ts';
import { BenchCloud, boot, remove } from '../support/bench-cloud.ts';
import { median, timed } from '../support/clock.ts';
import type { Measure } from '../support/row.ts';

const RUNS = 5;
const HOT_PLUGS = 6;
const NOWHERE = { type: 'hubport', hubid: 0 };

export const qemuServer: Measure = async (tell) => {
  if (!existsSync('/usr/bin/qemu-system-x86_64')) {
    tell('skipped: there is no qemu-system-x86_64 here');
    return [];
  }
  await using cloud = await BenchCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
  const demo = await cloud.as('demo');
  const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny-uec');
  const net_id = networks[0].id;
  const wanted = { imageRef: images[0].id, networks: [{ uuid: net_id }] };
  // The first server of a network brings bridge and DHCP with it; it stays, so that those measured are like most servers.
  tell('a first server on the network');
  const first = await boot(demo, wanted);
  const [creates, bares, plugs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < RUNS; round++) {
    const plugCount = round === RUNS - 1 ? HOT_PLUGS : 0;
    tell(`server ${round + 1} of ${RUNS}`);
    const { ms, result: id } = await timed(async () => await boot(demo, wanted));
    creates.push(ms);
    bares.push(await timeBareQemu(cloud.real, id, { netdev: NOWHERE, until: untilItGreets }));
    for (let plug = 0; plug < plugCount; plug++) {
      const path = `/compute/v2.1/servers/${id}/os-interface`;
      const answered = await timed(
        async () => await demo.ask('POST', path, { interfaceAttachment: { net_id } }),
      );
      plugs.push(answered.ms);
    }
    await remove(demo, id);
  }
  await remove(demo, first);
  return [
    {
      what: 'server create -> ACTIVE, QEMU, without what QEMU itself takes',
      value: median(creates) - median(bares),
      unit: 'ms',
      target: { atMost: 150 },
      floor: null,
    },
    {
      what: '  with it',
      value: median(creates),
      unit: 'ms',
      target: null,
      floor: { what: 'a bare QEMU with the same machine', value: median(bares) },
    },
    {
      what: 'interface hot-plug, POST to answer, QEMU',
      value: median(plugs),
      unit: 'ms',
      target: { atMost: 200 },
      floor: null,
    },
  ];
};
