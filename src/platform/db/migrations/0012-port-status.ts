/** Why a port is in ERROR. */
import type { Migration } from '../migrate.ts';

export const portStatus: Migration = {
  number: 12,
  name: 'port-status',
  up: [`alter table ports add column status_reason text`],
};
