/** External events are for other services and for administrators. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const EXTERNAL_EVENT_POLICIES: readonly PolicyRule[] = [
  {
    name: 'os_compute_api:os-server-external-events:create',
    check: 'rule:service_api or rule:context_is_admin',
  },
];
