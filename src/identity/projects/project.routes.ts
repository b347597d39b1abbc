/** /v3/projects: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Context } from '#platform/context.ts';
import { listOf, type Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readObject } from '../attributes.ts';
import { invalid } from '../identity.faults.ts';
import { isSet, parseListing, viewAll, viewCollection } from '../listing.ts';
import type { Reached } from '../links.ts';
import { viewProject } from './project-view.ts';
import { parentsAsIds, subtreeAsIds } from './project.rules.ts';
import { ProjectCreate, ProjectUpdate } from './project.schema.ts';
import type { Project, ProjectService } from './project.service.ts';

const FILTERS = {
  name: 'text',
  domain_id: 'text',
  parent_id: 'text',
  enabled: 'flag',
  is_domain: 'flag',
} as const;

const params = Type.Object({ id: Type.String() });

export function projectRoutes(app: ServiceApp, projects: ProjectService): void {
  app.get('/v3/projects', { config: { policy: 'identity:list_projects' } }, async (request) => {
    const query = request.query as Query;
    const listed = await projects.list(
      request.ctx,
      parseListing(query, FILTERS),
      tagFilters(query),
    );
    return viewCollection(
      request,
      'projects',
      viewAll(listed, (project) => viewProject(request, project)),
    );
  });

  app.post(
    '/v3/projects',
    {
      config: { policy: 'identity:create_project' },
      schema: { body: Type.Object({ project: ProjectCreate }) },
    },
    async (request, reply) => {
      const project = await projects.create(request.ctx, request.body.project);
      return await reply.code(201).send({ project: viewProject(request, project) });
    },
  );

  app.get(
    '/v3/projects/:id',
    { config: { policy: 'identity:get_project' }, schema: { params } },
    async (request) => {
      const project = await projects.show(request.ctx, request.params.id);
      const family = await viewFamily(request, projects, project);
      return { project: { ...viewProject(request, project), ...family } };
    },
  );

  app.patch(
    '/v3/projects/:id',
    {
      config: { policy: 'identity:update_project' },
      schema: { params, body: Type.Object({ project: ProjectUpdate }) },
    },
    async (request) => {
      const project = await projects.update(request.ctx, request.params.id, request.body.project);
      // compat: keystone shows the additional attributes twice after an update.
      const extra = readObject(project.extra);
      return { project: { ...viewProject(request, project), extra } };
    },
  );

  app.delete(
    '/v3/projects/:id',
    { config: { policy: 'identity:delete_project' }, schema: { params } },
    async (request, reply) => {
      await projects.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}

function tagFilters(query: Query) {
  const tags = (name: string) =>
    listOf(query[name])
      .flatMap((text) => text.split(','))
      .filter((tag) => tag !== '');
  return {
    all: tags('tags'),
    any: tags('tags-any'),
    notAll: tags('not-tags'),
    notAny: tags('not-tags-any'),
  };
}

/** What is above and below a project, when it was asked for. Lists show what the caller has a role on. */
async function viewFamily(
  request: Reached & { readonly ctx: Context; readonly query: unknown },
  projects: ProjectService,
  project: Project,
) {
  const query = request.query as Query;
  const asked = (name: string) => isSet(query, name);
  for (const side of ['parents', 'subtree']) {
    if (asked(`${side}_as_list`) && asked(`${side}_as_ids`)) {
      throw invalid(`Cannot use ${side}_as_list and ${side}_as_ids query params at the same time.`);
    }
  }
  const list = async (rows: readonly Project[]) => {
    const own = new Set((await projects.ofUser(request.ctx.userId)).map(({ id }) => id));
    return rows
      .filter(({ id }) => own.has(id))
      .map((row) => ({ project: viewProject(request, row) }));
  };
  const family: Record<string, unknown> = {};
  if (asked('parents_as_list')) family['parents'] = await list(await projects.above(project));
  if (asked('parents_as_ids')) {
    family['parents'] = parentsAsIds((await projects.above(project)).map(({ id }) => id));
  }
  if (asked('subtree_as_list')) family['subtree'] = await list(await projects.below(project.id));
  if (asked('subtree_as_ids')) {
    family['subtree'] = subtreeAsIds(project.id, await projects.below(project.id));
  }
  return family;
}
