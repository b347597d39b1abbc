/** /servers/{id}/metadata: HTTP in, HTTP out, no decisions. */
import { badRequest } from '../compute.faults.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import { METADATA_BODY, METADATA_ITEM } from './server-metadata.schema.ts';
import type { Metadata, ServerMetadata } from './server-metadata.service.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({ config: { policy: `os_compute_api:server-metadata:${verb}` } });

type Id = { Params: { id: string } };
type Item = { Params: { id: string; key: string } };

export function serverMetadataRoutes(metadata: ServerMetadata, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<Id>('/servers/:id/metadata', guard('index'), async (request) => {
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      return { metadata: await metadata.list(request.ctx, request.params.id) };
    });
    app.post<Id>('/servers/:id/metadata', guard('create'), async (request) => {
      const { ctx, params } = request;
      const body = check.body<{ metadata: Metadata }>(
        METADATA_BODY,
        ctx.microversion,
        request.body,
      );
      return { metadata: await metadata.merge(ctx, params.id, 'create', body.metadata) };
    });
    app.put<Id>('/servers/:id/metadata', guard('update_all'), async (request) => {
      const { ctx, params } = request;
      const body = check.body<{ metadata: Metadata }>(
        METADATA_BODY,
        ctx.microversion,
        request.body,
      );
      return { metadata: await metadata.replace(ctx, params.id, body.metadata) };
    });
    app.get<Item>('/servers/:id/metadata/:key', guard('show'), async (request) => {
      const { id, key } = request.params;
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      return { meta: { [key]: await metadata.get(request.ctx, id, key) } };
    });
    app.put<Item>('/servers/:id/metadata/:key', guard('update'), async (request) => {
      const { ctx, params } = request;
      const { meta } = check.body<{ meta: Metadata }>(
        METADATA_ITEM,
        ctx.microversion,
        request.body,
      );
      if (!Object.hasOwn(meta, params.key)) throw badRequest('Request body and URI mismatch');
      await metadata.merge(ctx, params.id, 'update', meta);
      return { meta };
    });
    app.delete<Item>('/servers/:id/metadata/:key', guard('delete'), async (request, reply) => {
      await metadata.delete(request.ctx, request.params.id, request.params.key);
      return await reply.code(204).send();
    });
  };
}
