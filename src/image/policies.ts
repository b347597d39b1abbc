/** Who may do what with images: Glance's rule names and defaults. */
import { Policy, type PolicyRule } from '#platform/policy/policy.ts';
import { notAuthorized } from './image.faults.ts';

const ADMIN = 'rule:context_is_admin';
const MEMBER = 'role:member and project_id:%(project_id)s';
const READER = 'role:reader and project_id:%(project_id)s';
const SEEN =
  "(project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s)";

const ADMIN_OR_MEMBER = `${ADMIN} or (${MEMBER})`;
const ADMIN_OR_READER = `${ADMIN} or (${READER})`;
const ADMIN_OR_READER_OR_SHARED = `${ADMIN} or role:reader and (project_id:%(project_id)s or project_id:%(member_id)s)`;

export const IMAGE_POLICIES: readonly PolicyRule[] = [
  { name: 'context_is_admin', check: 'role:admin' },
  { name: 'add_image', check: `${ADMIN} or (${MEMBER} and project_id:%(owner)s)` },
  { name: 'delete_image', check: ADMIN_OR_MEMBER },
  { name: 'get_image', check: `${ADMIN} or (role:reader and ${SEEN})` },
  { name: 'get_images', check: ADMIN_OR_READER },
  { name: 'modify_image', check: ADMIN_OR_MEMBER },
  { name: 'publicize_image', check: ADMIN },
  { name: 'communitize_image', check: ADMIN_OR_MEMBER },
  { name: 'download_image', check: `${ADMIN} or (role:member and ${SEEN})` },
  { name: 'upload_image', check: ADMIN_OR_MEMBER },
  { name: 'add_member', check: ADMIN_OR_MEMBER },
  { name: 'delete_member', check: ADMIN_OR_MEMBER },
  { name: 'get_member', check: ADMIN_OR_READER_OR_SHARED },
  { name: 'get_members', check: ADMIN_OR_READER_OR_SHARED },
  { name: 'modify_member', check: `${ADMIN} or (role:member and project_id:%(member_id)s)` },
  { name: 'deactivate', check: ADMIN_OR_MEMBER },
  { name: 'reactivate', check: ADMIN_OR_MEMBER },
];

/** The rules with an operator's overrides. */
export function imagePolicy(overrides: Readonly<Record<string, string>>): Policy {
  return new Policy(IMAGE_POLICIES, overrides, notAuthorized);
}
