/** Projects and domains in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { ProjectsTable } from '#platform/db/tables/identity.ts';
import type { Listed, Listing } from '../listing.ts';
import { runListing } from '../listing.store.ts';

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

/** All projects below some projects or domains. */
export async function projectsUnder(
  db: Db,
  ids: readonly string[],
): Promise<readonly ProjectRow[]> {
  if (ids.length === 0) return [];
  return await db
    .withRecursive('under', (qb) =>
      qb
        .selectFrom('projects')
        .select('id')
        .where('parent_id', 'in', ids)
        .union(
          qb
            .selectFrom('projects')
            .innerJoin('under', 'under.id', 'projects.parent_id')
            .select('projects.id'),
        ),
    )
    .selectFrom('projects')
    .selectAll()
    .where('id', 'in', (eb) => eb.selectFrom('under').select('under.id'))
    .orderBy('id')
    .execute();
}

/** The four ways to ask for tags. */
export type TagFilters = {
  readonly all: readonly string[];
  readonly any: readonly string[];
  readonly notAll: readonly string[];
  readonly notAny: readonly string[];
};

export async function listProjects(
  db: Db,
  listing: Listing,
  tags?: TagFilters,
): Promise<Listed<ProjectRow>> {
  const tagged = (names: readonly string[], atLeast: number) =>
    db
      .selectFrom('project_tags')
      .select('project_id')
      .where('tag', 'in', names)
      .groupBy('project_id')
      .having((eb) => eb.fn.countAll(), '>=', atLeast);
  let query = db.selectFrom('projects').selectAll();
  const { all = [], any = [], notAll = [], notAny = [] } = tags ?? {};
  if (all.length > 0) query = query.where('id', 'in', tagged(all, all.length));
  if (any.length > 0) query = query.where('id', 'in', tagged(any, 1));
  if (notAll.length > 0) query = query.where('id', 'not in', tagged(notAll, notAll.length));
  if (notAny.length > 0) query = query.where('id', 'not in', tagged(notAny, 1));
  return await runListing(query, listing, {
    id: 'id',
    name: 'name',
    domain_id: 'domain_id',
    parent_id: 'parent_id',
    enabled: 'enabled',
    is_domain: 'is_domain',
  });
}

/** The tags of some projects, by project. */
export async function tagsOf(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const byProject = new Map<string, string[]>();
  if (ids.length === 0) return byProject;
  const rows = await db
    .selectFrom('project_tags')
    .selectAll()
    .where('project_id', 'in', ids)
    .orderBy('tag')
    .execute();
  for (const { project_id, tag } of rows) {
    const tags = byProject.get(project_id) ?? [];
    tags.push(tag);
    byProject.set(project_id, tags);
  }
  return byProject;
}

export async function replaceTags(tx: Tx, id: string, tags: readonly string[]): Promise<void> {
  await tx.deleteFrom('project_tags').where('project_id', '=', id).execute();
  if (tags.length === 0) return;
  const values = [...new Set(tags)].map((tag) => ({ project_id: id, tag }));
  await tx.insertInto('project_tags').values(values).execute();
}

/** Deletes a project, or a domain with everything in it, and the roles held there and by its users and groups. */
export async function deleteProject(tx: Tx, id: string): Promise<void> {
  for (const [actor, table] of [
    ['user', 'users'],
    ['group', 'user_groups'],
  ] as const) {
    await tx
      .deleteFrom('role_assignments')
      .where('actor_type', '=', actor)
      .where('actor_id', 'in', tx.selectFrom(table).select('id').where('domain_id', '=', id))
      .execute();
  }
  await tx
    .deleteFrom('role_assignments')
    .where('target_type', '=', 'project')
    .where('target_id', 'in', tx.selectFrom('projects').select('id').where('domain_id', '=', id))
    .execute();
  await tx
    .deleteFrom('role_assignments')
    .where('target_type', 'in', ['project', 'domain'])
    .where('target_id', '=', id)
    .execute();
  await tx.deleteFrom('projects').where('id', '=', id).execute();
}
