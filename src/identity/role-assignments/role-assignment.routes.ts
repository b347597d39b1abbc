/** GET /v3/role_assignments: HTTP in, HTTP out, no decisions. */
import { listOf, type Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { isSet } from '../listing.ts';
import { apiUrl, ownUrl, type Reached } from '../links.ts';
import type { Assignment } from './role-assignment.rules.ts';
import type {
  AssignmentNames,
  AssignmentQuery,
  RoleAssignmentService,
} from './role-assignment.service.ts';

export function roleAssignmentRoutes(app: ServiceApp, assignments: RoleAssignmentService): void {
  app.get(
    '/v3/role_assignments',
    {
      config: {
        policy: ['identity:list_role_assignments', 'identity:list_role_assignments_for_tree'],
      },
    },
    async (request) => {
      const query = request.query as Query;
      const found = await assignments.list(request.ctx, readQuery(query));
      const names = isSet(query, 'include_names') ? await assignments.names(found) : undefined;
      return {
        role_assignments: found.map((each) => viewAssignment(request, each, names)),
        links: { next: null, self: ownUrl(request), previous: null },
      };
    },
  );
}

function readQuery(query: Query): AssignmentQuery {
  const text = (name: string) => listOf(query[name])[0] || undefined;
  const [userId, groupId, roleId] = [text('user.id'), text('group.id'), text('role.id')];
  const [projectId, domainId] = [text('scope.project.id'), text('scope.domain.id')];
  const inherited = listOf(query['scope.OS-INHERIT:inherited_to'])[0];
  return {
    ...(userId !== undefined && { userId }),
    ...(groupId !== undefined && { groupId }),
    ...(roleId !== undefined && { roleId }),
    ...(projectId !== undefined && { projectId }),
    ...(domainId !== undefined && { domainId }),
    ...(inherited !== undefined && { inherited: inherited === 'projects' }),
    system: text('scope.system') !== undefined,
    effective: isSet(query, 'effective'),
    includeSubtree: isSet(query, 'include_subtree'),
  };
}

function viewAssignment(reached: Reached, each: Assignment, names: AssignmentNames | undefined) {
  const { actor, target, roleId, inherited } = each;
  /** An id, with the name and the domain when names were asked for. */
  const named = (id: string) => {
    if (!names) return { id };
    const known = names.get(id);
    const domainId = known?.domainId ?? null;
    return {
      id,
      name: known?.name ?? '',
      ...(domainId !== null && {
        domain: { id: domainId, name: names.get(domainId)?.name ?? '' },
      }),
    };
  };
  const scope =
    target.type === 'system' ? { system: { all: true } } : { [target.type]: named(target.id) };
  return {
    links: linksOf(apiUrl(reached), each),
    scope: { ...scope, ...(inherited && { 'OS-INHERIT:inherited_to': 'projects' }) },
    [actor.type]: named(actor.id),
    role: named(roleId),
  };
}

/** Where the assignment was given, and what else it rests on. */
function linksOf(api: string, { actor, target, roleId, inherited, via }: Assignment) {
  const given = via?.target ?? target;
  const on = given.type === 'system' ? 'system' : `${given.type}s/${given.id}`;
  const by = via?.groupId === undefined ? `${actor.type}s/${actor.id}` : `groups/${via.groupId}`;
  const path = `${on}/${by}/roles/${via?.roleId ?? roleId}`;
  const assignment = inherited
    ? `${api}/OS-INHERIT/${path}/inherited_to_projects`
    : `${api}/${path}`;
  return {
    ...(via?.groupId !== undefined && {
      membership: `${api}/groups/${via.groupId}/users/${actor.id}`,
    }),
    assignment,
    // compat: the two roles stand the wrong way round, and nothing is served there.
    ...(via?.roleId !== undefined && {
      prior_role: `${api}/prior_role/${roleId}/implies/${via.roleId}`,
    }),
  };
}
