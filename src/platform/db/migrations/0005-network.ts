/** The network service's tables. */
import type { Migration } from '../migrate.ts';

export const network: Migration = { number: 5, name: 'network', up: [] };
