/** Who may do what with security groups and their rules, by Neutron's names. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const OWNER_OR_ADMIN = (role: 'member' | 'reader') =>
  `rule:admin_only or (role:${role} and project_id:%(project_id)s)`;
const GROUP_OWNER_OR_ADMIN = (role: 'member' | 'reader') =>
  `rule:admin_only or (role:${role} and project_id:%(security_group:project_id)s)`;
const READERS = `${OWNER_OR_ADMIN('reader')} or rule:shared_security_group`;

export const SECURITY_GROUP_POLICIES: readonly PolicyRule[] = [
  { name: 'shared_security_group', check: 'field:security_groups:shared=True' },
  // Not used by the others: for what operators write themselves, such as that nobody deletes a default group's rules.
  {
    name: 'admin_or_sg_owner',
    check: 'rule:context_is_admin or project_id:%(security_group:project_id)s',
  },
  { name: 'admin_owner_or_sg_owner', check: 'rule:owner or rule:admin_or_sg_owner' },
  {
    name: 'rule_default_sg',
    check: 'field:security_group_rules:belongs_to_default_sg=True',
  },
  { name: 'create_security_group', check: OWNER_OR_ADMIN('member') },
  { name: 'get_security_group', check: READERS },
  { name: 'update_security_group', check: OWNER_OR_ADMIN('member') },
  { name: 'delete_security_group', check: OWNER_OR_ADMIN('member') },
  { name: 'create_security_group:tags', check: OWNER_OR_ADMIN('member') },
  { name: 'get_security_group:tags', check: READERS },
  { name: 'update_security_group:tags', check: OWNER_OR_ADMIN('member') },
  { name: 'delete_security_group:tags', check: OWNER_OR_ADMIN('member') },
  { name: 'create_security_group_rule', check: GROUP_OWNER_OR_ADMIN('member') },
  { name: 'get_security_group_rule', check: GROUP_OWNER_OR_ADMIN('reader') },
  { name: 'delete_security_group_rule', check: GROUP_OWNER_OR_ADMIN('member') },
  { name: 'create_default_security_group_rule', check: 'rule:admin_only' },
  { name: 'get_default_security_group_rule', check: 'role:reader' },
  { name: 'delete_default_security_group_rule', check: 'rule:admin_only' },
];
