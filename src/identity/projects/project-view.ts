/** Projects and domains as they travel. */
import { readObject } from '../attributes.ts';
import { selfLink } from '../listing.ts';
import type { Reached } from '../links.ts';
import type { Project } from './project.service.ts';

export function viewProject(reached: Reached, project: Project) {
  return {
    ...readObject(project.extra),
    id: project.id,
    name: project.name,
    domain_id: project.domain_id,
    description: project.description,
    enabled: project.enabled === 1,
    parent_id: project.parent_id,
    is_domain: project.is_domain === 1,
    tags: project.tags,
    options: readObject(project.options),
    links: selfLink(reached, 'projects', project.id),
  };
}

export function viewDomain(reached: Reached, domain: Project) {
  const { domain_id, parent_id, is_domain, ...view } = viewProject(reached, domain);
  void [domain_id, parent_id, is_domain];
  return { ...view, links: selfLink(reached, 'domains', domain.id) };
}
