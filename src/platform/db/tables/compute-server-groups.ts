/** The tables of server groups. */
export type ServerGroupPolicy =
  | 'affinity'
  | 'anti-affinity'
  | 'soft-affinity'
  | 'soft-anti-affinity';

export interface ServerGroupsTable {
  id: string;
  /** The order in which they were made. */
  number: number;
  project_id: string;
  user_id: string;
  name: string;
  policy: ServerGroupPolicy;
  /** For `anti-affinity`: how many of the group one host may have; null for 1. */
  max_server_per_host: number | null;
  created_at: string;
}

/** Rows of deleted servers stay with their group, and are not shown. */
export interface ServerGroupMembersTable {
  server_id: string;
  group_id: string;
}

export interface ServerGroupTables {
  server_groups: ServerGroupsTable;
  server_group_members: ServerGroupMembersTable;
}
