/** /os-services: HTTP in, HTTP out, no decisions. */
import { listOf, type Query } from '#platform/http/list-query.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { microseconds } from '../servers/server-view.ts';
import type { ServiceEntry } from './service-list.ts';
import * as schema from './service.schema.ts';
import type { ServiceService } from './service.service.ts';

type Id = { Params: { id: string } };

const policy = (verb: string) => ({ config: { policy: `os_compute_api:os-services:${verb}` } });

export function serviceRoutes(services: ServiceService, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<{ Querystring: Query }>('/os-services', policy('list'), async (request) => {
      const { microversion: minor } = request.ctx;
      const query = check.query(schema.SERVICE_QUERY, minor, request.query);
      const rows = await services.list(request.ctx, {
        host: listOf(query['host']).at(-1) ?? '',
        binary: listOf(query['binary']).at(-1) ?? '',
      });
      return { services: rows.map((row) => viewService(row, minor)) };
    });
    app.put<Id>('/os-services/:id', policy('update'), async (request) => {
      const { ctx, params } = request;
      const minor = ctx.microversion;
      if (minor < 53) {
        const body = check.body<schema.ServiceActionBody>(
          schema.SERVICE_UPDATE,
          minor,
          request.body,
        );
        return { service: await services.act(ctx, params.id, body) };
      }
      const body = check.body<schema.ServiceUpdateBody>(schema.SERVICE_UPDATE, minor, request.body);
      return { service: viewService(await services.update(ctx, params.id, body), minor) };
    });
    app.delete<Id>('/os-services/:id', policy('delete'), async (request, reply) => {
      await services.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    });
  };
}

function viewService(entry: ServiceEntry, minor: number) {
  return {
    binary: entry.binary,
    host: entry.host,
    id: minor >= 53 ? entry.id : entry.number,
    zone: entry.zone,
    status: entry.disabled ? 'disabled' : 'enabled',
    state: entry.up ? 'up' : 'down',
    updated_at: microseconds(entry.updatedAt),
    disabled_reason: entry.disabledReason,
    ...(minor >= 11 && { forced_down: entry.forcedDown }),
  };
}
