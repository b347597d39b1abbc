/** /v2.0/floatingips/{id}/port_forwardings: HTTP in, HTTP out, no decisions. */
import type { FastifyRequest } from 'fastify';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { pageLinks, readFields, readListQuery } from '../attributes/list-query.ts';
import { readCreate, readUpdate } from '../attributes/request-body.ts';
import { addressOf } from '../attributes/resource.routes.ts';
import { Viewer } from '../attributes/view.ts';
import { resourceNotFound } from '../network.faults.ts';
import { GUARDED, PORT_FORWARDING } from './port-forwarding.schema.ts';
import type { PortForwardingService } from './port-forwarding.service.ts';
import type { PortForwardingRow } from './port-forwarding.store.ts';
import { shownPorts } from './port-range.ts';

const PATH = '/v2.0/floatingips/:id/port_forwardings';

/** The rule that guards a route. */
const guard = (action: string) => ({
  config: { policy: `${action}_floatingip_port_forwarding` },
});

type ById = { Params: { id: string } };
type ByBoth = { Params: { id: string; forwardingId: string } };

export function portForwardingRoutes(
  app: ServiceApp,
  forwardings: PortForwardingService,
  policy: Policy,
): void {
  /** Shows forwardings of a floating IP whose owner the caller may know. */
  const viewerFor = async (request: FastifyRequest<ById>, fields: readonly string[] = []) => {
    const target = await forwardings.target(request.ctx, request.params.id);
    const viewer = new Viewer(policy, request.ctx, GUARDED, fields);
    if (!viewer.sees(target)) throw resourceNotFound();
    return (row: PortForwardingRow) => viewer.show(viewPortForwarding(row), target);
  };

  app.get<ById>(PATH, guard('get'), async (request) => {
    const query = request.query as Query;
    const wanted = readListQuery(PORT_FORWARDING, query);
    const show = await viewerFor(request, wanted.fields);
    const rows = await forwardings.list(request.ctx, request.params.id, wanted);
    const ids = rows.map((row) => row.id);
    const links = pageLinks(addressOf(request), query, wanted.page, ids);
    return { port_forwardings: rows.map(show), ...(links && { port_forwardings_links: links }) };
  });

  app.get<ByBoth>(`${PATH}/:forwardingId`, guard('get'), async (request) => {
    const show = await viewerFor(request, readFields(request.query));
    return { port_forwarding: show(await forwardings.get(request.ctx, idOf(request.params))) };
  });

  app.post<ById>(PATH, guard('create'), async (request, reply) => {
    const { bulk, items } = readCreate(request.ctx, PORT_FORWARDING, request.body);
    const made = await forwardings.create(request.ctx, request.params.id, items);
    const views = made.map(viewPortForwarding);
    return await reply
      .code(201)
      .send(bulk ? { port_forwardings: views } : { port_forwarding: views[0] });
  });

  app.put<ByBoth>(`${PATH}/:forwardingId`, guard('update'), async (request) => {
    const change = readUpdate(request.ctx, PORT_FORWARDING, request.body);
    const row = await forwardings.update(request.ctx, idOf(request.params), change);
    return { port_forwarding: viewPortForwarding(row) };
  });

  app.delete<ByBoth>(`${PATH}/:forwardingId`, guard('delete'), async (request, reply) => {
    await forwardings.delete(request.ctx, idOf(request.params));
    return await reply.code(204).send();
  });
}

function idOf({ id, forwardingId }: ByBoth['Params']) {
  return { floatingIpId: id, id: forwardingId };
}

function viewPortForwarding(row: PortForwardingRow) {
  return {
    id: row.id,
    protocol: row.protocol,
    internal_port_id: row.internal_port_id,
    internal_ip_address: row.internal_ip_address,
    description: row.description,
    ...NO_PORTS,
    ...shownPorts(row),
  } satisfies ViewOf<typeof PORT_FORWARDING>;
}

/** What is undefined is not in the answer. */
const NO_PORTS = {
  external_port: undefined,
  external_port_range: undefined,
  internal_port: undefined,
  internal_port_range: undefined,
};
