/** One more interface for a running server, POST to answer, where guests cost nothing. */
import { BenchCloud, boot, remove } from '../support/bench-cloud.ts';
import { median, times } from '../support/clock.ts';
import type { Measure } from '../support/row.ts';

const INTERFACES = 20;

export const interfaceHotPlug: Measure = async (tell) => {
  await using cloud = await BenchCloud.start();
  const demo = await cloud.as('demo');
  const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny');
  const net_id = networks[0].id;
  const id = await boot(demo, { imageRef: images[0].id, networks: [{ uuid: net_id }] });
  tell(`${INTERFACES} interfaces for one server`);
  const all = await times(INTERFACES, async () => {
    await demo.ask('POST', `/compute/v2.1/servers/${id}/os-interface`, {
      interfaceAttachment: { net_id },
    });
  });
  await remove(demo, id);
  return [
    {
      what: 'interface hot-plug, POST to answer, fake hypervisor',
      value: median(all),
      unit: 'ms',
      target: null,
      floor: null,
    },
  ];
};
