/** Port modes and storm control, of ports and of their networks. */
import type { Migration } from '../migrate.ts';

export const portModes: Migration = {
  number: 11,
  name: 'port-modes',
  up: [
    `alter table networks add column storm_control text not null default '{}'`,
    `alter table ports add column port_mode text`,
    `alter table ports add column permitted_ethertypes text not null default '[]'`,
    `alter table ports add column storm_control text not null default '{}'`,
    `alter table ports add column storm_clears integer not null default 0`,
    `create table storm_events (
      id text primary key,
      port_id text not null references ports (id) on delete cascade,
      number integer not null,
      state text not null,
      message text not null,
      created_at text not null
    )`,
    `create unique index storm_events_port on storm_events (port_id, number)`,
  ],
};
