/** Every route of the network service but those of networks, subnets and ports. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { PolicyRule } from '#platform/policy/policy.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { quotaRoutes } from '../quotas/quota.routes.ts';
import { QUOTA_POLICIES } from '../quotas/quota.service.ts';
import { rbacPolicyRoutes } from '../rbac-policies/rbac-policy.routes.ts';
import { RBAC_POLICIES } from '../rbac-policies/rbac-policy.service.ts';
import { SECURITY_GROUP_POLICIES } from '../security-groups/policies.ts';
import { securityGroupRoutes } from '../security-groups/security-group.routes.ts';
import {
  SecurityGroupService,
  type SecurityGroupDeps,
} from '../security-groups/security-group.service.ts';
import { tagRoutes } from '../tags/tag.routes.ts';
import { TAG_POLICIES, type FindTarget } from '../tags/tag.service.ts';

export type ExtraDeps = SecurityGroupDeps & {
  readonly observed: ObservedHosts;
  /** Whose a network, subnet or port is, of those that the caller may see. */
  readonly findTarget: Readonly<Record<'networks' | 'subnets' | 'ports', FindTarget>>;
};

export const EXTRA_POLICIES: readonly PolicyRule[] = [
  ...SECURITY_GROUP_POLICIES,
  ...QUOTA_POLICIES,
  ...RBAC_POLICIES,
  ...TAG_POLICIES,
];

export function extraRoutes(app: ServiceApp, deps: ExtraDeps): void {
  const groups = new SecurityGroupService(deps);
  securityGroupRoutes(app, deps, groups);
  quotaRoutes(app, deps);
  rbacPolicyRoutes(app, deps);
  tagRoutes(app, {
    ...deps,
    findTarget: {
      ...deps.findTarget,
      security_groups: async (ctx, id) => {
        const { group } = await groups.get(ctx, id);
        return { project_id: group.project_id };
      },
    },
  });
}
