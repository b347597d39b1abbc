/** The compute service's tables. */
import type { Migration } from '../migrate.ts';

export const compute: Migration = { number: 6, name: 'compute', up: [] };
