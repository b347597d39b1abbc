/** What guests tell as their passwords, tags of disks, and which servers have a config drive though nobody asked for one. */
import type { Migration } from '../migrate.ts';

export const serverMetadata: Migration = {
  number: 14,
  name: 'server-metadata',
  up: [
    `alter table servers add column password text`,
    `alter table servers add column disk_tags text not null default '{}'`,
    // Until there was a metadata service, every server had a drive; from now on the column alone says it.
    `update servers set config_drive = 1 where boot is not null and boot not like '%"drive":null%'`,
  ],
};
