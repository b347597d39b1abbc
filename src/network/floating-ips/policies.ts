/** Who may do what with floating IPs and port forwardings, by Neutron's names and with its present defaults. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const by = (role: string) => `(rule:admin_only) or (role:${role} and project_id:%(project_id)s)`;
const byOwner = (role: string) => `(rule:admin_only) or (role:${role} and rule:ext_parent_owner)`;

export const FLOATING_IP_POLICIES: readonly PolicyRule[] = [
  { name: 'create_floatingip', check: by('member') },
  { name: 'create_floatingip:floating_ip_address', check: by('manager') },
  { name: 'create_floatingip:tags', check: by('member') },
  { name: 'get_floatingip', check: by('reader') },
  { name: 'get_floatingip:tags', check: by('reader') },
  { name: 'update_floatingip', check: by('member') },
  { name: 'update_floatingip:tags', check: by('member') },
  { name: 'delete_floatingip', check: by('member') },
  { name: 'delete_floatingip:tags', check: by('member') },
  { name: 'get_floatingip_pool', check: by('reader') },
  // What belongs to a floating IP belongs to its project.
  { name: 'ext_parent_owner', check: 'project_id:%(ext_parent:project_id)s' },
  { name: 'create_floatingip_port_forwarding', check: byOwner('member') },
  { name: 'get_floatingip_port_forwarding', check: byOwner('reader') },
  { name: 'update_floatingip_port_forwarding', check: byOwner('member') },
  { name: 'delete_floatingip_port_forwarding', check: byOwner('member') },
];
