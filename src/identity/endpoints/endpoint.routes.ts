/** /v3/endpoints: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readObject } from '../attributes.ts';
import { parseListing, selfLink, viewAll, viewCollection } from '../listing.ts';
import type { Reached } from '../links.ts';
import { EndpointCreate, EndpointUpdate } from './endpoint.schema.ts';
import type { EndpointService } from './endpoint.service.ts';
import type { EndpointRow } from './endpoint.store.ts';

const params = Type.Object({ id: Type.String() });
const FILTERS = { interface: 'text', service_id: 'text', region_id: 'text' } as const;

export function endpointRoutes(app: ServiceApp, endpoints: EndpointService): void {
  app.get('/v3/endpoints', { config: { policy: 'identity:list_endpoints' } }, async (request) => {
    const listing = parseListing(request.query as Query, FILTERS);
    const listed = await endpoints.list(request.ctx, listing);
    return viewCollection(
      request,
      'endpoints',
      viewAll(listed, (endpoint) => viewEndpoint(request, endpoint)),
    );
  });

  app.post(
    '/v3/endpoints',
    {
      config: { policy: 'identity:create_endpoint' },
      schema: { body: Type.Object({ endpoint: EndpointCreate }) },
    },
    async (request, reply) => {
      const endpoint = await endpoints.create(request.ctx, request.body.endpoint);
      return await reply.code(201).send({ endpoint: viewEndpoint(request, endpoint) });
    },
  );

  app.get(
    '/v3/endpoints/:id',
    { config: { policy: 'identity:get_endpoint' }, schema: { params } },
    async (request) => ({
      endpoint: viewEndpoint(request, await endpoints.show(request.ctx, request.params.id)),
    }),
  );

  app.patch(
    '/v3/endpoints/:id',
    {
      config: { policy: 'identity:update_endpoint' },
      schema: { params, body: Type.Object({ endpoint: EndpointUpdate }) },
    },
    async (request) => {
      const { id } = request.params;
      const endpoint = await endpoints.update(request.ctx, id, request.body.endpoint);
      return { endpoint: viewEndpoint(request, endpoint) };
    },
  );

  app.delete(
    '/v3/endpoints/:id',
    { config: { policy: 'identity:delete_endpoint' }, schema: { params } },
    async (request, reply) => {
      await endpoints.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}

function viewEndpoint(reached: Reached, endpoint: EndpointRow) {
  return {
    ...readObject(endpoint.extra),
    id: endpoint.id,
    interface: endpoint.interface,
    region_id: endpoint.region_id,
    service_id: endpoint.service_id,
    url: endpoint.url,
    enabled: endpoint.enabled === 1,
    region: endpoint.region_id,
    links: selfLink(reached, 'endpoints', endpoint.id),
  };
}
