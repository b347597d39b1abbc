/** The table of single users' limits within a project. */
import type { Migration } from '../migrate.ts';

export const userQuotas: Migration = {
  number: 10,
  name: 'user-quotas',
  up: [
    `create table user_quotas (
      project_id text not null,
      user_id text not null,
      resource text not null,
      hard_limit integer not null,
      primary key (project_id, user_id, resource)
    )`,
  ],
};
