/** /v2.0/ports/{id}/bindings: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { selectFields, type Query } from '#platform/http/list-query.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { pageLinks, readFields, readListQuery } from '../attributes/list-query.ts';
import { readCreate, readUpdate } from '../attributes/request-body.ts';
import { addressOf } from '../attributes/resource.routes.ts';
import type { BindingRow } from '../ports/port.store.ts';
import { pageOf } from './port-binding.rules.ts';
import { PORT_BINDING } from './port-binding.schema.ts';
import type { PortBindingService } from './port-binding.service.ts';

type OfPort = { Params: { id: string } };
type OnHost = { Params: { id: string; host: string } };

const rule = (policy: string) => ({ config: { policy } });

export function portBindingRoutes(app: ServiceApp, bindings: PortBindingService): void {
  const path = '/v2.0/ports/:id/bindings';

  app.get<OfPort>(path, rule('get_port_binding'), async (request) => {
    const query = request.query as Query;
    const wanted = readListQuery(PORT_BINDING, query);
    const all = (await bindings.list(request.ctx, request.params.id)).map(view);
    const found = pageOf(all, wanted);
    const hosts = found.map(({ host }) => host);
    const links = pageLinks(addressOf(request), query, wanted.page, hosts);
    return {
      bindings: found.map((each) => selectFields(each, wanted.fields)),
      ...(links && { bindings_links: links }),
    };
  });

  app.get<OnHost>(`${path}/:host`, rule('get_port_binding'), async ({ ctx, params, query }) => {
    const row = await bindings.get(ctx, params.id, params.host);
    return { binding: selectFields(view(row), readFields(query)) };
  });

  app.post<OfPort>(path, rule('create_port_binding'), async (request, reply) => {
    const { bulk, items } = readCreate(request.ctx, PORT_BINDING, request.body);
    const wanted = items.map((item) => item.values);
    const views = (await bindings.create(request.ctx, request.params.id, wanted)).map(view);
    return await reply.code(201).send(bulk ? { bindings: views } : { binding: views[0] });
  });

  app.put<OnHost>(`${path}/:host`, rule('update_port_binding'), async ({ ctx, params, body }) => {
    const { values } = readUpdate(ctx, PORT_BINDING, body);
    return { binding: view(await bindings.update(ctx, params.id, params.host, values)) };
  });

  // compat: the answer has no `binding` around it.
  app.put<OnHost>(`${path}/:host/activate`, rule('activate'), async ({ ctx, params }) =>
    view(await bindings.activate(ctx, params.id, params.host)),
  );

  app.delete<OnHost>(`${path}/:host`, rule('delete_port_binding'), async (request, reply) => {
    await bindings.delete(request.ctx, request.params.id, request.params.host);
    return await reply.code(204).send();
  });
}

function view({ host, vif_type, vnic_type, status, profile, vif_details }: BindingRow) {
  return {
    host,
    vif_type,
    vnic_type,
    status,
    profile: JSON.parse(profile) as unknown,
    vif_details: JSON.parse(vif_details) as unknown,
  } satisfies ViewOf<typeof PORT_BINDING>;
}
