/** Who may use the old ways to floating IPs, by Nova's names and with its defaults. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const rule = (verb: string, check: string): PolicyRule => ({
  name: `os_compute_api:os-floating-ips:${verb}`,
  check,
});

export const FLOATING_IP_POLICIES: readonly PolicyRule[] = [
  rule('list', 'rule:project_reader_or_admin'),
  rule('show', 'rule:project_reader_or_admin'),
  rule('create', 'rule:project_member_or_admin'),
  rule('delete', 'rule:project_member_or_admin'),
  rule('add', 'rule:project_member_or_admin'),
  rule('remove', 'rule:project_member_or_admin'),
  { name: 'os_compute_api:os-floating-ip-pools', check: '@' },
];
