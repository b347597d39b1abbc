/** The placement service's tables. */
import type { Migration } from '../migrate.ts';

export const placement: Migration = { number: 4, name: 'placement', up: [] };
