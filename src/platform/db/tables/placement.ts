/** The tables of the placement service. Columns are text and integer only; times are ISO text in UTC; booleans 0 and 1. */
export interface ResourceProvidersTable {
  id: string;
  name: string;
  generation: number;
  created_at: string;
  updated_at: string;
}

export interface InventoriesTable {
  provider_id: string;
  /** Such as `VCPU`. */
  resource_class: string;
  total: number;
  reserved: number;
  min_unit: number;
  max_unit: number;
  step_size: number;
  /** A decimal number as text, so that 1.5 is 1.5 on every database. */
  allocation_ratio: string;
}

export interface AllocationsTable {
  consumer_id: string;
  provider_id: string;
  resource_class: string;
  used: number;
}

export interface ConsumersTable {
  id: string;
  project_id: string;
  user_id: string;
  created_at: string;
}

export interface PlacementTables {
  resource_providers: ResourceProvidersTable;
  inventories: InventoriesTable;
  allocations: AllocationsTable;
  consumers: ConsumersTable;
}
