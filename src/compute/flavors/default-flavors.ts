/** The flavors that a new cloud begins with: DevStack's names, and small ones for small guests. */
import { flag, type Db } from '#platform/db/tables.ts';
import * as store from './flavor.store.ts';

type Size = readonly [id: string, name: string, ram: number, disk: number, vcpus: number];

const DEFAULT_FLAVORS: readonly Size[] = [
  ['42', 'm1.nano', 192, 1, 1],
  ['84', 'm1.micro', 256, 1, 1],
  ['1', 'm1.tiny', 512, 1, 1],
  ['2', 'm1.small', 2048, 20, 1],
  ['3', 'm1.medium', 4096, 40, 2],
  ['4', 'm1.large', 8192, 80, 4],
  ['5', 'm1.xlarge', 16384, 160, 8],
  ['c1', 'cirros256', 256, 1, 1],
  ['d1', 'ds512M', 512, 5, 1],
  ['d2', 'ds1G', 1024, 10, 1],
  ['d3', 'ds2G', 2048, 10, 2],
  ['d4', 'ds4G', 4096, 20, 4],
];

/** Makes the flavors that are missing from a cloud that has none; leaves a cloud that has any alone. */
export async function ensureDefaultFlavors(db: Db, now: Date): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if ((await store.nextFlavorNumber(tx)) > 1) return;
    for (const [index, [id, name, ram, disk, vcpus]] of DEFAULT_FLAVORS.entries()) {
      await store.insertFlavor(tx, {
        id,
        number: index + 1,
        name,
        vcpus,
        ram,
        disk,
        ephemeral: 0,
        swap: 0,
        rxtx_factor: '1',
        is_public: flag(true),
        disabled: 0,
        description: null,
        extra_specs: '{}',
        created_at: now.toISOString(),
      });
    }
  });
}
