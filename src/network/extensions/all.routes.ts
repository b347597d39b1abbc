/** Every route of the network service but those of networks, subnets and ports. */
import type { Context } from '#platform/context.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { PolicyRule } from '#platform/policy/policy.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { addressGroupRoutes } from '../address-groups/address-group.routes.ts';
import {
  ADDRESS_GROUP_POLICIES,
  type AddressGroupDeps,
} from '../address-groups/address-group.service.ts';
import { agentRoutes } from '../agents/agent.routes.ts';
import { AGENT_POLICIES, AgentService } from '../agents/agent.service.ts';
import {
  AVAILABILITY_ZONE_POLICIES,
  availabilityZoneRoutes,
} from '../availability-zones/availability-zone.routes.ts';
import { FLOATING_IP_POLICIES } from '../floating-ips/policies.ts';
import {
  IP_AVAILABILITY_POLICIES,
  networkIpAvailabilityRoutes,
} from '../network-ip-availabilities/network-ip-availability.routes.ts';
import { quotaRoutes } from '../quotas/quota.routes.ts';
import { QUOTA_POLICIES } from '../quotas/quota.service.ts';
import { rbacPolicyRoutes } from '../rbac-policies/rbac-policy.routes.ts';
import { RBAC_POLICIES, type RbacPolicyDeps } from '../rbac-policies/rbac-policy.service.ts';
import { ROUTER_POLICIES } from '../routers/policies.ts';
import { SECURITY_GROUP_POLICIES } from '../security-groups/policies.ts';
import { securityGroupRoutes } from '../security-groups/security-group.routes.ts';
import {
  SecurityGroupService,
  type SecurityGroupDeps,
} from '../security-groups/security-group.service.ts';
import {
  SERVICE_PROVIDER_POLICIES,
  serviceProviderRoutes,
} from '../service-providers/service-provider.routes.ts';
import { tagRoutes } from '../tags/tag.routes.ts';
import type { TaggedResource } from '../tags/tag.rules.ts';
import { TAG_POLICIES, type FindTarget } from '../tags/tag.service.ts';
import { extensionRoutes } from './extension.routes.ts';

export type ExtraDeps = SecurityGroupDeps &
  AddressGroupDeps &
  RbacPolicyDeps & {
    readonly observed: ObservedHosts;
    /** Whose a network, subnet, port or another is, of those that the caller may see. */
    readonly findTarget: Readonly<Record<Exclude<TaggedResource, 'security_groups'>, FindTarget>>;
  };

export const EXTRA_POLICIES: readonly PolicyRule[] = [
  ...SECURITY_GROUP_POLICIES,
  ...ADDRESS_GROUP_POLICIES,
  ...ROUTER_POLICIES,
  ...FLOATING_IP_POLICIES,
  ...IP_AVAILABILITY_POLICIES,
  ...QUOTA_POLICIES,
  ...RBAC_POLICIES,
  ...TAG_POLICIES,
  ...AGENT_POLICIES,
  ...AVAILABILITY_ZONE_POLICIES,
  ...SERVICE_PROVIDER_POLICIES,
];

/** Makes the services now, since some listen from the start, and registers their routes when the app is made. */
export function extraRoutes(deps: ExtraDeps): (app: ServiceApp) => void {
  const { policy } = deps;
  const groups = new SecurityGroupService(deps);
  const agents = new AgentService(deps);
  const findTarget = {
    ...deps.findTarget,
    security_groups: async (ctx: Context, id: string) => {
      const { group } = await groups.get(ctx, id);
      return { project_id: group.project_id };
    },
  };
  return (app) => {
    securityGroupRoutes(app, deps, groups);
    addressGroupRoutes(app, deps);
    quotaRoutes(app, deps);
    rbacPolicyRoutes(app, deps);
    networkIpAvailabilityRoutes(app, deps);
    agentRoutes(app, agents, policy);
    availabilityZoneRoutes(app, agents, policy);
    serviceProviderRoutes(app);
    extensionRoutes(app);
    tagRoutes(app, { ...deps, findTarget });
  };
}
