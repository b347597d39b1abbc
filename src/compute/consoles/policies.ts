/** Policy rules of consoles, with Nova's names and defaults. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const CONSOLE_POLICIES: readonly PolicyRule[] = [
  { name: 'os_compute_api:os-remote-consoles', check: 'rule:project_member_or_admin' },
  { name: 'os_compute_api:os-console-auth-tokens', check: 'rule:context_is_admin' },
];
