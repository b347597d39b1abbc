/** What a project may have of each network resource when nobody has said otherwise, and when that is too much. */
import { Fault } from '#platform/fault.ts';
import { overQuota } from '../network.faults.ts';

/** Limits by resource; -1 means no limit. */
export type Limits = Readonly<Record<string, number>>;

/** Neutron's own defaults, in the order in which quotas are shown. -1: no limit. */
export const DEFAULT_QUOTAS = {
  network: 100,
  subnet: 100,
  port: 500,
  rbac_policy: 10,
  security_group: 10,
  security_group_rule: 100,
} as const satisfies Limits;

export type QuotaResource = keyof typeof DEFAULT_QUOTAS;

export const QUOTA_RESOURCES = Object.keys(DEFAULT_QUOTAS) as readonly QuotaResource[];

/** A project's limits: its own, and the defaults for the rest. */
export function effectiveQuotas(own: Limits): Record<QuotaResource, number> {
  const limits: Record<QuotaResource, number> = { ...DEFAULT_QUOTAS };
  for (const resource of QUOTA_RESOURCES) {
    const limit = own[resource];
    if (limit !== undefined) limits[resource] = limit;
  }
  return limits;
}

/** Refuses `wanted` more of a resource of which `used` are there. */
export function checkRoom(
  resource: QuotaResource,
  { limit, used, wanted }: { limit: number; used: number; wanted: number },
): void {
  if (limit >= 0 && used + wanted > limit) throw overQuota([resource]);
}

export const quotaNotFound = (projectId: string) =>
  new Fault(
    'not-found',
    'TenantQuotaNotFound',
    `Quota for tenant ${projectId} could not be found.`,
  );

export const quotaBelowUse = (resource: QuotaResource, limit: number, used: number) =>
  new Fault(
    'invalid',
    'HTTPBadRequest',
    `Quota limit ${limit} for ${resource} must be greater than or equal to already used ${used}`,
  );
