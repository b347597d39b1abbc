/** The attributes that every resource of the network service has. */
import { text } from './readers.ts';

/** Spread into an attribute table. `tenant_id` is `project_id` by its old name, everywhere and without a row. */
export const STANDARD = {
  id: { filter: 'text', sort: true },
  project_id: { read: text(255), post: 'required', filter: 'text', sort: true },
  description: { read: text(255), post: { default: '' }, put: true, filter: 'text', sort: true },
  tags: {},
  revision_number: { filter: 'number', sort: true },
  created_at: { filter: 'text', sort: true },
  updated_at: { filter: 'text', sort: true },
} as const;

/** The columns behind them. */
export type StandardRow = {
  readonly id: string;
  readonly project_id: string;
  readonly description: string;
  readonly revision_number: number;
  readonly created_at: string;
  readonly updated_at: string;
};

/** The time now, as it is stored: finer than it is shown, so that rows stay in the order in which they came. */
export function timestamp(now: Date): string {
  return now.toISOString();
}

/** A stored time as Neutron writes times: UTC, to the second. */
export function viewTime(stored: string): string {
  return `${stored.slice(0, 19)}Z`;
}

/** The standard attributes of a row as they are shown. */
export function viewStandard(row: StandardRow, tags: readonly string[]) {
  return {
    id: row.id,
    project_id: row.project_id,
    tenant_id: row.project_id,
    description: row.description,
    tags,
    revision_number: row.revision_number,
    created_at: viewTime(row.created_at),
    updated_at: viewTime(row.updated_at),
  };
}
