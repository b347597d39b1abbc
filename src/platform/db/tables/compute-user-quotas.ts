/** The table of single users' limits within a project. */
export interface UserQuotasTable {
  project_id: string;
  user_id: string;
  resource: string;
  /** -1 is none. */
  hard_limit: number;
}

export interface UserQuotaTables {
  user_quotas: UserQuotasTable;
}
