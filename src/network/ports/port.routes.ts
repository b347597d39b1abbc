/** /v2.0/ports: HTTP in, HTTP out, no decisions. */
import type { StormState } from '#base/host/firewall.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { viewStandard } from '../attributes/standard.ts';
import { portModeOf } from './port-modes.ts';
import { targetOfPort } from './port-target.ts';
import { dnsAssignment } from './port.rules.ts';
import { PORT } from './port.schema.ts';
import type { PortService } from './port.service.ts';
import type { Port } from './whole-port.store.ts';

export type PortRoutesOptions = {
  readonly policy: Policy;
  /** Where ports have their names. */
  readonly domain: string;
  /** What its host sees of a port's frames. */
  readonly stormStateOf: (host: string, portId: string) => StormState;
};

export function portRoutes(
  app: ServiceApp,
  ports: PortService,
  { policy, ...options }: PortRoutesOptions,
): void {
  resourceRoutes(app, {
    resource: PORT,
    service: ports,
    policy,
    view: (port) => viewPort(port, options),
    target: ({ row, network }) => targetOfPort(row, network),
  });
}

function viewPort(
  { row, binding, fixedIps, groupIds, tags }: Port,
  { domain, stormStateOf }: Omit<PortRoutesOptions, 'policy'>,
) {
  const ips = fixedIps.map((fixedIp) => fixedIp.ip_address);
  return {
    ...viewStandard(row, tags),
    name: row.name,
    network_id: row.network_id,
    admin_state_up: row.admin_state_up === 1,
    mac_address: row.mac_address,
    fixed_ips: fixedIps.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })),
    device_id: row.device_id,
    device_owner: row.device_owner,
    status: row.status,
    status_reason: row.status_reason,
    port_security_enabled: row.port_security_enabled === 1,
    port_mode: portModeOf(row),
    permitted_ethertypes: parsed(row.permitted_ethertypes),
    storm_control: parsed(row.storm_control),
    storm_state: stormStateOf(binding.host, row.id),
    security_groups: groupIds,
    'binding:vnic_type': binding.vnic_type,
    'binding:host_id': binding.host,
    'binding:profile': parsed(binding.profile),
    'binding:vif_type': binding.vif_type,
    'binding:vif_details': parsed(binding.vif_details),
    allowed_address_pairs: parsed(row.allowed_address_pairs),
    extra_dhcp_opts: parsed(row.extra_dhcp_opts),
    dns_name: row.dns_name,
    dns_domain: row.dns_domain,
    dns_assignment: dnsAssignment(row.dns_name, ips, domain),
    propagate_uplink_status: row.propagate_uplink_status === 1,
    numa_affinity_policy: row.numa_affinity_policy,
    qos_policy_id: null,
    qos_network_policy_id: null,
    resource_request: null,
    ip_allocation: row.ip_allocation,
  } satisfies ViewOf<typeof PORT>;
}

/** JSON of a column. Most columns of most ports are empty, and lists are long. */
function parsed(column: string): unknown {
  if (column === '[]') return [];
  return column === '{}' ? {} : (JSON.parse(column) as unknown);
}
