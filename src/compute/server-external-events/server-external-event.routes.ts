/** /os-server-external-events: HTTP in, HTTP out, no decisions. */
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { EXTERNAL_EVENTS, type ExternalEventsBody } from './server-external-event.schema.ts';
import type { ServerExternalEvents } from './server-external-event.service.ts';

export function serverExternalEventRoutes(
  events: ServerExternalEvents,
  check: RequestCheck,
): ComputeRoutes {
  const config = { policy: 'os_compute_api:os-server-external-events:create' };
  return (app) => {
    app.post('/os-server-external-events', { config }, async (request, reply) => {
      const { ctx } = request;
      const body = check.body<ExternalEventsBody>(EXTERNAL_EVENTS, ctx.microversion, request.body);
      const answers = await events.take(ctx, body.events);
      // compat: 207 when any of them failed, even all.
      reply.code(answers.every(({ code }) => code === 200) ? 200 : 207);
      return { events: answers };
    });
  };
}
