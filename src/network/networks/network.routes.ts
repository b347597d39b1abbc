/** /v2.0/networks: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { viewStandard } from '../attributes/standard.ts';
import { mergeStormSettings } from '../ports/storm-control.ts';
import { NETWORK } from './network.schema.ts';
import { targetOfNetwork, type Network, type NetworkService } from './network.service.ts';

export function networkRoutes(app: ServiceApp, networks: NetworkService, policy: Policy): void {
  resourceRoutes(app, {
    resource: NETWORK,
    service: networks,
    policy,
    view: viewNetwork,
    target: targetOfNetwork,
  });
}

function viewNetwork({ row, shared, subnetIds, hasDhcp, tags }: Network) {
  return {
    ...viewStandard(row, tags),
    name: row.name,
    subnets: subnetIds,
    admin_state_up: row.admin_state_up === 1,
    status: 'ACTIVE',
    shared,
    port_security_enabled: row.port_security_enabled === 1,
    storm_control: mergeStormSettings(row.storm_control),
    'router:external': row.external === 1,
    is_default: row.is_default === 1,
    'provider:network_type': row.network_type,
    'provider:physical_network': row.physical_network,
    'provider:segmentation_id': row.segmentation_id,
    mtu: row.mtu,
    dns_domain: row.dns_domain,
    availability_zone_hints: JSON.parse(row.availability_zone_hints) as unknown,
    availability_zones: hasDhcp ? ['nova'] : [],
    qos_policy_id: null,
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    l2_adjacency: true,
  } satisfies ViewOf<typeof NETWORK>;
}
