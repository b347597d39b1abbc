/** The part of migration 5 for security groups, sharing and agents; it comes after the tables of ports. */

const MATCH = `
      direction text not null,
      ethertype text not null,
      protocol text,
      port_range_min integer,
      port_range_max integer,
      remote_ip_prefix text`;

/** The rules that Neutron gives to new groups: all may leave; members of the default group may reach each other. */
const TEMPLATE = [
  ['e8a4c0f2-6f0d-4b0e-9d55-0a3a5d0c4a01', 'egress', 'IPv4', 'null', 1, 1],
  ['e8a4c0f2-6f0d-4b0e-9d55-0a3a5d0c4a02', 'egress', 'IPv6', 'null', 1, 1],
  ['e8a4c0f2-6f0d-4b0e-9d55-0a3a5d0c4a03', 'ingress', 'IPv4', `'PARENT'`, 1, 0],
  ['e8a4c0f2-6f0d-4b0e-9d55-0a3a5d0c4a04', 'ingress', 'IPv6', `'PARENT'`, 1, 0],
] as const;

export const networkSecurity: readonly string[] = [
  `create table address_groups (
      id text primary key,
      project_id text not null,
      name text not null,
      description text not null,
      revision_number integer not null,
      created_at text not null,
      updated_at text not null
    )`,
  `create index address_groups_project on address_groups (project_id)`,
  `create table address_group_addresses (
      address_group_id text not null references address_groups (id) on delete cascade,
      address text not null,
      primary key (address_group_id, address)
    )`,
  `create table security_groups (
      id text primary key,
      project_id text not null,
      name text not null,
      description text not null,
      stateful integer not null,
      is_default integer not null,
      revision_number integer not null,
      created_at text not null,
      updated_at text not null
    )`,
  `create index security_groups_project on security_groups (project_id)`,
  `create unique index security_groups_default on security_groups (project_id) where is_default = 1`,
  `create table security_group_rules (
      id text primary key,
      project_id text not null,
      security_group_id text not null references security_groups (id) on delete cascade,${MATCH},
      remote_group_id text references security_groups (id) on delete cascade,
      remote_address_group_id text references address_groups (id),
      description text,
      revision_number integer not null,
      created_at text not null,
      updated_at text not null
    )`,
  `create index security_group_rules_group on security_group_rules (security_group_id)`,
  `create index security_group_rules_remote on security_group_rules (remote_group_id)`,
  `create index security_group_rules_project on security_group_rules (project_id)`,
  `create index security_group_rules_addresses on security_group_rules (remote_address_group_id)`,
  `create table default_security_group_rules (
      id text primary key,${MATCH},
      remote_group_id text,
      remote_address_group_id text,
      description text,
      used_in_default_sg integer not null,
      used_in_non_default_sg integer not null,
      created_at text not null
    )`,
  ...TEMPLATE.map(
    ([id, direction, ethertype, remote, inDefault, inOthers]) =>
      `insert into default_security_group_rules
        (id, direction, ethertype, remote_group_id, used_in_default_sg, used_in_non_default_sg, created_at)
        values ('${id}', '${direction}', '${ethertype}', ${remote}, ${inDefault}, ${inOthers}, '2026-01-01T00:00:00.000Z')`,
  ),
  `create table port_security_groups (
      port_id text not null references ports (id) on delete cascade,
      security_group_id text not null references security_groups (id),
      primary key (port_id, security_group_id)
    )`,
  `create index port_security_groups_group on port_security_groups (security_group_id)`,
  `create table rbac_policies (
      id text primary key,
      project_id text not null,
      object_type text not null,
      object_id text not null,
      action text not null,
      target_project text not null,
      unique (object_id, object_type, action, target_project)
    )`,
  `create index rbac_policies_project on rbac_policies (project_id)`,
  `create index rbac_policies_target on rbac_policies (target_project, object_type, action)`,
  `create table network_agents (
      id text primary key,
      host text not null,
      agent_type text not null,
      admin_state_up integer not null,
      description text,
      created_at text not null,
      unique (host, agent_type)
    )`,
];
