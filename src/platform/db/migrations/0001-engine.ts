/** The engine's tables. */
import type { Migration } from '../migrate.ts';

export const engine: Migration = {
  number: 1,
  name: 'engine',
  up: [
    `create table sagas (
      id text primary key,
      name text not null,
      version integer not null,
      resource_id text not null,
      project_id text not null,
      request_id text not null,
      params text not null,
      state text not null,
      error text,
      lease_owner text,
      lease_until text,
      created_at text not null,
      updated_at text not null
    )`,
    // Finished sagas outnumber live ones soon; only live ones are looked for.
    `create index sagas_live on sagas (created_at) where state in ('running', 'unwinding')`,
    `create index sagas_resource on sagas (resource_id)`,
    `create table saga_events (
      saga_id text not null references sagas (id) on delete cascade,
      seq integer not null,
      step text not null,
      kind text not null,
      data text,
      at text not null,
      primary key (saga_id, seq)
    )`,
    `create table quotas (
      service text not null,
      project_id text not null,
      resource text not null,
      hard_limit integer not null,
      primary key (service, project_id, resource)
    )`,
    `create table settings (name text primary key, value text not null)`,
  ],
};
