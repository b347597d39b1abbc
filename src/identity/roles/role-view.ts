/** Roles as they travel. */
import { readObject } from '../attributes.ts';
import { selfLink } from '../listing.ts';
import type { Reached } from '../links.ts';
import type { RoleRow } from './role.store.ts';

export function viewRole(reached: Reached, role: RoleRow) {
  return {
    ...readObject(role.extra),
    id: role.id,
    name: role.name,
    domain_id: role.domain_id,
    description: role.description,
    options: readObject(role.options),
    links: selfLink(reached, 'roles', role.id),
  };
}

/** A role in a statement about which role implies which. */
export function viewInferred(reached: Reached, role: RoleRow) {
  return { id: role.id, links: selfLink(reached, 'roles', role.id), name: role.name };
}
