/** Everybody may see the limits of the own project; those of others are for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const LIMIT_POLICIES: readonly PolicyRule[] = [
  { name: 'os_compute_api:limits', check: '@' },
  { name: 'os_compute_api:limits:other_project', check: 'rule:context_is_admin' },
];
