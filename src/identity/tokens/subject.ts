/** What a token's claims mean now: its user, what it is scoped to, and the roles there. */
import type { Identity } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { findProject, projectsAbove, type ProjectRow } from '../projects/project.store.ts';
import { withImplied } from '../role-assignments/role-assignment.rules.ts';
import {
  listImplications,
  roleIdsOn,
  type RoleTarget,
} from '../role-assignments/scope-roles.store.ts';
import { findRoles, type RoleRow } from '../roles/role.store.ts';
import { findUser, type UserRow } from '../users/user.store.ts';
import type { TokenScope } from './token-codec.ts';

export type Subject = {
  readonly user: UserRow;
  readonly userDomain: ProjectRow;
  readonly scope: TokenScope;
  /** The project or domain of the scope. */
  readonly target: ProjectRow | undefined;
  /** The domain that the project of the scope is in. */
  readonly targetDomain: ProjectRow | undefined;
  readonly roles: readonly RoleRow[];
};

/** Looks it all up. Undefined when any of it is gone or disabled, or when the user has no role there (any more). */
export async function resolveSubject(
  db: Db,
  userId: string,
  scope: TokenScope,
): Promise<Subject | undefined> {
  const user = await findUser(db, userId);
  if (user?.enabled !== 1) return undefined;
  const userDomain = await findProject(db, user.domain_id);
  if (userDomain?.enabled !== 1) return undefined;
  const base = { user, userDomain, scope, target: undefined, targetDomain: undefined };
  switch (scope.kind) {
    case 'none':
      return { ...base, roles: [] };
    case 'system': {
      const roles = await rolesOn(db, userId, { type: 'system', id: 'system', above: [] });
      return roles.length === 0 ? undefined : { ...base, roles };
    }
    case 'domain': {
      const target = scope.id === userDomain.id ? userDomain : await findProject(db, scope.id);
      if (target?.is_domain !== 1 || target.enabled !== 1) return undefined;
      const roles = await rolesOn(db, userId, { type: 'domain', id: target.id, above: [] });
      return roles.length === 0 ? undefined : { ...base, target, roles };
    }
    case 'project': {
      const target = await findProject(db, scope.id);
      if (!target || target.enabled !== 1 || target.domain_id === null) return undefined;
      const targetDomain =
        target.domain_id === userDomain.id ? userDomain : await findProject(db, target.domain_id);
      if (targetDomain?.enabled !== 1) return undefined;
      const roles = await rolesOn(db, userId, await targetOfProject(db, target));
      return roles.length === 0 ? undefined : { ...base, target, targetDomain, roles };
    }
  }
}

/** A project with all that roles are inherited from. */
export async function targetOfProject(db: Db, project: ProjectRow): Promise<RoleTarget> {
  const above: { type: 'project' | 'domain'; id: string }[] = [];
  for (const { id } of await projectsAbove(db, project)) above.push({ type: 'project', id });
  if (project.domain_id !== null) above.push({ type: 'domain', id: project.domain_id });
  return { type: 'project', id: project.id, above };
}

/** Roles that may stand in a token: those of a domain are only ever a way to others. */
async function rolesOn(db: Db, userId: string, target: RoleTarget): Promise<readonly RoleRow[]> {
  const given = await roleIdsOn(db, userId, target);
  if (given.length === 0) return [];
  const all = await findRoles(db, withImplied(given, await listImplications(db)));
  return all.filter((role) => role.domain_id === null);
}

/** The subject as the other services know their callers. */
export function identityOf({ user, scope, target, roles }: Subject): Identity {
  const project = scope.kind === 'project' ? target : undefined;
  return {
    userId: user.id,
    userName: user.name,
    userDomainId: user.domain_id,
    projectId: project?.id ?? '',
    projectName: project?.name ?? '',
    projectDomainId: project?.domain_id ?? '',
    domainId: scope.kind === 'domain' ? (target?.id ?? '') : '',
    systemScope: scope.kind === 'system' ? 'all' : '',
    roles: new Set(roles.map((role) => role.name.toLowerCase())),
  };
}
