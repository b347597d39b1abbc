/** /v2.0/routers: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { viewStandard } from '../attributes/standard.ts';
import { Viewer } from '../attributes/view.ts';
import type { Interface } from './router-interfaces.ts';
import { ROUTER } from './router.schema.ts';
import { targetOfRouter, type RouterService } from './router.service.ts';
import type { Router } from './router.store.ts';

type ById = { Params: { id: string } };

export function routerRoutes(app: ServiceApp, routers: RouterService, policy: Policy): void {
  resourceRoutes(app, {
    resource: ROUTER,
    service: routers,
    policy,
    view: viewRouter,
    target: targetOfRouter,
  });

  for (const [action, change] of [
    ['add_extraroutes', 'addRoutes'],
    ['remove_extraroutes', 'removeRoutes'],
  ] as const) {
    const path = `/v2.0/routers/:id/${action}`;
    app.put<ById>(path, { config: { policy: action } }, async ({ ctx, params, body }) => {
      const router = await routers[change](ctx, params.id, body);
      const viewer = new Viewer(policy, ctx, ROUTER);
      return { router: viewer.show(viewRouter(router), targetOfRouter(router)) };
    });
  }

  for (const [action, change] of [
    ['add_router_interface', 'addInterface'],
    ['remove_router_interface', 'removeInterface'],
  ] as const) {
    const path = `/v2.0/routers/:id/${action}`;
    app.put<ById>(path, { config: { policy: action } }, async ({ ctx, params, body }) => {
      const changed = await routers[change](ctx, params.id, body);
      return viewInterface(params.id, changed, action === 'add_router_interface');
    });
  }
}

function viewRouter({ row, gateway, tags }: Router) {
  return {
    ...viewStandard(row, tags),
    name: row.name,
    admin_state_up: row.admin_state_up === 1,
    status: row.status,
    status_reason: row.status_reason,
    external_gateway_info: gateway && {
      network_id: gateway.networkId,
      external_fixed_ips: gateway.fixedIps.map(({ subnet_id, ip_address }) => ({
        subnet_id,
        ip_address,
      })),
      enable_snat: row.enable_snat === 1,
    },
    enable_snat: row.enable_snat === 1,
    routes: JSON.parse(row.routes) as unknown,
    availability_zone_hints: JSON.parse(row.availability_zone_hints) as unknown,
    availability_zones: row.host === '' ? [] : ['nova'],
    distributed: row.distributed === 1,
    ha: row.ha === 1,
  } satisfies ViewOf<typeof ROUTER>;
}

/** compat: of several subnets the one that counts is the last that came, or the first that goes. */
function viewInterface(id: string, { port, subnets }: Interface, added: boolean) {
  return {
    id,
    project_id: port.project_id,
    tenant_id: port.project_id,
    port_id: port.id,
    network_id: port.network_id,
    subnet_id: subnets.at(added ? -1 : 0)?.id,
    subnet_ids: subnets.map((subnet) => subnet.id),
  };
}
