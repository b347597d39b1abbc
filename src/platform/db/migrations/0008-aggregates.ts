/** The tables of host aggregates. */
import type { Migration } from '../migrate.ts';

export const aggregates: Migration = {
  number: 8,
  name: 'aggregates',
  up: [
    `create table aggregates (
      number integer primary key,
      id text not null unique,
      name text not null,
      metadata text not null,
      created_at text not null,
      updated_at text,
      deleted integer not null
    )`,
    `create unique index aggregates_name on aggregates (name) where deleted = 0`,
    `create table aggregate_hosts (
      aggregate_number integer not null references aggregates (number),
      host text not null,
      primary key (aggregate_number, host)
    )`,
  ],
};
