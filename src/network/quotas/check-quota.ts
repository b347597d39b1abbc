/** The check that every creation makes before it writes. */
import type { Db, Tx } from '#platform/db/tables.ts';
import { findLimits } from '#platform/quota/quota.store.ts';
import type { QuotaResource } from './quota-resources.ts';
import { checkRoom, effectiveQuotas } from './quota.rules.ts';
import { countUsed } from './quota.store.ts';

/** Quotas are kept under this name beside those of other services. */
export const QUOTA_SERVICE = 'network';

/** Refuses (`OverQuota`) when the project may not have `count` more of the resource. Call it in the transaction that creates them. */
export async function checkQuota(
  tx: Tx,
  projectId: string,
  resource: QuotaResource,
  count: number,
): Promise<void> {
  const { limit, used } = await quotaOf(tx, projectId, resource);
  checkRoom(resource, { limit, used, wanted: count });
}

/** The same for all that one request makes, project by project. compat: before anybody asks who the caller is. */
export async function checkQuotas(
  tx: Tx,
  resource: QuotaResource,
  items: readonly { readonly project_id: string }[],
): Promise<void> {
  for (const [projectId, own] of Map.groupBy(items, (item) => item.project_id)) {
    await checkQuota(tx, projectId, resource, own.length);
  }
}

/** A project's limit of a resource (-1: none) and how many it has. */
export async function quotaOf(
  db: Db,
  projectId: string,
  resource: QuotaResource,
): Promise<{ readonly limit: number; readonly used: number }> {
  const limits = effectiveQuotas(await findLimits(db, QUOTA_SERVICE, projectId));
  return { limit: limits[resource], used: await countUsed(db, projectId, resource) };
}
