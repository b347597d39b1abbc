/** Everybody may know the zones; their hosts are for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const ZONE_POLICIES: readonly PolicyRule[] = [
  { name: 'os_compute_api:os-availability-zone:list', check: '@' },
  { name: 'os_compute_api:os-availability-zone:detail', check: 'rule:context_is_admin' },
];
