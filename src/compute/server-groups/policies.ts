/** Members make server groups for their project. */
import type { PolicyRule } from '#platform/policy/policy.ts';

const READER = 'rule:project_reader_or_admin';
const MEMBER = 'rule:project_member_or_admin';

export const SERVER_GROUP_POLICIES: readonly PolicyRule[] = [
  { name: 'os_compute_api:os-server-groups:index', check: READER },
  { name: 'os_compute_api:os-server-groups:show', check: READER },
  { name: 'os_compute_api:os-server-groups:create', check: MEMBER },
  { name: 'os_compute_api:os-server-groups:delete', check: MEMBER },
  {
    name: 'os_compute_api:os-server-groups:index:all_projects',
    check: 'rule:context_is_admin',
  },
];
