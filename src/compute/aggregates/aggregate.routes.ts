/** /os-aggregates: HTTP in, HTTP out, no decisions. */
import { isJsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { Query } from '#platform/http/list-query.ts';
import { malformedBody, noSuchAction } from '../compute.faults.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { microseconds } from '../servers/server-view.ts';
import { zoneOf } from './aggregate.rules.ts';
import * as schema from './aggregate.schema.ts';
import type { AggregateService } from './aggregate.service.ts';
import type { AggregateRow } from './aggregate.store.ts';

type Id = { Params: { id: string } };
type IdQuery = Id & { Querystring: Query };

const policy = (...verbs: readonly string[]) => ({
  config: { policy: verbs.map((verb) => `os_compute_api:os-aggregates:${verb}`) },
});

export function aggregateRoutes(aggregates: AggregateService, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<{ Querystring: Query }>('/os-aggregates', policy('index'), async (request) => {
      const { microversion: minor } = request.ctx;
      check.query(schema.AGGREGATE_QUERY, minor, request.query);
      const rows = await aggregates.list(request.ctx);
      return { aggregates: rows.map((row) => viewAggregate(row, minor)) };
    });
    app.post('/os-aggregates', policy('create'), async (request) => {
      const { microversion: minor } = request.ctx;
      const body = check.body<schema.AggregateCreateBody>(
        schema.AGGREGATE_CREATE,
        minor,
        request.body,
      );
      // compat: a new aggregate is shown without its hosts and metadata.
      const {
        hosts: _hosts,
        metadata: _metadata,
        ...view
      } = viewAggregate(await aggregates.create(request.ctx, body), minor);
      return { aggregate: view };
    });
    app.get<IdQuery>('/os-aggregates/:id', policy('show'), async (request) => {
      const { microversion: minor } = request.ctx;
      check.query(schema.AGGREGATE_QUERY, minor, request.query);
      return {
        aggregate: viewAggregate(await aggregates.get(request.ctx, request.params.id), minor),
      };
    });
    app.put<Id>('/os-aggregates/:id', policy('update'), async (request) => {
      const { microversion: minor } = request.ctx;
      const body = check.body<schema.AggregateUpdateBody>(
        schema.AGGREGATE_UPDATE,
        minor,
        request.body,
      );
      const row = await aggregates.update(request.ctx, request.params.id, body);
      return { aggregate: viewAggregate(row, minor) };
    });
    // compat: 200 without a body, not 204.
    app.delete<Id>('/os-aggregates/:id', policy('delete'), async (request, reply) => {
      await aggregates.delete(request.ctx, request.params.id);
      return await reply.code(200).send();
    });
    app.post<Id>(
      '/os-aggregates/:id/action',
      policy('add_host', 'remove_host', 'set_metadata'),
      async (request) => {
        const { ctx, params } = request;
        const { name, content } = actionOf(request.body);
        check.body(schema.AGGREGATE_ACTIONS[name], ctx.microversion, request.body);
        const row = await act(aggregates, ctx, params.id, { name, content });
        return { aggregate: viewAggregate(row, ctx.microversion) };
      },
    );
  };
}

type Action = { readonly name: schema.AggregateAction; readonly content: unknown };

async function act(
  aggregates: AggregateService,
  ctx: Context,
  id: string,
  { name, content }: Action,
): Promise<AggregateRow> {
  switch (name) {
    case 'add_host':
      return await aggregates.addHost(ctx, id, (content as schema.HostBody).host);
    case 'remove_host':
      return await aggregates.removeHost(ctx, id, (content as schema.HostBody).host);
    case 'set_metadata':
      return await aggregates.setMetadata(ctx, id, (content as schema.MetadataBody).metadata);
  }
}

function actionOf(body: unknown): Action {
  if (!isJsonObject(body)) throw malformedBody();
  const [name = ''] = Object.keys(body);
  if (Object.keys(body).length !== 1) throw malformedBody();
  if (!isAction(name)) throw noSuchAction(name);
  return { name, content: body[name] };
}

const isAction = (name: string): name is schema.AggregateAction =>
  Object.hasOwn(schema.AGGREGATE_ACTIONS, name);

function viewAggregate(row: AggregateRow, minor: number) {
  return {
    id: row.number,
    ...(minor >= 41 && { uuid: row.id }),
    name: row.name,
    hosts: row.hosts,
    metadata: row.metadata,
    created_at: microseconds(row.created_at),
    updated_at: microseconds(row.updated_at),
    deleted_at: null,
    deleted: false,
    availability_zone: zoneOf(row),
  };
}
