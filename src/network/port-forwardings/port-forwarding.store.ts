/** Port forwardings in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import { sql, type Insertable, type Selectable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { PortForwardingsTable } from '#platform/db/tables/network-l3.ts';
import { inChunks, listPage, oneOf } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { readPortRange } from './port-range.ts';

export type PortForwardingRow = Selectable<PortForwardingsTable>;

/** Forwardings by their floating IP, each floating IP's in the order in which they were made. */
export async function forwardingsOf(
  db: Db,
  floatingIpIds: readonly string[],
): Promise<ReadonlyMap<string, readonly PortForwardingRow[]>> {
  return await inChunks(floatingIpIds, async (some) => {
    const rows = await db
      .selectFrom('port_forwardings')
      .selectAll()
      .where('floating_ip_id', 'in', some)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return Map.groupBy(rows, (row) => row.floating_ip_id);
  });
}

/** One page of a floating IP's. `marker` is the row that the page comes after. */
export async function listForwardings(
  db: Db,
  floatingIpId: string,
  query: ListQuery,
  marker: PortForwardingRow | undefined,
): Promise<readonly PortForwardingRow[]> {
  const own = db
    .selectFrom('port_forwardings')
    .selectAll()
    .where('floating_ip_id', '=', floatingIpId);
  return await listPage(own, {
    table: 'port_forwardings',
    query,
    marker: marker && {
      ...marker,
      external_port: marker.external_port_first,
      external_port_range: marker.external_port_first,
    },
    own: {
      external_port: (eb, values) =>
        eb.and([
          oneOf(eb, 'port_forwardings.external_port_first', values),
          eb('port_forwardings.external_port_first', '=', eb.ref('external_port_last')),
        ]),
      external_port_range: (eb, values) =>
        eb.or(
          values.map((value) => {
            const { first, last } = readPortRange(value, 'external_port_range');
            return eb.and([
              eb('port_forwardings.external_port_first', '=', first),
              eb('port_forwardings.external_port_last', '=', last),
            ]);
          }),
        ),
    },
    sortedBy: {
      external_port: sql`port_forwardings.external_port_first`,
      external_port_range: sql`port_forwardings.external_port_first`,
    },
  });
}

export async function findForwarding(
  db: Db,
  floatingIpId: string,
  id: string,
): Promise<PortForwardingRow | undefined> {
  return await db
    .selectFrom('port_forwardings')
    .selectAll()
    .where('id', '=', id)
    .where('floating_ip_id', '=', floatingIpId)
    .executeTakeFirst();
}

/** All that lead to a port, whoever made them. */
export async function forwardingsToPort(
  db: Db,
  portId: string,
): Promise<readonly PortForwardingRow[]> {
  return await db
    .selectFrom('port_forwardings')
    .selectAll()
    .where('internal_port_id', '=', portId)
    .execute();
}

/** How many ports a router sends on to ports of other numbers, but for those of the forwarding `id`. */
export async function countMovedPorts(db: Db, routerId: string, id: string): Promise<number> {
  const { moved } = await db
    .selectFrom('port_forwardings')
    .innerJoin('floating_ips', 'floating_ips.id', 'port_forwardings.floating_ip_id')
    .select(sql<number>`coalesce(sum(external_port_last - external_port_first + 1), 0)`.as('moved'))
    .where('floating_ips.router_id', '=', routerId)
    .where('port_forwardings.id', '!=', id)
    .where((eb) =>
      eb.or([
        eb('external_port_first', '!=', eb.ref('internal_port_first')),
        eb('external_port_last', '!=', eb.ref('internal_port_last')),
      ]),
    )
    .executeTakeFirstOrThrow();
  return moved;
}

export async function insertForwarding(
  db: Db,
  row: Insertable<PortForwardingsTable>,
): Promise<void> {
  await db.insertInto('port_forwardings').values(row).execute();
}

export async function deleteForwardings(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.deleteFrom('port_forwardings').where('id', 'in', ids).execute();
}
