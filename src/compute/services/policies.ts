/** Services are for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const SERVICE_POLICIES: readonly PolicyRule[] = ['list', 'update', 'delete'].map((verb) => ({
  name: `os_compute_api:os-services:${verb}`,
  check: 'rule:context_is_admin',
}));
