/** What a project may have of each network resource, and when that is too much. */
import { Fault } from '#platform/fault.ts';
import { overQuota } from '../network.faults.ts';
import { DEFAULT_QUOTAS, QUOTA_RESOURCES, type QuotaResource } from './quota-resources.ts';

/** Limits by resource; -1 means no limit. */
export type Limits = Readonly<Record<string, number>>;

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

export const adminRequired = () =>
  new Fault(
    'forbidden',
    'AdminRequired',
    'User does not have admin privileges: Only admin is authorized to access quotas for another project.',
  );

export const missingProject = () =>
  new Fault('invalid', 'QuotaMissingTenant', 'Tenant-id was missing from quota request.');
