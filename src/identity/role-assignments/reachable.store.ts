/** What a user can scope a token to, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import { heldBy } from './held-by.store.ts';
import { findProjects, projectsUnder, type ProjectRow } from '../projects/project.store.ts';

/** The projects on which a user has any role: directly, through a group, or inherited. */
export async function projectsOfUser(db: Db, userId: string): Promise<readonly ProjectRow[]> {
  const held = await targetsOfUser(db, userId);
  const direct = held.filter(({ type, inherited }) => type === 'project' && inherited === 0);
  const above = held.filter(({ inherited }) => inherited === 1);
  const found = [
    ...(await findProjects(
      db,
      direct.map(({ id }) => id),
    )),
    ...(await projectsUnder(
      db,
      above.map(({ id }) => id),
    )),
  ];
  return unique(found.filter((project) => project.is_domain === 0));
}

/** The domains on which a user has any role. */
export async function domainsOfUser(db: Db, userId: string): Promise<readonly ProjectRow[]> {
  const held = await targetsOfUser(db, userId);
  const direct = held.filter(({ type, inherited }) => type === 'domain' && inherited === 0);
  return unique(
    await findProjects(
      db,
      direct.map(({ id }) => id),
    ),
  );
}

/** Whether a user has any role on the whole system. */
export async function reachesSystem(db: Db, userId: string): Promise<boolean> {
  return (await targetsOfUser(db, userId)).some(({ type }) => type === 'system');
}

async function targetsOfUser(db: Db, userId: string) {
  return await db
    .selectFrom('role_assignments')
    .select(['target_type as type', 'target_id as id', 'inherited'])
    .distinct()
    .where((eb) => heldBy(eb, userId))
    .execute();
}

function unique(rows: readonly ProjectRow[]): readonly ProjectRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
