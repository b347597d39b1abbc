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
import type { SecurityGroupDeps } from '../security-groups/security-group.service.ts';

export type ExtraDeps = SecurityGroupDeps & {
  readonly observed: ObservedHosts;
};

export const EXTRA_POLICIES: readonly PolicyRule[] = [
  ...SECURITY_GROUP_POLICIES,
  ...QUOTA_POLICIES,
  ...RBAC_POLICIES,
];

export function extraRoutes(app: ServiceApp, deps: ExtraDeps): void {
  securityGroupRoutes(app, deps);
  quotaRoutes(app, deps);
  rbacPolicyRoutes(app, deps);
}
