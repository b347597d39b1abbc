/** /v3/regions: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { Query } from '#platform/http/list-query.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readObject } from '../attributes.ts';
import { parseListing, selfLink, viewAll, viewCollection } from '../listing.ts';
import type { Reached } from '../links.ts';
import { RegionCreate, RegionUpdate } from './region.schema.ts';
import type { RegionService } from './region.service.ts';
import type { RegionRow } from './region.store.ts';

const params = Type.Object({ id: Type.String({ maxLength: 255 }) });
const body = Type.Object({ region: RegionCreate });

export function regionRoutes(app: ServiceApp, regions: RegionService): void {
  app.get('/v3/regions', { config: { policy: 'identity:list_regions' } }, async (request) => {
    const listing = parseListing(request.query as Query, { parent_region_id: 'text' });
    const listed = await regions.list(request.ctx, listing);
    return viewCollection(
      request,
      'regions',
      viewAll(listed, (region) => viewRegion(request, region)),
    );
  });

  app.post(
    '/v3/regions',
    { config: { policy: 'identity:create_region' }, schema: { body } },
    async (request, reply) => {
      const region = await regions.create(request.ctx, request.body.region);
      return await reply.code(201).send({ region: viewRegion(request, region) });
    },
  );

  app.get(
    '/v3/regions/:id',
    { config: { policy: 'identity:get_region' }, schema: { params } },
    async (request) => ({
      region: viewRegion(request, await regions.show(request.ctx, request.params.id)),
    }),
  );

  app.put(
    '/v3/regions/:id',
    { config: { policy: 'identity:create_region' }, schema: { params, body } },
    async (request, reply) => {
      const region = await regions.create(request.ctx, request.body.region, request.params.id);
      return await reply.code(201).send({ region: viewRegion(request, region) });
    },
  );

  app.patch(
    '/v3/regions/:id',
    {
      config: { policy: 'identity:update_region' },
      schema: { params, body: Type.Object({ region: RegionUpdate }) },
    },
    async (request) => {
      const region = await regions.update(request.ctx, request.params.id, request.body.region);
      return { region: viewRegion(request, region) };
    },
  );

  app.delete(
    '/v3/regions/:id',
    { config: { policy: 'identity:delete_region' }, schema: { params } },
    async (request, reply) => {
      await regions.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}

function viewRegion(reached: Reached, region: RegionRow) {
  return {
    ...readObject(region.extra),
    id: region.id,
    description: region.description,
    parent_region_id: region.parent_region_id,
    links: selfLink(reached, 'regions', region.id),
  };
}
