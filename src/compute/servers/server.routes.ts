/** /servers: HTTP in, HTTP out, no decisions. */
import { pageLink, type Query } from '#platform/http/list-query.ts';
import { linksOf, type ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import type { ServerActions } from './server-actions.ts';
import type { ServerCreator } from './server-create.ts';
import { SERVER_CREATE, type ServerCreateBody } from './server-create.schema.ts';
import { nextMarker, type ServerList } from './server-list.ts';
import { SERVER_QUERY } from './server-list.schema.ts';
import type { ServerReader } from './server-reader.ts';
import { viewServer, viewServerAfterUpdate, viewServerShort } from './server-view.ts';
import { SERVER_UPDATE, type ServerUpdateBody } from './server.schema.ts';
import type { ServerRow } from './server-row.ts';
import type { Context } from '#platform/context.ts';
import type { Links } from '../http/compute-service.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({ config: { policy: `os_compute_api:servers:${verb}` } });

type Id = { Params: { id: string } };
type List = { Querystring: Query };

export type ServerRoutesDeps = {
  readonly creator: ServerCreator;
  readonly list: ServerList;
  readonly reader: ServerReader;
  readonly actions: ServerActions;
  readonly check: RequestCheck;
};

export function serverRoutes(deps: ServerRoutesDeps): ComputeRoutes {
  const { creator, list, reader, actions, check } = deps;

  const factsOf = async (ctx: Context, row: ServerRow) => {
    const [facts] = await reader.facts(ctx, [row], { withGroups: true });
    if (!facts) throw new Error(`server '${row.id}' was not described`);
    return facts;
  };
  return (app) => {
    app.get<List>('/servers', guard('index'), async (request) => {
      const { ctx } = request;
      const query = check.query(SERVER_QUERY, ctx.microversion, request.query);
      const rows = await list.list(ctx, query, 'index');
      const links = linksOf(request);
      return {
        servers: rows.map((row) => viewServerShort(row, links)),
        ...next(links, 'servers', query, rows),
      };
    });
    app.get<List>('/servers/detail', guard('detail'), async (request) => {
      const { ctx } = request;
      const query = check.query(SERVER_QUERY, ctx.microversion, request.query);
      const rows = await list.list(ctx, query, 'detail');
      const links = linksOf(request);
      const viewer = reader.viewer(ctx, links);
      const facts = await reader.facts(ctx, rows, { withGroups: false });
      return {
        servers: facts.map((each) => viewServer(each, viewer)),
        ...next(links, 'servers/detail', query, rows),
      };
    });
    app.post('/servers', guard('create'), async (request, reply) => {
      const { ctx } = request;
      const body = check.body<ServerCreateBody>(SERVER_CREATE, ctx.microversion, request.body);
      const made = await creator.create(ctx, body);
      reply.code(202);
      if (made.byReservation) return { reservation_id: made.reservationId };
      const links = linksOf(request);
      const path = `servers/${made.ids[0]}`;
      reply.header('location', links.self(path));
      return {
        server: {
          id: made.ids[0],
          links: links.both(path),
          'OS-DCF:diskConfig': made.diskConfig,
          security_groups: made.securityGroups.map((name) => ({ name })),
          adminPass: made.adminPass,
        },
      };
    });
    app.get<Id>('/servers/:id', guard('show'), async (request) => {
      const { ctx, params } = request;
      check.query(NO_PARAMS, ctx.microversion, request.query);
      const row = await reader.get(ctx, params.id, 'os_compute_api:servers:show');
      const viewer = reader.viewer(ctx, linksOf(request));
      return { server: viewServer(await factsOf(ctx, row), viewer) };
    });
    app.put<Id>('/servers/:id', guard('update'), async (request) => {
      const { ctx, params } = request;
      const { server } = check.body<ServerUpdateBody>(
        SERVER_UPDATE,
        ctx.microversion,
        request.body,
      );
      const row = await actions.update(ctx, params.id, server);
      const viewer = reader.viewer(ctx, linksOf(request));
      return { server: viewServerAfterUpdate(await factsOf(ctx, row), viewer) };
    });
    app.delete<Id>('/servers/:id', guard('delete'), async (request, reply) => {
      await actions.delete(request.ctx, request.params.id, 'os_compute_api:servers:delete');
      return await reply.code(204).send();
    });
  };
}

/** The link to the next page; nothing on the last one. */
function next(links: Links, path: string, query: Query, rows: readonly ServerRow[]) {
  const marker = nextMarker(query, rows);
  if (marker === undefined) return {};
  return { servers_links: [{ rel: 'next', href: pageLink(links.self(path), query, marker) }] };
}
