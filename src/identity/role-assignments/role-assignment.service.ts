/** Says who has which role on what: as it was given, or as it comes out. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { findGroups, listMemberships } from '../groups/group.store.ts';
import type { IdentityCore } from '../identity-core.ts';
import { invalid } from '../identity.faults.ts';
import {
  findProject,
  findProjects,
  projectsUnder,
  type ProjectRow,
} from '../projects/project.store.ts';
import { findRoles } from '../roles/role.store.ts';
import { targetOfProject } from '../tokens/subject.ts';
import { findUsers } from '../users/user.store.ts';
import { effective, type Assignment, type Target } from './role-assignment.rules.ts';
import { groupIdsOf, listAssignments, type AssignmentFilter } from './role-assignment.store.ts';
import { listImplications } from './scope-roles.store.ts';

export type AssignmentQuery = {
  readonly userId?: string;
  readonly groupId?: string;
  readonly roleId?: string;
  readonly projectId?: string;
  readonly domainId?: string;
  readonly system: boolean;
  readonly inherited?: boolean;
  readonly effective: boolean;
  readonly includeSubtree: boolean;
};

export type AssignmentNames = ReadonlyMap<string, { name: string; domainId: string | null }>;

/** Assignments read at once, and sent at most. */
const MAX_ROWS = 10_000;

export class RoleAssignmentService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, query: AssignmentQuery): Promise<readonly Assignment[]> {
    const { db } = this.#core;
    await this.#authorize(ctx, query);
    checkQuery(query);
    const projectIds = await wantedProjects(db, query);
    const found = query.effective
      ? await this.#effective(query, projectIds)
      : await listAssignments(db, directFilter(query, projectIds), MAX_ROWS);
    return (await ofCallersDomain(db, ctx, found)).slice(0, MAX_ROWS);
  }

  /** Names of all that assignments speak of, by id. */
  async names(assignments: readonly Assignment[]): Promise<AssignmentNames> {
    const { db } = this.#core;
    const idsOf = (type: string) =>
      unique(assignments.flatMap(({ actor }) => (actor.type === type ? [actor.id] : [])));
    const owned = [
      ...(await findUsers(db, idsOf('user'))),
      ...(await findGroups(db, idsOf('group'))),
      ...(await findRoles(db, unique(assignments.map(({ roleId }) => roleId)))),
      ...(await findProjects(db, unique(assignments.map(({ target }) => target.id)))),
    ];
    const domainIds = unique(owned.flatMap(({ domain_id }) => domain_id ?? []));
    const all = [...owned, ...(await findProjects(db, domainIds))];
    return new Map(all.map(({ id, name, domain_id }) => [id, { name, domainId: domain_id }]));
  }

  async #authorize(ctx: Context, query: AssignmentQuery): Promise<void> {
    const { db, policy } = this.#core;
    if (!query.includeSubtree) {
      const target = { 'target.domain_id': ctx.domainId };
      policy.authorize(ctx, 'identity:list_role_assignments', target);
      return;
    }
    const project =
      query.projectId === undefined ? undefined : await findProject(db, query.projectId);
    policy.authorize(ctx, 'identity:list_role_assignments_for_tree', {
      ...(project && { 'target.domain_id': project.domain_id }),
    });
  }

  async #effective(
    query: AssignmentQuery,
    projectIds: readonly string[] | undefined,
  ): Promise<readonly Assignment[]> {
    const { db } = this.#core;
    const given = await listAssignments(db, await this.#sources(query, projectIds), MAX_ROWS);
    const groups = given.filter(({ actor }) => actor.type === 'group');
    const memberships = await listMemberships(db, unique(groups.map(({ actor }) => actor.id)));
    const members = Map.groupBy(memberships, ({ groupId }) => groupId);
    const wanted = projectIds && new Set(projectIds);
    const under = new Map<string, readonly string[]>();
    for (const id of unique(given.flatMap((each) => (each.inherited ? [each.target.id] : [])))) {
      const ids = (await projectsUnder(db, [id])).map((project) => project.id);
      under.set(id, wanted ? ids.filter((each) => wanted.has(each)) : ids);
    }
    const all = effective(given, {
      membersOf: (id) => members.get(id)?.map(({ userId }) => userId) ?? [],
      projectsUnder: ({ id }) => under.get(id) ?? [],
      implications: await listImplications(db),
    });
    // A role of a domain is only ever a way to others.
    const roles = await findRoles(db, unique(all.map(({ roleId }) => roleId)));
    const global = new Set(roles.flatMap(({ id, domain_id }) => (domain_id === null ? id : [])));
    return all.filter(
      ({ actor, roleId }) =>
        global.has(roleId) &&
        (query.userId === undefined || actor.id === query.userId) &&
        (query.roleId === undefined || roleId === query.roleId),
    );
  }

  /** What effective assignments can come from: also groups, and whatever is above. */
  async #sources(
    query: AssignmentQuery,
    projectIds: readonly string[] | undefined,
  ): Promise<AssignmentFilter> {
    const { db } = this.#core;
    const { userId } = query;
    const actors =
      userId === undefined
        ? undefined
        : [
            { type: 'user', id: userId } as const,
            ...(await groupIdsOf(db, userId)).map((id) => ({ type: 'group', id }) as const),
          ];
    const targets: (Target & { inherited: boolean })[] = [];
    for (const id of projectIds ?? []) {
      const project = await findProject(db, id);
      targets.push({ type: 'project', id, inherited: false });
      const above = project ? (await targetOfProject(db, project)).above : [];
      targets.push(...above.map((each) => ({ ...each, inherited: true })));
    }
    if (query.domainId !== undefined) {
      targets.push({ type: 'domain', id: query.domainId, inherited: false });
    }
    if (query.system) targets.push({ type: 'system', id: 'system', inherited: false });
    return {
      ...(actors && { actors }),
      ...(targets.length > 0 && { targets }),
      ...(query.inherited !== undefined && { inherited: query.inherited }),
    };
  }
}

function checkQuery(query: AssignmentQuery): void {
  if (query.domainId && query.projectId) throw invalid('Specify a domain or project, not both');
  if (query.domainId && query.system) throw invalid('Specify system or domain, not both');
  if (query.projectId && query.system) throw invalid('Specify system or project, not both');
  if (query.userId && query.groupId) throw invalid('Specify a user or group, not both');
  if (query.effective && query.groupId) {
    throw invalid('Combining effective and group filter will always result in an empty list.');
  }
  if (query.effective && query.inherited && query.domainId) {
    throw invalid(
      'Combining effective, domain and inherited filters will always result in an empty list.',
    );
  }
  if (query.includeSubtree && !query.projectId) {
    throw invalid('scope.project.id must be specified if include_subtree is also specified');
  }
}

/** The projects that are asked for; undefined for any. */
async function wantedProjects(
  db: Db,
  { projectId, includeSubtree }: AssignmentQuery,
): Promise<readonly string[] | undefined> {
  if (projectId === undefined) return undefined;
  if (!includeSubtree) return [projectId];
  return [projectId, ...(await projectsUnder(db, [projectId])).map(({ id }) => id)];
}

function directFilter(
  query: AssignmentQuery,
  projectIds: readonly string[] | undefined,
): AssignmentFilter {
  const { userId, groupId, roleId, domainId, system, inherited } = query;
  const targets: Target[] = (projectIds ?? []).map((id) => ({ type: 'project', id }));
  if (domainId !== undefined) targets.push({ type: 'domain', id: domainId });
  if (system) targets.push({ type: 'system', id: 'system' });
  return {
    ...(userId !== undefined && { actors: [{ type: 'user', id: userId }] }),
    ...(groupId !== undefined && { actors: [{ type: 'group', id: groupId }] }),
    ...(targets.length > 0 && { targets }),
    ...(roleId !== undefined && { roleId }),
    ...(inherited !== undefined && { inherited }),
  };
}

/** A domain-scoped caller sees what is on the domain and in it. */
async function ofCallersDomain(
  db: Db,
  ctx: Context,
  assignments: readonly Assignment[],
): Promise<readonly Assignment[]> {
  if (ctx.domainId === '') return assignments;
  const projects = await findProjects(db, unique(assignments.map(({ target }) => target.id)));
  const byId = new Map<string, ProjectRow>(projects.map((row) => [row.id, row]));
  return assignments.filter(
    ({ target }) => target.id === ctx.domainId || byId.get(target.id)?.domain_id === ctx.domainId,
  );
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}
