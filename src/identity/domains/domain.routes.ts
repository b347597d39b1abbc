/** /v3/domains: HTTP in, HTTP out, no decisions. A domain is a project that acts as one. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { parseListing, viewAll, viewCollection } from '../listing.ts';
import { viewDomain } from '../projects/project-view.ts';
import { DomainCreate, DomainUpdate } from '../projects/project.schema.ts';
import type { ProjectService } from '../projects/project.service.ts';

const params = Type.Object({ id: Type.String() });

export function domainRoutes(app: ServiceApp, projects: ProjectService): void {
  app.get('/v3/domains', { config: { policy: 'identity:list_domains' } }, async (request) => {
    const listing = parseListing(request.query as Query, { name: 'text', enabled: 'flag' });
    const listed = await projects.listDomains(request.ctx, listing);
    return viewCollection(
      request,
      'domains',
      viewAll(listed, (domain) => viewDomain(request, domain)),
    );
  });

  app.post(
    '/v3/domains',
    {
      config: { policy: 'identity:create_domain' },
      schema: { body: Type.Object({ domain: DomainCreate }) },
    },
    async (request, reply) => {
      const domain = await projects.createDomain(request.ctx, request.body.domain);
      return await reply.code(201).send({ domain: viewDomain(request, domain) });
    },
  );

  app.get(
    '/v3/domains/:id',
    { config: { policy: 'identity:get_domain' }, schema: { params } },
    async (request) => ({
      domain: viewDomain(request, await projects.showDomain(request.ctx, request.params.id)),
    }),
  );

  app.patch(
    '/v3/domains/:id',
    {
      config: { policy: 'identity:update_domain' },
      schema: { params, body: Type.Object({ domain: DomainUpdate }) },
    },
    async (request) => {
      const { id } = request.params;
      const domain = await projects.updateDomain(request.ctx, id, request.body.domain);
      return { domain: viewDomain(request, domain) };
    },
  );

  app.delete(
    '/v3/domains/:id',
    { config: { policy: 'identity:delete_domain' }, schema: { params } },
    async (request, reply) => {
      await projects.deleteDomain(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}
