/** Projects may see their quotas; administrators set them. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const ADMIN = 'rule:context_is_admin';
const READER = 'rule:project_reader_or_admin';

export const QUOTA_POLICIES: readonly PolicyRule[] = [
  { name: 'os_compute_api:os-quota-sets:defaults', check: '@' },
  { name: 'os_compute_api:os-quota-sets:show', check: READER },
  { name: 'os_compute_api:os-quota-sets:detail', check: READER },
  { name: 'os_compute_api:os-quota-sets:update', check: ADMIN },
  { name: 'os_compute_api:os-quota-sets:delete', check: ADMIN },
  { name: 'os_compute_api:os-quota-class-sets:show', check: ADMIN },
  { name: 'os_compute_api:os-quota-class-sets:update', check: ADMIN },
];
