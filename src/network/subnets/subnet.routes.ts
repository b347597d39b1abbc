/** /v2.0/subnets: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { viewStandard } from '../attributes/standard.ts';
import { SUBNET } from './subnet.schema.ts';
import { targetOfSubnet, type Subnet, type SubnetService } from './subnet.service.ts';

export function subnetRoutes(app: ServiceApp, subnets: SubnetService, policy: Policy): void {
  resourceRoutes(app, {
    resource: SUBNET,
    service: subnets,
    policy,
    view: viewSubnet,
    target: targetOfSubnet,
  });
}

function viewSubnet({ row, network, tags }: Subnet) {
  return {
    ...viewStandard(row, tags),
    name: row.name,
    ip_version: row.ip_version,
    network_id: row.network_id,
    subnetpool_id: null,
    cidr: row.cidr,
    gateway_ip: row.gateway_ip,
    allocation_pools: JSON.parse(row.allocation_pools) as unknown,
    dns_nameservers: JSON.parse(row.dns_nameservers) as unknown,
    host_routes: JSON.parse(row.host_routes) as unknown,
    enable_dhcp: row.enable_dhcp === 1,
    ipv6_ra_mode: row.ipv6_ra_mode,
    ipv6_address_mode: row.ipv6_address_mode,
    service_types: JSON.parse(row.service_types) as unknown,
    segment_id: null,
    dns_publish_fixed_ip: row.dns_publish_fixed_ip === 1,
    'router:external': network.external === 1,
  } satisfies ViewOf<typeof SUBNET>;
}
