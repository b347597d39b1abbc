/** Users as policy rules see them. */
import type { Target } from '#platform/policy/check-string.ts';
import type { UserRow } from './user.store.ts';

/** Nothing when they do not exist: then only rules that need no target let anybody in. */
export function userTarget(user: UserRow | undefined): Target {
  return user
    ? { 'target.user.id': user.id, 'target.user.domain_id': user.domain_id, user_id: user.id }
    : {};
}
