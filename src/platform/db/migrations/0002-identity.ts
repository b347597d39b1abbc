/** The identity service's tables. */
import type { Migration } from '../migrate.ts';

export const identity: Migration = { number: 2, name: 'identity', up: [] };
