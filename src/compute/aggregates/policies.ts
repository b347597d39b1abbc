/** Aggregates are for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const AGGREGATE_POLICIES: readonly PolicyRule[] = [
  'index',
  'show',
  'create',
  'update',
  'delete',
  'add_host',
  'remove_host',
  'set_metadata',
].map((verb) => ({
  name: `os_compute_api:os-aggregates:${verb}`,
  check: 'rule:context_is_admin',
}));
