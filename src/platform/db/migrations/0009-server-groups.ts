/** The tables of server groups. */
import type { Migration } from '../migrate.ts';

export const serverGroups: Migration = {
  number: 9,
  name: 'server-groups',
  up: [
    `create table server_groups (
      id text primary key,
      number integer not null,
      project_id text not null,
      user_id text not null,
      name text not null,
      policy text not null,
      max_server_per_host integer,
      created_at text not null
    )`,
    `create index server_groups_of_project on server_groups (project_id, number)`,
    `create table server_group_members (
      server_id text primary key references servers (id) on delete cascade,
      group_id text not null references server_groups (id) on delete cascade
    )`,
    `create index server_group_members_of_group on server_group_members (group_id)`,
  ],
};
