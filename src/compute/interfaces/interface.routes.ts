/** /servers/{id}/os-interface: HTTP in, HTTP out, no decisions. */
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import { INTERFACE_CREATE, type InterfaceCreateBody } from './interface.schema.ts';
import type { AttachedPort, InterfaceService } from './interface.service.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({
  config: { policy: `os_compute_api:os-attach-interfaces:${verb}` },
});

type Id = { Params: { id: string } };
type Port = { Params: { id: string; port_id: string } };

export function interfaceRoutes(interfaces: InterfaceService, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<Id>('/servers/:id/os-interface', guard('list'), async (request) => {
      const { ctx, params } = request;
      check.query(NO_PARAMS, ctx.microversion, request.query);
      const found = await interfaces.list(ctx, params.id);
      return { interfaceAttachments: found.map((each) => viewInterface(each, ctx.microversion)) };
    });
    app.get<Port>('/servers/:id/os-interface/:port_id', guard('show'), async (request) => {
      const { ctx, params } = request;
      check.query(NO_PARAMS, ctx.microversion, request.query);
      const found = await interfaces.get(ctx, params.id, params.port_id);
      return { interfaceAttachment: viewInterface(found, ctx.microversion) };
    });
    app.post<Id>('/servers/:id/os-interface', guard('create'), async (request) => {
      const { ctx, params } = request;
      const body = check.body<InterfaceCreateBody>(
        INTERFACE_CREATE,
        ctx.microversion,
        request.body,
      );
      const made = await interfaces.attach(ctx, params.id, body);
      return { interfaceAttachment: viewInterface(made, ctx.microversion) };
    });
    app.delete<Port>(
      '/servers/:id/os-interface/:port_id',
      guard('delete'),
      async (request, reply) => {
        await interfaces.detach(request.ctx, request.params.id, request.params.port_id);
        return await reply.code(202).send();
      },
    );
  };
}

function viewInterface({ port, tag }: AttachedPort, minor: number) {
  return {
    net_id: port.networkId,
    port_id: port.id,
    mac_addr: port.mac,
    port_state: port.status,
    fixed_ips: port.fixedIps.map(({ subnetId, ip }) => ({ subnet_id: subnetId, ip_address: ip })),
    ...(minor >= 70 && { tag }),
  };
}
