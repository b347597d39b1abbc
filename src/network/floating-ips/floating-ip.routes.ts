/** /v2.0/floatingips: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { viewStandard } from '../attributes/standard.ts';
import type { PortForwardingRow } from '../port-forwardings/port-forwarding.store.ts';
import { shownPorts } from '../port-forwardings/port-range.ts';
import type { PortRow } from '../ports/port.store.ts';
import { FLOATING_IP } from './floating-ip.schema.ts';
import { targetOfFloatingIp, type FloatingIpService } from './floating-ip.service.ts';
import type { FloatingIp } from './floating-ip.store.ts';

export function floatingIpRoutes(
  app: ServiceApp,
  floatingIps: FloatingIpService,
  policy: Policy,
): void {
  resourceRoutes(app, {
    resource: FLOATING_IP,
    service: floatingIps,
    policy,
    view: viewFloatingIp,
    target: ({ row }) => targetOfFloatingIp(row),
  });
}

function viewFloatingIp({ row, status, port, forwardings, tags }: FloatingIp) {
  return {
    ...viewStandard(row, tags),
    floating_network_id: row.floating_network_id,
    floating_ip_address: row.floating_ip_address,
    port_id: row.fixed_port_id,
    fixed_ip_address: row.fixed_ip_address,
    router_id: row.router_id,
    status,
    port_details: port ? viewPortDetails(port) : null,
    port_forwardings: forwardings.map(viewForwarding),
    dns_name: row.dns_name,
    dns_domain: row.dns_domain,
    qos_policy_id: null,
  } satisfies ViewOf<typeof FLOATING_IP>;
}

function viewPortDetails(port: PortRow) {
  return {
    name: port.name,
    network_id: port.network_id,
    mac_address: port.mac_address,
    admin_state_up: port.admin_state_up === 1,
    status: port.status,
    device_id: port.device_id,
    device_owner: port.device_owner,
  };
}

/** compat: ranges are told by the forwarding itself, and not here. */
function viewForwarding(row: PortForwardingRow) {
  const { external_port, internal_port } = shownPorts(row);
  return {
    id: row.id,
    protocol: row.protocol,
    internal_port_id: row.internal_port_id,
    internal_ip_address: row.internal_ip_address,
    external_port,
    internal_port,
  };
}
