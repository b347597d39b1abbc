/** The tables of host aggregates, which also make availability zones. */
import type { Flag } from '../tables.ts';

export interface AggregatesTable {
  /** As the API shows it; never given twice, so the rows of deleted ones stay. */
  number: number;
  /** A UUID. */
  id: string;
  name: string;
  /** JSON of strings; `availability_zone` puts the aggregate's hosts into that zone. */
  metadata: string;
  created_at: string;
  updated_at: string | null;
  deleted: Flag;
}

export interface AggregateHostsTable {
  aggregate_number: number;
  host: string;
}

export interface AggregateTables {
  aggregates: AggregatesTable;
  aggregate_hosts: AggregateHostsTable;
}
