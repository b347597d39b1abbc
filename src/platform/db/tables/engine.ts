/** The tables of the engine: sagas, their log, and numbers that must survive a restart. */
export interface SagasTable {
  id: string;
  name: string;
  version: number;
  /** The server, port, ... that it works on, for people and for waiting. */
  resource_id: string;
  project_id: string;
  request_id: string;
  params: string;
  state: 'running' | 'unwinding' | 'done' | 'undone' | 'stuck';
  /** Why it unwinds or is stuck: JSON of code and message. */
  error: string | null;
  lease_owner: string | null;
  lease_until: string | null;
  created_at: string;
  updated_at: string;
}

export interface SagaEventsTable {
  saga_id: string;
  seq: number;
  step: string;
  kind: 'started' | 'done' | 'failed' | 'undo-started' | 'undone' | 'undo-failed';
  /** The result of a step that is done, the error of one that failed: JSON. */
  data: string | null;
  at: string;
}

export interface SettingsTable {
  name: string;
  value: string;
}

export interface QuotasTable {
  service: string;
  project_id: string;
  resource: string;
  /** -1 for none. */
  hard_limit: number;
}

export interface EngineTables {
  quotas: QuotasTable;
  sagas: SagasTable;
  saga_events: SagaEventsTable;
  settings: SettingsTable;
}
