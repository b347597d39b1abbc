/** Who may see and make key pairs: they are a user's, not a project's. */
import type { PolicyRule } from '#platform/policy/policy.ts';

export const KEYPAIR_POLICIES: readonly PolicyRule[] = ['index', 'create', 'show', 'delete'].map(
  (verb) => ({
    name: `os_compute_api:os-keypairs:${verb}`,
    check: 'rule:context_is_admin or user_id:%(user_id)s',
  }),
);
