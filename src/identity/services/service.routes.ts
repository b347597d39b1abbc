/** /v3/services: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readObject } from '../attributes.ts';
import { parseListing, selfLink, viewAll, viewCollection } from '../listing.ts';
import type { Reached } from '../links.ts';
import { ServiceCreate, ServiceUpdate } from './service.schema.ts';
import type { CatalogServiceService } from './service.service.ts';
import type { ServiceRow } from './service.store.ts';

const params = Type.Object({ id: Type.String() });

export function serviceRoutes(app: ServiceApp, services: CatalogServiceService): void {
  app.get('/v3/services', { config: { policy: 'identity:list_services' } }, async (request) => {
    const listing = parseListing(request.query as Query, { type: 'text', name: 'text' });
    const listed = await services.list(request.ctx, listing);
    return viewCollection(
      request,
      'services',
      viewAll(listed, (service) => viewService(request, service)),
    );
  });

  app.post(
    '/v3/services',
    {
      config: { policy: 'identity:create_service' },
      schema: { body: Type.Object({ service: ServiceCreate }) },
    },
    async (request, reply) => {
      const service = await services.create(request.ctx, request.body.service);
      return await reply.code(201).send({ service: viewService(request, service) });
    },
  );

  app.get(
    '/v3/services/:id',
    { config: { policy: 'identity:get_service' }, schema: { params } },
    async (request) => ({
      service: viewService(request, await services.show(request.ctx, request.params.id)),
    }),
  );

  app.patch(
    '/v3/services/:id',
    {
      config: { policy: 'identity:update_service' },
      schema: { params, body: Type.Object({ service: ServiceUpdate }) },
    },
    async (request) => {
      const service = await services.update(request.ctx, request.params.id, request.body.service);
      return { service: viewService(request, service) };
    },
  );

  app.delete(
    '/v3/services/:id',
    { config: { policy: 'identity:delete_service' }, schema: { params } },
    async (request, reply) => {
      await services.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}

function viewService(reached: Reached, service: ServiceRow) {
  return {
    name: service.name,
    ...readObject(service.extra),
    id: service.id,
    type: service.type,
    enabled: service.enabled === 1,
    links: selfLink(reached, 'services', service.id),
  };
}
