/** Networks with the addresses that are taken on their subnets, in SQL. */
import { sql } from 'kysely';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { inChunks, listPage, oneOf } from '../attributes/list.store.ts';
import { networkVisibility, type NetworkRow } from '../networks/network.store.ts';

/** One page of the networks that the caller may see. `marker` is the row that the page comes after. */
export async function listAvailableOn(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: NetworkRow | undefined,
): Promise<readonly NetworkRow[]> {
  const visible = db
    .selectFrom('networks')
    .selectAll()
    .where((eb) => networkVisibility(eb, ctx));
  return await listPage(visible, {
    table: 'networks',
    query,
    marker: marker && { ...marker, network_id: marker.id },
    own: {
      network_id: (eb, values) => oneOf(eb, 'networks.id', values),
      network_name: (eb, values) => oneOf(eb, 'networks.name', values),
      ip_version: (eb, values) =>
        eb(
          'networks.id',
          'in',
          eb
            .selectFrom('subnets')
            .select('subnets.network_id')
            .where('subnets.ip_version', 'in', values as (4 | 6)[]),
        ),
    },
    sortedBy: { network_id: sql`networks.id` },
  });
}

/** How many addresses of subnets ports have. One of which none is taken is not a key. */
export async function takenOn(
  db: Db,
  subnetIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  return await inChunks(subnetIds, async (some) => {
    const rows = await db
      .selectFrom('fixed_ips')
      .select(({ fn }) => ['subnet_id', fn.countAll().as('used')])
      .where('subnet_id', 'in', some)
      .groupBy('subnet_id')
      .execute();
    return new Map(rows.map((row) => [row.subnet_id, Number(row.used)]));
  });
}
