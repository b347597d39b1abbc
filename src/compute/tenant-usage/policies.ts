/** Projects may see what they used; the usage of all is for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const TENANT_USAGE_POLICIES: readonly PolicyRule[] = [
  { name: 'os_compute_api:os-simple-tenant-usage:show', check: 'rule:project_reader_or_admin' },
  { name: 'os_compute_api:os-simple-tenant-usage:list', check: 'rule:context_is_admin' },
];
