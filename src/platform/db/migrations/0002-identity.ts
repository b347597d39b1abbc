/** The identity service's tables. */
import type { Migration } from '../migrate.ts';

export const identity: Migration = {
  number: 2,
  name: 'identity',
  up: [
    `create table projects (
      id text primary key,
      domain_id text references projects (id) on delete cascade,
      parent_id text,
      is_domain integer not null,
      name text not null,
      description text not null,
      enabled integer not null,
      extra text not null,
      options text not null,
      created_at text not null
    )`,
    // Names differ by more than case, as on the MySQL that most clouds keep Keystone's tables in.
    `create unique index projects_name on projects (coalesce(domain_id, ''), lower(name))`,
    `create index projects_lower_name on projects (lower(name))`,
    `create index projects_parent on projects (parent_id)`,
    `create table project_tags (
      project_id text not null references projects (id) on delete cascade,
      tag text not null,
      primary key (project_id, tag)
    )`,
    `create table users (
      id text primary key,
      domain_id text not null references projects (id) on delete cascade,
      name text not null,
      enabled integer not null,
      default_project_id text,
      password_hash text,
      extra text not null,
      options text not null,
      created_at text not null
    )`,
    `create unique index users_name on users (domain_id, lower(name))`,
    `create index users_lower_name on users (lower(name))`,
    `create table user_groups (
      id text primary key,
      domain_id text not null references projects (id) on delete cascade,
      name text not null,
      description text not null,
      extra text not null
    )`,
    `create unique index user_groups_name on user_groups (domain_id, lower(name))`,
    `create table user_group_members (
      group_id text not null references user_groups (id) on delete cascade,
      user_id text not null references users (id) on delete cascade,
      primary key (user_id, group_id)
    )`,
    `create index user_group_members_group on user_group_members (group_id)`,
    `create table roles (
      id text primary key,
      domain_id text references projects (id) on delete cascade,
      name text not null,
      description text,
      extra text not null,
      options text not null
    )`,
    `create unique index roles_name on roles (coalesce(domain_id, ''), lower(name))`,
    `create table implied_roles (
      prior_role_id text not null references roles (id) on delete cascade,
      implied_role_id text not null references roles (id) on delete cascade,
      primary key (prior_role_id, implied_role_id)
    )`,
    `create table role_assignments (
      actor_type text not null,
      actor_id text not null,
      target_type text not null,
      target_id text not null,
      role_id text not null references roles (id) on delete cascade,
      inherited integer not null,
      primary key (actor_type, actor_id, target_type, target_id, role_id, inherited)
    )`,
    `create index role_assignments_target on role_assignments (target_type, target_id)`,
    `create index role_assignments_role on role_assignments (role_id)`,
    `create table regions (
      id text primary key,
      parent_region_id text,
      description text not null,
      extra text not null
    )`,
    `create table catalog_services (
      id text primary key,
      type text not null,
      name text not null,
      enabled integer not null,
      extra text not null
    )`,
    `create table catalog_endpoints (
      id text primary key,
      service_id text not null references catalog_services (id) on delete cascade,
      region_id text references regions (id),
      interface text not null,
      url text not null,
      enabled integer not null,
      extra text not null
    )`,
    `create index catalog_endpoints_service on catalog_endpoints (service_id)`,
    `create table token_revocations (
      kind text not null,
      subject_id text not null,
      issued_before integer not null,
      primary key (kind, subject_id)
    )`,
    `create index token_revocations_age on token_revocations (issued_before)`,
  ],
};
