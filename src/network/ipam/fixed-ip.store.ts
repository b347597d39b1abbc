/** Addresses that ports have, in SQL. Only `ipam/` writes here. */
import type { Selectable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { FixedIpsTable } from '#platform/db/tables/network.ts';
import { inChunks } from '../attributes/list.store.ts';

export type FixedIpRow = Selectable<FixedIpsTable>;

/** Addresses by port, each port's in their order. A port without any is not a key. */
export async function fixedIpsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, readonly FixedIpRow[]>> {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('fixed_ips')
      .selectAll()
      .where('port_id', 'in', some)
      .orderBy('port_id')
      .orderBy('position')
      .execute();
    return Map.groupBy(rows, (row) => row.port_id);
  });
}

/** Of these addresses of a subnet, those that a port has. */
export async function takenAddresses(
  db: Db,
  subnetId: string,
  orders: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('fixed_ips')
    .select('ip_order')
    .where('subnet_id', '=', subnetId)
    .where('ip_order', 'in', orders)
    .execute();
  return new Set(rows.map((row) => row.ip_order));
}

/** The first taken addresses of a subnet from `from` to `to`, in order. */
export async function nextTaken(
  db: Db,
  subnetId: string,
  { from, to, limit }: { from: string; to: string; limit: number },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('fixed_ips')
    .select('ip_order')
    .where('subnet_id', '=', subnetId)
    .where('ip_order', '>=', from)
    .where('ip_order', '<=', to)
    .orderBy('ip_order')
    .limit(limit)
    .execute();
  return rows.map((row) => row.ip_order);
}

/** Writes an address. False when a port has it already. */
export async function insertFixedIp(db: Db, row: FixedIpRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('fixed_ips')
    .values(row)
    .onConflict((conflict) => conflict.columns(['subnet_id', 'ip_order']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function deleteFixedIps(db: Db, rows: readonly FixedIpRow[]): Promise<void> {
  for (const { subnet_id, ip_order } of rows) {
    await db
      .deleteFrom('fixed_ips')
      .where('subnet_id', '=', subnet_id)
      .where('ip_order', '=', ip_order)
      .execute();
  }
}

/** Takes every address of a subnet from the ports that have one, and returns those ports' ids. */
export async function deleteSubnetAddresses(db: Db, subnetId: string): Promise<readonly string[]> {
  const rows = await db
    .deleteFrom('fixed_ips')
    .where('subnet_id', '=', subnetId)
    .returning('port_id')
    .execute();
  return [...new Set(rows.map((row) => row.port_id))];
}

export async function setPosition(db: Db, row: FixedIpRow, position: number): Promise<void> {
  await db
    .updateTable('fixed_ips')
    .set({ position })
    .where('subnet_id', '=', row.subnet_id)
    .where('ip_order', '=', row.ip_order)
    .execute();
}

/** The owner of some port that has an address of the subnet and is not one of `except`. */
export async function findPortOnSubnet(
  db: Db,
  subnetId: string,
  exceptOwners: readonly string[],
): Promise<{ readonly id: string; readonly device_owner: string } | undefined> {
  return await db
    .selectFrom('fixed_ips')
    .innerJoin('ports', 'ports.id', 'fixed_ips.port_id')
    .select(['ports.id', 'ports.device_owner'])
    .where('fixed_ips.subnet_id', '=', subnetId)
    .where('ports.device_owner', 'not in', exceptOwners)
    .limit(1)
    .executeTakeFirst();
}
