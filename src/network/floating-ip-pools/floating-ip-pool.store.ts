/** Pools of floating IPs in SQL: IPv4 subnets of external networks. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { SubnetsTable } from '#platform/db/tables/network.ts';
import { networkVisibility } from '../networks/network.store.ts';

export type PoolRow = Pick<SubnetsTable, 'id' | 'name' | 'network_id' | 'cidr'>;

/** Those on networks that the caller may see. */
export async function listPools(db: Db, ctx: Context): Promise<readonly PoolRow[]> {
  return await db
    .selectFrom('subnets')
    .select(['id', 'name', 'network_id', 'cidr'])
    .where('ip_version', '=', 4)
    .where('network_id', 'in', (from) =>
      from
        .selectFrom('networks')
        .select('networks.id')
        .where('external', '=', 1)
        .where((eb) => networkVisibility(eb, ctx)),
    )
    .orderBy('id')
    .execute();
}
