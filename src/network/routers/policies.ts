/** Who may do what with routers, by Neutron's names and with its present defaults. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const ADMIN = 'rule:admin_only';
const MEMBER = `(${ADMIN}) or (role:member and project_id:%(project_id)s)`;
const READER = `(${ADMIN}) or (role:reader and project_id:%(project_id)s)`;

const WRITTEN: readonly PolicyRule[] = ['create', 'update'].flatMap((action) => [
  { name: `${action}_router`, check: MEMBER },
  { name: `${action}_router:distributed`, check: ADMIN },
  { name: `${action}_router:ha`, check: ADMIN },
  { name: `${action}_router:external_gateway_info`, check: MEMBER },
  { name: `${action}_router:external_gateway_info:network_id`, check: MEMBER },
  { name: `${action}_router:external_gateway_info:enable_snat`, check: ADMIN },
  { name: `${action}_router:external_gateway_info:external_fixed_ips`, check: ADMIN },
  { name: `${action}_router:tags`, check: MEMBER },
]);

export const ROUTER_POLICIES: readonly PolicyRule[] = [
  ...WRITTEN,
  { name: 'get_router', check: READER },
  { name: 'get_router:distributed', check: ADMIN },
  { name: 'get_router:ha', check: ADMIN },
  { name: 'get_router:tags', check: READER },
  { name: 'delete_router', check: MEMBER },
  { name: 'delete_router:tags', check: MEMBER },
  { name: 'add_router_interface', check: MEMBER },
  { name: 'remove_router_interface', check: MEMBER },
  { name: 'add_extraroutes', check: MEMBER },
  { name: 'remove_extraroutes', check: MEMBER },
];
