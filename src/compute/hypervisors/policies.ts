/** Hypervisors are for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const HYPERVISOR_POLICIES: readonly PolicyRule[] = [
  'list',
  'list-detail',
  'show',
  'statistics',
  'uptime',
  'search',
  'servers',
].map((verb) => ({
  name: `os_compute_api:os-hypervisors:${verb}`,
  check: 'rule:context_is_admin',
}));
