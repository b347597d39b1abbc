/** What can be done with projects and domains. Authorises, gathers facts, applies the rules, writes once. */
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tx } from '#platform/db/tables.ts';
import { extraOf, checkSameId, isImmutable, merged, overlaid } from '../attributes.ts';
import { DEFAULT_DOMAIN } from '../bootstrap/bootstrap.service.ts';
import type { IdentityCore } from '../identity-core.ts';
import { invalid, notFound } from '../identity.faults.ts';
import { filterValue, where, type Listed, type Listing } from '../listing.ts';
import { domainsOfUser, projectsOfUser } from '../role-assignments/reachable.store.ts';
import { revokeTokens } from '../tokens/revocations.ts';
import { projectTarget } from './project-target.ts';
import {
  checkActsAsDomain,
  checkDelete,
  checkPlace,
  checkUpdate,
  nameTaken,
} from './project.rules.ts';
import {
  PROJECT_ATTRIBUTES,
  type DomainCreate,
  type DomainUpdate,
  type ProjectCreate,
  type ProjectUpdate,
} from './project.schema.ts';
import * as store from './project.store.ts';

/** A project with its tags. */
export type Project = store.ProjectRow & { readonly tags: readonly string[] };

export class ProjectService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, listing: Listing, tags: store.TagFilters): Promise<Listed<Project>> {
    const { db, policy } = this.#core;
    policy.authorize(ctx, 'identity:list_projects', { 'target.domain_id': ctx.domainId });
    const kind =
      filterValue(listing, 'is_domain') === undefined
        ? where(listing, 'is_domain', false)
        : listing;
    // A domain-scoped caller sees what is in the domain.
    const seen = ctx.domainId === '' ? kind : where(kind, 'domain_id', ctx.domainId);
    return await this.#withTags(db, await store.listProjects(db, seen, tags));
  }

  async listDomains(ctx: Context, listing: Listing): Promise<Listed<Project>> {
    const { db, policy } = this.#core;
    policy.authorize(ctx, 'identity:list_domains', { 'target.domain.id': ctx.domainId });
    const domains = where(listing, 'is_domain', true);
    const seen = ctx.domainId === '' ? domains : where(domains, 'id', ctx.domainId);
    return await this.#withTags(db, await store.listProjects(db, seen));
  }

  async show(ctx: Context, id: string): Promise<Project> {
    return await this.authorized(ctx, 'identity:get_project', id);
  }

  async showDomain(ctx: Context, id: string): Promise<Project> {
    const { policy } = this.#core;
    const domain = await this.#findDomain(id);
    policy.authorize(ctx, 'identity:get_domain', { 'target.domain.id': id });
    if (!domain) throw notFound('domain', id);
    return domain;
  }

  /** A project, for who may do this to it. */
  async authorized(ctx: Context, rule: string, id: string): Promise<Project> {
    const { db, policy } = this.#core;
    const row = await store.findProject(db, id);
    policy.authorize(ctx, rule, projectTarget(row));
    if (!row) throw notFound('project', id);
    return await this.#oneWithTags(db, row);
  }

  /** The projects above one, nearest first, and the domain that they are in. */
  async above(project: Project): Promise<readonly Project[]> {
    const { db } = this.#core;
    const rows = [...(await store.projectsAbove(db, project))];
    const domain = project.domain_id && (await store.findProject(db, project.domain_id));
    return (await this.#withTags(db, { rows: domain ? [...rows, domain] : rows, truncated: false }))
      .rows;
  }

  async below(id: string): Promise<readonly Project[]> {
    const { db } = this.#core;
    const rows = await store.projectsUnder(db, [id]);
    return (await this.#withTags(db, { rows, truncated: false })).rows;
  }

  /** The projects on which a user has any role. */
  async ofUser(userId: string): Promise<readonly Project[]> {
    const rows = await projectsOfUser(this.#core.db, userId);
    return (await this.#withTags(this.#core.db, { rows, truncated: false })).rows;
  }

  /** The domains on which a user has any role. */
  async domainsOfUser(userId: string): Promise<readonly Project[]> {
    const rows = await domainsOfUser(this.#core.db, userId);
    return (await this.#withTags(this.#core.db, { rows, truncated: false })).rows;
  }

  async create(ctx: Context, wanted: ProjectCreate): Promise<Project> {
    const { policy } = this.#core;
    const domainId = wanted.domain_id ?? (ctx.domainId || DEFAULT_DOMAIN);
    policy.authorize(ctx, 'identity:create_project', {
      'target.project.domain_id': wanted.is_domain ? null : domainId,
    });
    if (wanted.is_domain) {
      checkActsAsDomain(wanted);
      return await this.#insert(this.#core.newId(), null, null, wanted);
    }
    const parentId = wanted.parent_id ?? domainId;
    await this.#checkPlace(domainId, parentId);
    return await this.#insert(this.#core.newId(), domainId, parentId, wanted);
  }

  async createDomain(ctx: Context, wanted: DomainCreate): Promise<Project> {
    this.#core.policy.authorize(ctx, 'identity:create_domain');
    const id = wanted.explicit_domain_id ?? this.#core.newId();
    return await this.#insert(id, null, null, wanted);
  }

  async update(ctx: Context, id: string, change: ProjectUpdate): Promise<Project> {
    const project = await this.authorized(ctx, 'identity:update_project', id);
    return await this.#update(project, change);
  }

  async updateDomain(ctx: Context, id: string, change: DomainUpdate): Promise<Project> {
    this.#core.policy.authorize(ctx, 'identity:update_domain');
    return await this.#update(await this.#getDomain(id), change);
  }

  async delete(ctx: Context, id: string): Promise<void> {
    await this.#delete(await this.authorized(ctx, 'identity:delete_project', id));
  }

  async deleteDomain(ctx: Context, id: string): Promise<void> {
    this.#core.policy.authorize(ctx, 'identity:delete_domain');
    await this.#delete(await this.#getDomain(id));
  }

  async setTags(project: Project, tags: readonly string[]): Promise<void> {
    await this.#core.writes.run(async (tx) => await store.replaceTags(tx, project.id, tags));
  }

  async #checkPlace(domainId: string, parentId: string): Promise<void> {
    const { db } = this.#core;
    const domain = await store.findProject(db, domainId);
    // compat: keystone answers 400 for both, with the text of its 404.
    if (domain?.is_domain !== 1) throw invalid(`Could not find domain: ${domainId}.`);
    const parent = await store.findProject(db, parentId);
    if (!parent) throw invalid(`Could not find project: ${parentId}.`);
    checkPlace(domain, parent, await store.projectsAbove(db, parent));
  }

  async #insert(
    id: string,
    domain_id: string | null,
    parent_id: string | null,
    wanted: ProjectCreate | DomainCreate,
  ): Promise<Project> {
    const { writes, now } = this.#core;
    const is_domain = flag(domain_id === null);
    const name = wanted.name.trim();
    return await writes.run(async (tx) => {
      if (await store.findProject(tx, id)) throw nameTaken({ is_domain, name }, id);
      await this.#checkNameFree(tx, { id, name, domain_id, is_domain });
      const row = await store.insertProject(tx, {
        id,
        domain_id,
        parent_id,
        is_domain,
        name,
        description: wanted.description ?? '',
        enabled: flag(wanted.enabled ?? true),
        extra: JSON.stringify(extraOf(wanted, PROJECT_ATTRIBUTES)),
        options: JSON.stringify(merged('{}', wanted.options)),
        created_at: now().toISOString(),
      });
      await store.replaceTags(tx, id, wanted.tags ?? []);
      return await this.#oneWithTags(tx, row);
    });
  }

  async #update(project: Project, change: ProjectUpdate): Promise<Project> {
    checkSameId(change, project.id);
    const options = merged(project.options, change.options);
    checkUpdate(project, change, {
      immutable: isImmutable(project.options) && options['immutable'] === true,
      above: await this.above(project),
      below: change.enabled === false ? await this.below(project.id) : [],
    });
    return await this.#core.writes.run(async (tx) => {
      const name = change.name?.trim() ?? project.name;
      if (name !== project.name) await this.#checkNameFree(tx, { ...project, name });
      const row = await store.updateProject(tx, project.id, {
        name,
        description:
          change.description === undefined ? project.description : (change.description ?? ''),
        enabled: change.enabled === undefined ? project.enabled : flag(change.enabled),
        extra: JSON.stringify(overlaid(project.extra, extraOf(change, PROJECT_ATTRIBUTES))),
        options: JSON.stringify(options),
      });
      if (change.tags) await store.replaceTags(tx, project.id, change.tags);
      return await this.#oneWithTags(tx, row);
    });
  }

  async #delete(project: Project): Promise<void> {
    checkDelete(project, {
      immutable: isImmutable(project.options),
      below: project.is_domain === 1 ? [] : await this.below(project.id),
      isDefaultDomain: project.id === DEFAULT_DOMAIN,
    });
    await this.#core.writes.run(async (tx) => {
      await store.deleteProject(tx, project.id);
      await revokeTokens(this.#core, tx, 'project', project.id);
    });
  }

  async #checkNameFree(
    tx: Tx,
    project: { id: string; name: string; domain_id: string | null; is_domain: 0 | 1 },
  ): Promise<void> {
    const other = await store.findProjectByName(tx, project.name, project.domain_id);
    if (other && other.id !== project.id) throw nameTaken(project, project.id);
  }

  async #findDomain(id: string): Promise<Project | undefined> {
    const { db } = this.#core;
    const row = await store.findProject(db, id);
    return row?.is_domain === 1 ? await this.#oneWithTags(db, row) : undefined;
  }

  async #getDomain(id: string): Promise<Project> {
    const domain = await this.#findDomain(id);
    if (!domain) throw notFound('domain', id);
    return domain;
  }

  async #oneWithTags(db: Db, row: store.ProjectRow): Promise<Project> {
    return { ...row, tags: (await store.tagsOf(db, [row.id])).get(row.id) ?? [] };
  }

  async #withTags(db: Db, listed: Listed<store.ProjectRow>): Promise<Listed<Project>> {
    const tags = await store.tagsOf(
      db,
      listed.rows.map((row) => row.id),
    );
    return {
      ...listed,
      rows: listed.rows.map((row) => ({ ...row, tags: tags.get(row.id) ?? [] })),
    };
  }
}
