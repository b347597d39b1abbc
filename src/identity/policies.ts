/** Who may do what in identity: OpenStack's rule names, with the check strings of its current release. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const ADMIN = 'rule:admin_required';
const SYSTEM_READER = '(role:reader and system_scope:all)';
const ADMIN_OR_SYSTEM_READER = `${ADMIN} or ${SYSTEM_READER}`;

const DOMAIN_LIST_READER = '(role:reader and domain_id:%(target.domain_id)s)';
const USER_READER = '(role:reader and domain_id:%(target.user.domain_id)s)';
const GROUP_READER = '(role:reader and domain_id:%(target.group.domain_id)s)';
const PROJECT_READER =
  '(role:reader and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)';
const PROJECT_MANAGER =
  '(role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)';

const SHOW_PROJECT = `${ADMIN_OR_SYSTEM_READER} or ${PROJECT_READER} or project_id:%(target.project.id)s`;
const CHANGE_PROJECT = `${ADMIN} or ${PROJECT_MANAGER}`;
const CHANGE_USER = `${ADMIN} or (role:manager and domain_id:%(target.user.domain_id)s)`;
const CHANGE_GROUP = `${ADMIN} or (role:manager and domain_id:%(target.group.domain_id)s)`;
const CHANGE_MEMBERS =
  `${ADMIN} or (role:manager and domain_id:%(target.group.domain_id)s` +
  ' and domain_id:%(target.user.domain_id)s)';

/** Somebody of the caller's domain, on something of the caller's domain. */
const grantsOfDomain = (role: string) =>
  [
    ['user', 'project.domain_id'],
    ['user', 'domain.id'],
    ['group', 'project.domain_id'],
    ['group', 'domain.id'],
  ]
    .map(
      ([actor, target]) =>
        `(role:${role} and domain_id:%(target.${actor}.domain_id)s and domain_id:%(target.${target})s)`,
    )
    .join(' or ');
const ROLE_OF_DOMAIN = '(domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s)';
const SHOW_GRANT = `${ADMIN_OR_SYSTEM_READER} or (${grantsOfDomain('reader')}) and ${ROLE_OF_DOMAIN}`;
const CHANGE_GRANT =
  `${ADMIN} or (${grantsOfDomain('admin')}) and ${ROLE_OF_DOMAIN}` +
  ` or (${grantsOfDomain('manager')}) and rule:domain_managed_target_role`;

const CHECKS: Readonly<Record<string, string>> = {
  admin_required: 'role:admin',
  service_role: 'role:service',
  service_or_admin: 'rule:admin_required or rule:service_role',
  owner: 'user_id:%(user_id)s',
  admin_or_owner: 'rule:admin_required or rule:owner',
  token_subject: 'user_id:%(target.token.user_id)s',
  admin_or_token_subject: 'rule:admin_required or rule:token_subject',
  service_admin_or_token_subject: 'rule:service_or_admin or rule:token_subject',
  domain_managed_target_role:
    "'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s",

  'identity:get_auth_catalog': '',
  'identity:get_auth_projects': '',
  'identity:get_auth_domains': '',
  'identity:get_auth_system': '',
  'identity:check_token': `${ADMIN_OR_SYSTEM_READER} or rule:token_subject`,
  'identity:validate_token': `${ADMIN_OR_SYSTEM_READER} or rule:service_role or rule:token_subject`,
  'identity:revoke_token': `${ADMIN} or rule:token_subject`,

  'identity:get_domain':
    `${ADMIN_OR_SYSTEM_READER} or domain_id:%(target.domain.id)s` +
    ' or project_domain_id:%(target.domain.id)s',
  'identity:list_domains': `${ADMIN_OR_SYSTEM_READER} or (role:reader and domain_id:%(target.domain.id)s)`,
  'identity:create_domain': ADMIN,
  'identity:update_domain': ADMIN,
  'identity:delete_domain': ADMIN,

  'identity:get_project': SHOW_PROJECT,
  'identity:list_projects': `${ADMIN_OR_SYSTEM_READER} or ${DOMAIN_LIST_READER}`,
  'identity:list_user_projects': `${ADMIN_OR_SYSTEM_READER} or ${USER_READER} or user_id:%(target.user.id)s`,
  'identity:create_project': CHANGE_PROJECT,
  'identity:update_project': CHANGE_PROJECT,
  'identity:delete_project': CHANGE_PROJECT,
  'identity:list_project_tags': SHOW_PROJECT,
  'identity:get_project_tag': SHOW_PROJECT,
  'identity:update_project_tags': CHANGE_PROJECT,
  'identity:create_project_tag': CHANGE_PROJECT,
  'identity:delete_project_tags': CHANGE_PROJECT,
  'identity:delete_project_tag': CHANGE_PROJECT,

  'identity:get_user': `${ADMIN_OR_SYSTEM_READER} or ${USER_READER} or user_id:%(target.user.id)s`,
  'identity:list_users': `${ADMIN_OR_SYSTEM_READER} or ${DOMAIN_LIST_READER}`,
  'identity:create_user': CHANGE_USER,
  'identity:update_user': CHANGE_USER,
  'identity:delete_user': CHANGE_USER,

  'identity:get_group': `${ADMIN_OR_SYSTEM_READER} or ${GROUP_READER}`,
  'identity:list_groups': `${ADMIN_OR_SYSTEM_READER} or ${GROUP_READER}`,
  'identity:list_groups_for_user': `${ADMIN_OR_SYSTEM_READER} or ${USER_READER} or user_id:%(user_id)s`,
  'identity:create_group': CHANGE_GROUP,
  'identity:update_group': CHANGE_GROUP,
  'identity:delete_group': CHANGE_GROUP,
  'identity:list_users_in_group': `${ADMIN_OR_SYSTEM_READER} or ${GROUP_READER}`,
  'identity:check_user_in_group':
    `${ADMIN_OR_SYSTEM_READER} or (role:reader and domain_id:%(target.group.domain_id)s` +
    ' and domain_id:%(target.user.domain_id)s)',
  'identity:add_user_to_group': CHANGE_MEMBERS,
  'identity:remove_user_from_group': CHANGE_MEMBERS,

  'identity:get_role': `${ADMIN_OR_SYSTEM_READER} or (role:manager and rule:domain_managed_target_role)`,
  'identity:list_roles': `${ADMIN_OR_SYSTEM_READER} or (role:manager and not domain_id:None)`,
  'identity:create_role': ADMIN,
  'identity:update_role': ADMIN,
  'identity:delete_role': ADMIN,
  'identity:get_domain_role': ADMIN_OR_SYSTEM_READER,
  'identity:list_domain_roles': ADMIN_OR_SYSTEM_READER,
  'identity:create_domain_role': ADMIN,
  'identity:update_domain_role': ADMIN,
  'identity:delete_domain_role': ADMIN,
  'identity:get_implied_role': ADMIN_OR_SYSTEM_READER,
  'identity:list_implied_roles': ADMIN_OR_SYSTEM_READER,
  'identity:check_implied_role': ADMIN_OR_SYSTEM_READER,
  'identity:list_role_inference_rules': ADMIN_OR_SYSTEM_READER,
  'identity:create_implied_role': ADMIN,
  'identity:delete_implied_role': ADMIN,

  'identity:check_grant': SHOW_GRANT,
  'identity:list_grants': `${ADMIN_OR_SYSTEM_READER} or ${grantsOfDomain('reader')}`,
  'identity:create_grant': CHANGE_GRANT,
  'identity:revoke_grant': CHANGE_GRANT,
  'identity:check_system_grant_for_user': ADMIN_OR_SYSTEM_READER,
  'identity:list_system_grants_for_user': ADMIN_OR_SYSTEM_READER,
  'identity:create_system_grant_for_user': ADMIN,
  'identity:revoke_system_grant_for_user': ADMIN,
  'identity:check_system_grant_for_group': ADMIN_OR_SYSTEM_READER,
  'identity:list_system_grants_for_group': ADMIN_OR_SYSTEM_READER,
  'identity:create_system_grant_for_group': ADMIN,
  'identity:revoke_system_grant_for_group': ADMIN,
  'identity:list_role_assignments': `${ADMIN_OR_SYSTEM_READER} or ${DOMAIN_LIST_READER}`,
  'identity:list_role_assignments_for_tree': `${ADMIN_OR_SYSTEM_READER} or ${DOMAIN_LIST_READER}`,

  'identity:get_region': '',
  'identity:list_regions': '',
  'identity:create_region': ADMIN,
  'identity:update_region': ADMIN,
  'identity:delete_region': ADMIN,
  'identity:get_service': ADMIN_OR_SYSTEM_READER,
  'identity:list_services': ADMIN_OR_SYSTEM_READER,
  'identity:create_service': ADMIN,
  'identity:update_service': ADMIN,
  'identity:delete_service': ADMIN,
  'identity:get_endpoint': ADMIN_OR_SYSTEM_READER,
  'identity:list_endpoints': ADMIN_OR_SYSTEM_READER,
  'identity:create_endpoint': ADMIN,
  'identity:update_endpoint': ADMIN,
  'identity:delete_endpoint': ADMIN,
};

export const IDENTITY_POLICIES: readonly PolicyRule[] = Object.entries(CHECKS).map(
  ([name, check]) => ({ name, check }),
);
