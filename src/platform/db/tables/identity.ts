/** The tables of the identity service. Columns are text and integer only; times are ISO text in UTC; booleans 0 and 1. */
import type { Flag } from '../tables.ts';

/** A domain is a project that acts as one: `is_domain` is 1, and it has neither domain nor parent. */
export interface ProjectsTable {
  id: string;
  domain_id: string | null;
  parent_id: string | null;
  is_domain: Flag;
  name: string;
  description: string;
  enabled: Flag;
  /** JSON: attributes that Keystone keeps without knowing them. */
  extra: string;
  /** JSON: resource options, such as `immutable`. */
  options: string;
  created_at: string;
}

export interface ProjectTagsTable {
  project_id: string;
  tag: string;
}

export interface UsersTable {
  id: string;
  domain_id: string;
  name: string;
  enabled: Flag;
  default_project_id: string | null;
  /** As `tokens/password-hash.ts` writes it; null for a user who cannot use a password. */
  password_hash: string | null;
  extra: string;
  options: string;
  created_at: string;
}

export interface UserGroupsTable {
  id: string;
  domain_id: string;
  name: string;
  description: string;
  extra: string;
}

export interface UserGroupMembersTable {
  group_id: string;
  user_id: string;
}

export interface RolesTable {
  id: string;
  /** Null for a role that can be given everywhere. */
  domain_id: string | null;
  name: string;
  description: string | null;
  extra: string;
  options: string;
}

export interface ImpliedRolesTable {
  prior_role_id: string;
  implied_role_id: string;
}

export interface RoleAssignmentsTable {
  actor_type: 'user' | 'group';
  actor_id: string;
  target_type: 'project' | 'domain' | 'system';
  /** `system` when the target is the whole system. */
  target_id: string;
  role_id: string;
  /** 1 when it holds for everything below the target, and not for the target itself. */
  inherited: Flag;
}

export interface RegionsTable {
  id: string;
  parent_region_id: string | null;
  description: string;
  extra: string;
}

export interface CatalogServicesTable {
  id: string;
  type: string;
  name: string;
  enabled: Flag;
  /** The description is here too, as Keystone keeps it. */
  extra: string;
}

export interface CatalogEndpointsTable {
  id: string;
  service_id: string;
  region_id: string | null;
  interface: 'public' | 'internal' | 'admin';
  /** May hold `$(public_url)s`, `$(project_id)s` and the like; see `catalog/catalog.rules.ts`. */
  url: string;
  enabled: Flag;
  extra: string;
}

/** Tokens of the subject that were issued at `issued_before` or earlier are no longer valid. */
export interface TokenRevocationsTable {
  kind: 'audit' | 'user' | 'project';
  subject_id: string;
  /** Milliseconds since 1970, like the times in tokens. */
  issued_before: number;
}

export interface IdentityTables {
  projects: ProjectsTable;
  project_tags: ProjectTagsTable;
  users: UsersTable;
  user_groups: UserGroupsTable;
  user_group_members: UserGroupMembersTable;
  roles: RolesTable;
  implied_roles: ImpliedRolesTable;
  role_assignments: RoleAssignmentsTable;
  regions: RegionsTable;
  catalog_services: CatalogServicesTable;
  catalog_endpoints: CatalogEndpointsTable;
  token_revocations: TokenRevocationsTable;
}
