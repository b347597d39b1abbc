/** Users as they travel. */
import { readObject } from '../attributes.ts';
import { selfLink } from '../listing.ts';
import type { Reached } from '../links.ts';
import type { UserRow } from './user.store.ts';

export function viewUser(reached: Reached, user: UserRow) {
  return {
    ...readObject(user.extra),
    id: user.id,
    name: user.name,
    domain_id: user.domain_id,
    enabled: user.enabled === 1,
    // compat: it is there only when it is set.
    ...(user.default_project_id !== null && { default_project_id: user.default_project_id }),
    password_expires_at: null,
    options: readObject(user.options),
    links: selfLink(reached, 'users', user.id),
  };
}
