/** The resources beside servers: hosts in all their views, quotas, server groups. Each is small; here they are put together. */
import { hostname, loadavg, uptime } from 'node:os';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import { aggregateRoutes } from './aggregates/aggregate.routes.ts';
import { AggregateService } from './aggregates/aggregate.service.ts';
import { AGGREGATE_POLICIES } from './aggregates/policies.ts';
import { availabilityZoneRoutes } from './availability-zones/availability-zone.routes.ts';
import { ZONE_POLICIES } from './availability-zones/policies.ts';
import type { ComputeDeps, ZoneLookup } from './compute-deps.ts';
import { extensionRoutes } from './extensions/extension.routes.ts';
import type { ComputeRoutes } from './http/compute-service.ts';
import type { RequestCheck } from './http/request-check.ts';
import { hypervisorRoutes } from './hypervisors/hypervisor.routes.ts';
import { HypervisorService } from './hypervisors/hypervisor.service.ts';
import { uptimeText } from './hypervisors/hypervisor.rules.ts';
import { HYPERVISOR_POLICIES } from './hypervisors/policies.ts';
import { limitRoutes } from './limits/limit.routes.ts';
import { LIMIT_POLICIES } from './limits/policies.ts';
import { QUOTA_POLICIES } from './quotas/policies.ts';
import { quotaRoutes } from './quotas/quota.routes.ts';
import { QuotaService } from './quotas/quota.service.ts';
import { SERVER_GROUP_POLICIES } from './server-groups/policies.ts';
import { serverGroupRoutes } from './server-groups/server-group.routes.ts';
import { ServerGroupService } from './server-groups/server-group.service.ts';
import { SERVICE_POLICIES } from './services/policies.ts';
import { ServiceList } from './services/service-list.ts';
import { serviceRoutes } from './services/service.routes.ts';
import { ServiceService } from './services/service.service.ts';
import { TENANT_USAGE_POLICIES } from './tenant-usage/policies.ts';
import { tenantUsageRoutes } from './tenant-usage/tenant-usage.routes.ts';

export const ADMIN_POLICIES: readonly PolicyRule[] = [
  ...AGGREGATE_POLICIES,
  ...HYPERVISOR_POLICIES,
  ...LIMIT_POLICIES,
  ...QUOTA_POLICIES,
  ...SERVER_GROUP_POLICIES,
  ...SERVICE_POLICIES,
  ...TENANT_USAGE_POLICIES,
  ...ZONE_POLICIES,
];

export type AdminDeps = Pick<
  ComputeDeps,
  'db' | 'now' | 'newId' | 'identity' | 'placement' | 'observed' | 'controlHost'
> & {
  readonly policy: Policy;
  readonly zones: ZoneLookup;
  readonly check: RequestCheck;
};

export function adminRoutes(deps: AdminDeps): readonly ComputeRoutes[] {
  const { db, now, newId, policy, check, zones, observed, placement, identity } = deps;
  const controlHost = deps.controlHost ?? hostname();
  const services = new ServiceList({ observed, zones, now, controlHost });
  // An agent tells no uptime; of the machine that it shares with this process, this process knows it.
  const uptimeOf = (host: string) =>
    host === controlHost ? uptimeText(now(), uptime(), loadavg()) : null;
  const hypervisors = new HypervisorService({ db, policy, placement, services, uptimeOf });
  return [
    aggregateRoutes(new AggregateService({ db, policy, now, newId }), check),
    availabilityZoneRoutes({ db, policy, services }, check),
    extensionRoutes(policy, check),
    hypervisorRoutes(hypervisors, check),
    limitRoutes({ db, policy }, check),
    quotaRoutes(new QuotaService({ db, policy, identity }), check),
    serverGroupRoutes(new ServerGroupService({ db, policy, now, newId }), check),
    serviceRoutes(new ServiceService({ db, policy, now, placement, list: services }), check),
    tenantUsageRoutes({ db, policy, now }, check),
  ];
}
