/** /v3/projects/{id}/tags: HTTP in, HTTP out. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { invalid, notFound } from '../identity.faults.ts';
import { apiUrl } from '../links.ts';
import { Tag, Tags } from './project.schema.ts';
import type { ProjectService } from './project.service.ts';

const params = Type.Object({ id: Type.String() });
const oneTag = Type.Object({ id: Type.String(), tag: Tag });
/** As many as the schema of the whole list allows. */
const MAX_TAGS = 80;

export function projectTagRoutes(app: ServiceApp, projects: ProjectService): void {
  const path = '/v3/projects/:id/tags';

  app.get(
    path,
    { config: { policy: 'identity:list_project_tags' }, schema: { params } },
    async (request) => {
      const rule = 'identity:list_project_tags';
      const { tags } = await projects.authorized(request.ctx, rule, request.params.id);
      // compat: the link is to the API itself.
      return { links: { self: apiUrl(request) }, tags };
    },
  );

  app.put(
    path,
    {
      config: { policy: 'identity:update_project_tags' },
      schema: { params, body: Type.Object({ tags: Tags }) },
    },
    async (request) => {
      const rule = 'identity:update_project_tags';
      const project = await projects.authorized(request.ctx, rule, request.params.id);
      const { tags } = request.body;
      await projects.setTags(project, tags);
      return { links: { self: apiUrl(request) }, tags };
    },
  );

  app.delete(
    path,
    { config: { policy: 'identity:delete_project_tags' }, schema: { params } },
    async (request, reply) => {
      const rule = 'identity:delete_project_tags';
      const project = await projects.authorized(request.ctx, rule, request.params.id);
      await projects.setTags(project, []);
      return await reply.code(204).send();
    },
  );

  app.get(
    `${path}/:tag`,
    { config: { policy: 'identity:get_project_tag' }, schema: { params: oneTag } },
    async (request, reply) => {
      const { id, tag } = request.params;
      const { tags } = await projects.authorized(request.ctx, 'identity:get_project_tag', id);
      if (!tags.includes(tag)) throw notFound('project tag', tag);
      return await reply.code(204).send();
    },
  );

  app.put(
    `${path}/:tag`,
    { config: { policy: 'identity:create_project_tag' }, schema: { params: oneTag } },
    async (request, reply) => {
      const { id, tag } = request.params;
      const project = await projects.authorized(request.ctx, 'identity:create_project_tag', id);
      const tags = [...new Set([...project.tags, tag])];
      if (tags.length > MAX_TAGS) throw invalid(`A project has at most ${MAX_TAGS} tags.`);
      await projects.setTags(project, tags);
      // compat: the address leaves out `/projects`.
      const location = `${apiUrl(request)}/${id}/tags/${encodeURIComponent(tag)}`;
      return await reply.code(201).header('location', location).send();
    },
  );

  app.delete(
    `${path}/:tag`,
    { config: { policy: 'identity:delete_project_tag' }, schema: { params: oneTag } },
    async (request, reply) => {
      const { id, tag } = request.params;
      const project = await projects.authorized(request.ctx, 'identity:delete_project_tag', id);
      if (!project.tags.includes(tag)) throw notFound('project tag', tag);
      await projects.setTags(
        project,
        project.tags.filter((each) => each !== tag),
      );
      return await reply.code(204).send();
    },
  );
}
