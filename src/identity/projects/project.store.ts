/** Projects and domains in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { ProjectsTable } from '#platform/db/tables/identity.ts';

export type ProjectRow = Selectable<ProjectsTable>;

export async function insertProject(tx: Tx, row: Insertable<ProjectsTable>): Promise<ProjectRow> {
  return await tx.insertInto('projects').values(row).returningAll().executeTakeFirstOrThrow();
}

/** A project or a domain. */
export async function findProject(db: Db, id: string): Promise<ProjectRow | undefined> {
  return await db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirst();
}

/** `domainId` is null to find a domain. */
export async function findProjectByName(
  db: Db,
  name: string,
  domainId: string | null,
): Promise<ProjectRow | undefined> {
  return await db
    .selectFrom('projects')
    .selectAll()
    .where(sql<string>`coalesce(domain_id, '')`, '=', domainId ?? '')
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .executeTakeFirst();
}

export async function findProjects(db: Db, ids: readonly string[]): Promise<readonly ProjectRow[]> {
  if (ids.length === 0) return [];
  return await db.selectFrom('projects').selectAll().where('id', 'in', ids).execute();
}

/** The projects above one, nearest first, without its domain. */
export async function projectsAbove(db: Db, project: ProjectRow): Promise<readonly ProjectRow[]> {
  const above: ProjectRow[] = [];
  let parentId = project.parent_id;
  while (parentId !== null && parentId !== project.domain_id) {
    const parent = await findProject(db, parentId);
    if (!parent || parent.is_domain === 1) break;
    above.push(parent);
    parentId = parent.parent_id;
  }
  return above;
}

export async function updateProject(
  tx: Tx,
  id: string,
  change: Updateable<ProjectsTable>,
): Promise<ProjectRow> {
  return await tx
    .updateTable('projects')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
