/** What was asked of servers, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import type { InstanceActionsTable } from '#platform/db/tables/compute.ts';

export type InstanceActionRow = InstanceActionsTable;

/** Writes down that something was asked. Of one request on one server, the first action counts. */
export async function insertActions(db: Db, rows: readonly InstanceActionRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += 1000) {
    await db
      .insertInto('instance_actions')
      .values(rows.slice(at, at + 1000))
      .onConflict((conflict) => conflict.columns(['server_id', 'request_id']).doNothing())
      .execute();
  }
}

export type ActionEnd = {
  readonly finish_time: string;
  readonly message: 'Error' | null;
  readonly details: string | null;
  readonly host?: string;
};

/** Ends an action; one that has ended stays as it is. */
export async function finishAction(
  db: Db,
  serverId: string,
  requestId: string,
  end: ActionEnd,
): Promise<void> {
  await db
    .updateTable('instance_actions')
    .set(end)
    .where('server_id', '=', serverId)
    .where('request_id', '=', requestId)
    .where('finish_time', 'is', null)
    .execute();
}

/** Ends whatever of these kinds is under way on a server. */
export async function finishActionsNamed(
  db: Db,
  serverId: string,
  actions: readonly string[],
  end: ActionEnd,
): Promise<void> {
  await db
    .updateTable('instance_actions')
    .set(end)
    .where('server_id', '=', serverId)
    .where('action', 'in', [...actions])
    .where('finish_time', 'is', null)
    .execute();
}

export type ActionFilter = {
  readonly since?: string | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
  readonly marker: InstanceActionRow | undefined;
};

/** Newest first. */
export async function listActions(
  db: Db,
  serverId: string,
  { since, before, limit, marker }: ActionFilter,
): Promise<readonly InstanceActionRow[]> {
  let query = db.selectFrom('instance_actions').selectAll().where('server_id', '=', serverId);
  if (since !== undefined) query = query.where('start_time', '>=', since);
  if (before !== undefined) query = query.where('start_time', '<=', before);
  if (marker) {
    query = query.where((eb) =>
      eb.or([
        eb('start_time', '<', marker.start_time),
        eb.and([
          eb('start_time', '=', marker.start_time),
          eb('request_id', '<', marker.request_id),
        ]),
      ]),
    );
  }
  return await query
    .orderBy('start_time', 'desc')
    .orderBy('request_id', 'desc')
    .limit(limit)
    .execute();
}

export async function findAction(
  db: Db,
  serverId: string,
  requestId: string,
): Promise<InstanceActionRow | undefined> {
  return await db
    .selectFrom('instance_actions')
    .selectAll()
    .where('server_id', '=', serverId)
    .where('request_id', '=', requestId)
    .executeTakeFirst();
}
