/** What makes a project or a domain valid, and what may be done to it. Pure: facts come in as arguments. */
import { conflict, forbidden, forbiddenAction, immutable, invalid } from '../identity.faults.ts';

/** As much of a project as the rules look at. */
export type ProjectFacts = {
  readonly id: string;
  readonly domain_id: string | null;
  readonly parent_id: string | null;
  readonly is_domain: 0 | 1;
  readonly enabled: 0 | 1;
};

/** Levels of projects below a domain. */
const MAX_DEPTH = 5;

/** A regular project, in the domain and under the parent that were asked for. `above` is the parent's own line. */
export function checkPlace(
  domain: ProjectFacts,
  parent: ProjectFacts,
  above: readonly ProjectFacts[],
): void {
  if (parent.is_domain === 1 && parent.id !== domain.id) {
    throw invalid(
      `Cannot create project, the parent (${parent.id}) is acting as a domain, but this project's ` +
        `domain id (${domain.id}) does not match the parent's id.`,
    );
  }
  if (parent.is_domain === 0 && parent.domain_id !== domain.id) {
    throw invalid(
      `Cannot create project, since it specifies its domain_id ${domain.id}, but specifies a parent ` +
        `in a different domain (${parent.domain_id}).`,
    );
  }
  const line = parent.is_domain === 1 ? [domain] : [parent, ...above, domain];
  const disabled = line.find((project) => project.enabled === 0);
  if (disabled) {
    throw invalid(
      `cannot create a project in a branch containing a disabled project: ${disabled.id}`,
    );
  }
  if (line.length > MAX_DEPTH) {
    throw forbidden(`Max hierarchy depth reached for ${parent.id} branch.`);
  }
}

/** A project that acts as a domain has nothing above it. */
export function checkActsAsDomain(wanted: { parent_id?: string | null }): void {
  if (wanted.parent_id) throw invalid('only root projects are allowed to act as domains.');
}

export function nameTaken(
  project: { is_domain: 0 | 1; name: string },
  id: string,
): ReturnType<typeof conflict> {
  return conflict(
    'project',
    project.is_domain === 1
      ? `it is not permitted to have two projects acting as domains with the same name: ${project.name}`
      : 'it is not permitted to have two projects with either the same name or same id in the same ' +
          `domain: name is ${project.name}, project id ${id}`,
  );
}

/** `change` is what was sent; the option `immutable` itself may always be taken off. */
export function checkUpdate(
  project: ProjectFacts,
  change: {
    domain_id?: string | null;
    parent_id?: string | null;
    is_domain?: boolean;
    enabled?: boolean;
  },
  facts: { immutable: boolean; above: readonly ProjectFacts[]; below: readonly ProjectFacts[] },
): void {
  const type = project.is_domain === 1 ? 'domain' : 'project';
  if (facts.immutable) throw immutable('update', type, project.id);
  if (change.domain_id !== undefined && change.domain_id !== project.domain_id) {
    throw invalid('Cannot change Domain ID');
  }
  if (change.parent_id !== undefined && change.parent_id !== project.parent_id) {
    throw forbidden('Update of `parent_id` is not allowed.');
  }
  if (change.is_domain !== undefined && change.is_domain !== (project.is_domain === 1)) {
    throw invalid('Update of `is_domain` is not allowed.');
  }
  if (change.enabled === true && project.enabled === 0) {
    if (facts.above.some((each) => each.enabled === 0)) {
      throw forbidden(`Cannot enable project ${project.id} since it has disabled parents`);
    }
  }
  if (change.enabled === false && project.enabled === 1 && project.is_domain === 0) {
    if (facts.below.some((each) => each.enabled === 1)) {
      throw forbidden(
        `Cannot disable project ${project.id} since its subtree contains enabled projects.`,
      );
    }
  }
}

export function checkDelete(
  project: ProjectFacts,
  facts: { immutable: boolean; below: readonly ProjectFacts[]; isDefaultDomain: boolean },
): void {
  if (project.is_domain === 1) {
    if (facts.isDefaultDomain) throw forbiddenAction('delete the default domain');
    if (facts.immutable) throw immutable('delete', 'domain', project.id);
    if (project.enabled === 1) {
      throw forbidden('Cannot delete a domain that is enabled, please disable it first.');
    }
    return;
  }
  if (facts.immutable) throw immutable('delete', 'project', project.id);
  if (facts.below.length > 0) {
    throw forbidden(
      `Cannot delete the project ${project.id} since it is not a leaf in the hierarchy. Use the ` +
        'cascade option if you want to delete a whole subtree.',
    );
  }
}

/** `{a: {b: null}}`: ids nested from the project outwards. */
export type IdTree = { readonly [id: string]: IdTree | null };

/** The ids above a project, nearest outermost. */
export function parentsAsIds(idsAbove: readonly string[]): IdTree | null {
  let tree: IdTree | null = null;
  for (const id of [...idsAbove].reverse()) tree = { [id]: tree };
  return tree;
}

/** The ids below a project, each with those below it. */
export function subtreeAsIds(rootId: string, below: readonly ProjectFacts[]): IdTree | null {
  const children = below.filter((project) => project.parent_id === rootId);
  if (children.length === 0) return null;
  return Object.fromEntries(children.map(({ id }) => [id, subtreeAsIds(id, below)]));
}
