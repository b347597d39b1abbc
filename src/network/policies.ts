/** Who may do what with networks, subnets and ports, by Neutron's names and with its present defaults. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const ADMIN = 'rule:admin_only';
const SERVICE = 'rule:service_api';
const ADMIN_OR_SERVICE = `(${ADMIN}) or (${SERVICE})`;
const PROJECT_MEMBER = '(role:member and project_id:%(project_id)s)';
const PROJECT_READER = '(role:reader and project_id:%(project_id)s)';
const NET_OWNER_MEMBER = '(role:member and rule:network_owner)';
const NET_OWNER_MANAGER = '(role:manager and rule:network_owner)';
const NET_OWNER_READER = '(role:reader and rule:network_owner)';
const ADMIN_OR_PROJECT_MEMBER = `(${ADMIN}) or ${PROJECT_MEMBER}`;
const ADMIN_OR_PROJECT_READER = `(${ADMIN}) or ${PROJECT_READER}`;
const ADMIN_OR_NET_OWNER_MEMBER = `(${ADMIN}) or ${NET_OWNER_MEMBER}`;
const SHARED = 'rule:shared';

/** What the other rules are made of. */
const BASE: readonly PolicyRule[] = [
  { name: 'context_is_admin', check: 'role:admin' },
  { name: 'admin_only', check: 'rule:context_is_admin' },
  { name: 'service_api', check: 'role:service' },
  { name: 'owner', check: 'project_id:%(project_id)s' },
  { name: 'admin_or_owner', check: 'rule:context_is_admin or rule:owner' },
  { name: 'network_owner', check: 'project_id:%(network:project_id)s' },
  { name: 'shared', check: 'field:networks:shared=True' },
  { name: 'external', check: 'field:networks:router:external=True' },
  { name: 'external_network', check: 'field:subnets:router:external=True' },
  { name: 'network_device', check: 'field:port:device_owner=~^network:' },
  { name: 'default', check: 'rule:admin_or_owner' },
];

const NETWORKS: readonly PolicyRule[] = [
  { name: 'create_network', check: ADMIN_OR_PROJECT_MEMBER },
  { name: 'create_network:shared', check: ADMIN },
  { name: 'create_network:router:external', check: ADMIN },
  { name: 'create_network:is_default', check: ADMIN },
  { name: 'create_network:port_security_enabled', check: ADMIN_OR_PROJECT_MEMBER },
  { name: 'create_network:storm_control', check: ADMIN_OR_PROJECT_MEMBER },
  { name: 'create_network:provider:network_type', check: ADMIN },
  { name: 'create_network:provider:physical_network', check: ADMIN },
  { name: 'create_network:provider:segmentation_id', check: ADMIN },
  {
    name: 'get_network',
    check: `${ADMIN_OR_PROJECT_READER} or ${SERVICE} or ${SHARED} or rule:external`,
  },
  { name: 'get_network:provider:network_type', check: ADMIN },
  { name: 'get_network:provider:physical_network', check: ADMIN },
  { name: 'get_network:provider:segmentation_id', check: ADMIN },
  { name: 'update_network', check: ADMIN_OR_PROJECT_MEMBER },
  { name: 'update_network:shared', check: ADMIN },
  { name: 'update_network:router:external', check: ADMIN },
  { name: 'update_network:is_default', check: ADMIN },
  { name: 'update_network:port_security_enabled', check: ADMIN_OR_PROJECT_MEMBER },
  { name: 'update_network:storm_control', check: ADMIN_OR_PROJECT_MEMBER },
  { name: 'delete_network', check: ADMIN_OR_PROJECT_MEMBER },
];

const SUBNETS: readonly PolicyRule[] = [
  { name: 'create_subnet', check: ADMIN_OR_NET_OWNER_MEMBER },
  { name: 'create_subnet:segment_id', check: ADMIN },
  { name: 'create_subnet:service_types', check: ADMIN },
  {
    name: 'get_subnet',
    check: `${ADMIN_OR_PROJECT_READER} or ${NET_OWNER_READER} or ${SHARED} or rule:external_network`,
  },
  { name: 'get_subnet:segment_id', check: ADMIN },
  { name: 'update_subnet', check: `${ADMIN_OR_PROJECT_MEMBER} or ${NET_OWNER_MEMBER}` },
  { name: 'update_subnet:segment_id', check: ADMIN },
  { name: 'update_subnet:service_types', check: ADMIN },
  { name: 'delete_subnet', check: `${ADMIN_OR_PROJECT_MEMBER} or ${NET_OWNER_MEMBER}` },
];

const PORTS: readonly PolicyRule[] = [
  { name: 'create_port', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER} or ${SHARED}` },
  { name: 'create_port:device_id', check: `${ADMIN_OR_PROJECT_MEMBER} or ${SERVICE}` },
  {
    name: 'create_port:device_owner',
    check: `not rule:network_device or ${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}`,
  },
  { name: 'create_port:mac_address', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  {
    name: 'create_port:fixed_ips',
    check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER} or ${SHARED}`,
  },
  { name: 'create_port:fixed_ips:ip_address', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  {
    name: 'create_port:fixed_ips:subnet_id',
    check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER} or ${SHARED}`,
  },
  {
    name: 'create_port:port_security_enabled',
    check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}`,
  },
  { name: 'create_port:port_mode', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'create_port:permitted_ethertypes', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'create_port:storm_control', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'create_port:binding:host_id', check: ADMIN_OR_SERVICE },
  { name: 'create_port:binding:profile', check: ADMIN_OR_SERVICE },
  { name: 'create_port:binding:vnic_type', check: `${ADMIN_OR_PROJECT_MEMBER} or ${SERVICE}` },
  {
    name: 'create_port:allowed_address_pairs',
    check: `${ADMIN_OR_NET_OWNER_MEMBER} or ${SERVICE}`,
  },
  {
    name: 'create_port:allowed_address_pairs:mac_address',
    check: `${ADMIN_OR_NET_OWNER_MEMBER} or ${SERVICE}`,
  },
  {
    name: 'create_port:allowed_address_pairs:ip_address',
    check: `${ADMIN_OR_NET_OWNER_MEMBER} or ${SERVICE}`,
  },
  { name: 'get_port', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_READER} or ${PROJECT_READER}` },
  { name: 'get_port:binding:vif_type', check: ADMIN_OR_SERVICE },
  { name: 'get_port:binding:vif_details', check: ADMIN_OR_SERVICE },
  { name: 'get_port:binding:host_id', check: ADMIN_OR_SERVICE },
  { name: 'get_port:binding:profile', check: ADMIN_OR_SERVICE },
  { name: 'get_port:resource_request', check: ADMIN_OR_SERVICE },
  { name: 'update_port', check: `${ADMIN_OR_SERVICE} or ${PROJECT_MEMBER}` },
  { name: 'update_port:device_id', check: `${ADMIN_OR_SERVICE} or ${PROJECT_MEMBER}` },
  {
    name: 'update_port:device_owner',
    check: `not rule:network_device or ${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}`,
  },
  { name: 'update_port:mac_address', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MANAGER}` },
  { name: 'update_port:fixed_ips', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'update_port:fixed_ips:ip_address', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  {
    name: 'update_port:fixed_ips:subnet_id',
    check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER} or ${SHARED}`,
  },
  {
    name: 'update_port:port_security_enabled',
    check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}`,
  },
  { name: 'update_port:port_mode', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'update_port:permitted_ethertypes', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'update_port:storm_control', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'update_port:storm_state', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER}` },
  { name: 'update_port:binding:host_id', check: ADMIN_OR_SERVICE },
  { name: 'update_port:binding:profile', check: ADMIN_OR_SERVICE },
  { name: 'update_port:binding:vnic_type', check: `${ADMIN_OR_PROJECT_MEMBER} or ${SERVICE}` },
  {
    name: 'update_port:allowed_address_pairs',
    check: `${ADMIN_OR_NET_OWNER_MEMBER} or ${SERVICE}`,
  },
  {
    name: 'update_port:allowed_address_pairs:mac_address',
    check: `${ADMIN_OR_NET_OWNER_MEMBER} or ${SERVICE}`,
  },
  {
    name: 'update_port:allowed_address_pairs:ip_address',
    check: `${ADMIN_OR_NET_OWNER_MEMBER} or ${SERVICE}`,
  },
  { name: 'get_port_binding', check: ADMIN_OR_SERVICE },
  { name: 'create_port_binding', check: ADMIN_OR_SERVICE },
  { name: 'update_port_binding', check: ADMIN_OR_SERVICE },
  { name: 'delete_port_binding', check: ADMIN_OR_SERVICE },
  // compat: of a port's binding; the name says no more.
  { name: 'activate', check: ADMIN_OR_SERVICE },
  { name: 'delete_port', check: `${ADMIN_OR_SERVICE} or ${NET_OWNER_MEMBER} or ${PROJECT_MEMBER}` },
];

export const CORE_POLICIES: readonly PolicyRule[] = [...BASE, ...NETWORKS, ...SUBNETS, ...PORTS];
