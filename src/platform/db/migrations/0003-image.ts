/** The image service's tables. */
import type { Migration } from '../migrate.ts';

export const image: Migration = { number: 3, name: 'image', up: [] };
