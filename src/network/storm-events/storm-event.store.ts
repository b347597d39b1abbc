/** Storm events in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import type { Selectable } from 'kysely';
import type { StormState } from '#base/host/firewall.ts';
import type { Db } from '#platform/db/tables.ts';
import type { StormEventsTable } from '#platform/db/tables/network.ts';
import { listPage } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';

export type StormEventRow = Selectable<StormEventsTable>;

/** How many events of a port are kept. */
const KEPT = 100;

/** Writes an event as its port's newest, and forgets the oldest when there are too many. */
export async function addStormEvent(db: Db, event: Omit<StormEventRow, 'number'>): Promise<void> {
  const last = await lastOf(db, event.port_id);
  const number = (last?.number ?? 0) + 1;
  await db
    .insertInto('storm_events')
    .values({ ...event, number })
    .execute();
  await db
    .deleteFrom('storm_events')
    .where('port_id', '=', event.port_id)
    .where('number', '<=', number - KEPT)
    .execute();
}

async function lastOf(db: Db, portId: string): Promise<StormEventRow | undefined> {
  return await db
    .selectFrom('storm_events')
    .selectAll()
    .where('port_id', '=', portId)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The ports whose newest event is that they are not `ok`, with their states. */
export async function findTroubledPorts(db: Db): Promise<ReadonlyMap<string, StormState>> {
  const rows = await db
    .selectFrom('storm_events as event')
    .select(['event.port_id', 'event.state'])
    .where('event.state', '!=', 'ok')
    .where((eb) =>
      eb(
        'event.number',
        '=',
        eb
          .selectFrom('storm_events as any')
          .select(({ fn }) => fn.max('any.number').as('newest'))
          .whereRef('any.port_id', '=', 'event.port_id'),
      ),
    )
    .execute();
  return new Map(rows.map(({ port_id, state }) => [port_id, state]));
}

export async function findStormEvent(
  db: Db,
  portId: string,
  id: string,
): Promise<StormEventRow | undefined> {
  return await db
    .selectFrom('storm_events')
    .selectAll()
    .where('port_id', '=', portId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** One page of a port's events, the newest first unless something else was asked for. */
export async function listStormEvents(
  db: Db,
  portId: string,
  query: ListQuery,
  marker: StormEventRow | undefined,
): Promise<readonly StormEventRow[]> {
  const { page } = query;
  const sort = page.sort.length > 0 ? page.sort : [{ key: 'number', dir: 'desc' as const }];
  return await listPage(db.selectFrom('storm_events').selectAll().where('port_id', '=', portId), {
    table: 'storm_events',
    query: { ...query, page: { ...page, sort } },
    marker,
  });
}
