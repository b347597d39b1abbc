/** /v2.0/ports/{id}/storm-events: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { selectFields, type Query } from '#platform/http/list-query.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { pageLinks, readListQuery } from '../attributes/list-query.ts';
import { addressOf } from '../attributes/resource.routes.ts';
import { viewTime } from '../attributes/standard.ts';
import { STORM_EVENT } from './storm-event.schema.ts';
import type { StormEventService } from './storm-event.service.ts';
import type { StormEventRow } from './storm-event.store.ts';

export function stormEventRoutes(app: ServiceApp, events: StormEventService): void {
  app.get<{ Params: { id: string } }>(
    '/v2.0/ports/:id/storm-events',
    { config: { policy: 'get_port' } },
    async (request) => {
      const query = request.query as Query;
      const wanted = readListQuery(STORM_EVENT, query);
      const rows = await events.list(request.ctx, request.params.id, wanted);
      const ids = rows.map(({ id }) => id);
      const links = pageLinks(addressOf(request), query, wanted.page, ids);
      return {
        storm_events: rows.map((row) => selectFields(view(row), wanted.fields)),
        ...(links && { storm_events_links: links }),
      };
    },
  );
}

function view({ id, port_id, state, message, created_at }: StormEventRow) {
  return {
    id,
    port_id,
    state,
    message,
    created_at: viewTime(created_at),
  } satisfies ViewOf<typeof STORM_EVENT>;
}
