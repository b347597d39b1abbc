/** /limits: what a project may have, and what it has. */
import type { Db } from '#platform/db/tables.ts';
import { listOf, type Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck, SchemaRanges } from '../http/request-check.ts';
import { listParams } from '../http/schema-parts.ts';
import { limitsOf } from '../quota-defaults.ts';
import { quotaUsage } from '../quotas/quota-usage.store.ts';
import { absoluteLimits } from './limit.rules.ts';

export type LimitDeps = { readonly db: Db; readonly policy: Policy };

const RULE = 'os_compute_api:limits';
const TENANT = { tenant_id: { type: 'string' } };
const QUERY: SchemaRanges = [
  [1, listParams(TENANT, true)],
  [75, listParams(TENANT, false)],
];

export function limitRoutes({ db, policy }: LimitDeps, check: RequestCheck): ComputeRoutes {
  const config = { config: { policy: [RULE, `${RULE}:other_project`] } };
  return (app) => {
    app.get<{ Querystring: Query }>('/limits', config, async ({ ctx, query }) => {
      const checked = check.query(QUERY, ctx.microversion, query);
      policy.authorize(ctx, RULE);
      const other = listOf(checked['tenant_id']).at(-1);
      if (other !== undefined) policy.authorize(ctx, `${RULE}:other_project`);
      const projectId = other ?? ctx.projectId;
      const absolute = absoluteLimits(
        ctx.microversion,
        await limitsOf(db, projectId),
        await quotaUsage(db, projectId),
      );
      return { limits: { rate: [], absolute } };
    });
  };
}
