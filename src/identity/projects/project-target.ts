/** Projects as policy rules see them. */
import type { Target } from '#platform/policy/check-string.ts';
import type { ProjectRow } from './project.store.ts';

/** Nothing when it does not exist: then only rules that need no target let anybody in. */
export function projectTarget(project: ProjectRow | undefined): Target {
  return project
    ? { 'target.project.id': project.id, 'target.project.domain_id': project.domain_id }
    : {};
}
