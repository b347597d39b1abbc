/** The table of key pairs. */
import type { Migration } from '../migrate.ts';

export const keypairs: Migration = {
  number: 7,
  name: 'keypairs',
  up: [
    `create table key_pairs (
      number integer not null,
      user_id text not null,
      name text not null,
      type text not null,
      public_key text not null,
      fingerprint text not null,
      created_at text not null,
      primary key (user_id, name)
    )`,
  ],
};
