/** Servers that ran within a time, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import type { UsagePeriod, UsedServer } from './tenant-usage.rules.ts';

/** Where a page begins: after this server. */
export type UsageMarker = { readonly id: string; readonly project_id: string };

export async function findUsageMarker(db: Db, id: string): Promise<UsageMarker | undefined> {
  return await db
    .selectFrom('servers')
    .select(['id', 'project_id'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Servers that ran within the period, deleted ones too, by project and id. */
export async function listUsedServers(
  db: Db,
  { start, stop }: UsagePeriod,
  page: {
    readonly projectId: string | null;
    readonly marker: UsageMarker | null;
    readonly limit: number;
  },
): Promise<readonly UsedServer[]> {
  let query = db
    .selectFrom('servers')
    .select(['id', 'project_id', 'name', 'vm_state', 'flavor', 'terminated_at'])
    .select((eb) => eb.ref('launched_at').$castTo<string>().as('launched_at'))
    .where('launched_at', '<', stop.toISOString())
    .where((eb) =>
      eb.or([eb('terminated_at', 'is', null), eb('terminated_at', '>', start.toISOString())]),
    );
  const { projectId, marker, limit } = page;
  if (projectId !== null) query = query.where('project_id', '=', projectId);
  if (marker !== null) {
    query = query.where((eb) =>
      eb.or([
        eb('project_id', '>', marker.project_id),
        eb('project_id', '=', marker.project_id).and('id', '>', marker.id),
      ]),
    );
  }
  return await query.orderBy('project_id').orderBy('id').limit(limit).execute();
}
