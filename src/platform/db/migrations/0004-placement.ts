/** The placement service's tables. */
import type { Migration } from '../migrate.ts';

export const placement: Migration = {
  number: 4,
  name: 'placement',
  up: [
    `create table resource_providers (
      id text primary key,
      name text not null unique,
      generation integer not null,
      created_at text not null,
      updated_at text not null
    )`,
    `create table inventories (
      provider_id text not null references resource_providers (id) on delete cascade,
      resource_class text not null,
      total integer not null,
      reserved integer not null,
      min_unit integer not null,
      max_unit integer not null,
      step_size integer not null,
      allocation_ratio text not null,
      primary key (provider_id, resource_class)
    )`,
    `create table consumers (
      id text primary key,
      project_id text not null,
      user_id text not null,
      created_at text not null
    )`,
    `create table allocations (
      consumer_id text not null references consumers (id) on delete cascade,
      provider_id text not null references resource_providers (id),
      resource_class text not null,
      used integer not null,
      primary key (consumer_id, provider_id, resource_class)
    )`,
    `create index allocations_by_provider on allocations (provider_id, resource_class)`,
  ],
};
