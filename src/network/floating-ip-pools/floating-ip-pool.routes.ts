/** /v2.0/floatingip-pools: the subnets from which floating IPs come. */
import type { Db } from '#platform/db/tables.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { defineResource, type ViewOf } from '../attributes/attribute.ts';
import { readListQuery } from '../attributes/list-query.ts';
import { Viewer } from '../attributes/view.ts';
import { listPools, type PoolRow } from './floating-ip-pool.store.ts';

const FLOATING_IP_POOL = defineResource('floatingip_pool', 'floatingip_pools', {
  subnet_id: {},
  subnet_name: {},
  network_id: {},
  cidr: {},
  project_id: {},
  tenant_id: {},
});

export function floatingIpPoolRoutes(
  app: ServiceApp,
  { db, policy }: { readonly db: Db; readonly policy: Policy },
): void {
  app.get(
    '/v2.0/floatingip-pools',
    { config: { policy: 'get_floatingip_pool' } },
    async (request) => {
      const { ctx } = request;
      const { fields } = readListQuery(FLOATING_IP_POOL, request.query as Query);
      const target = { project_id: ctx.projectId, tenant_id: ctx.projectId };
      const viewer = new Viewer(policy, ctx, FLOATING_IP_POOL, fields);
      const pools = viewer.sees(target) ? await listPools(db, ctx) : [];
      return {
        floatingip_pools: pools.map((row) => viewer.show(viewPool(row, ctx.projectId), target)),
      };
    },
  );
}

/** compat: a pool belongs to whoever asks. */
function viewPool(row: PoolRow, projectId: string) {
  return {
    subnet_id: row.id,
    subnet_name: row.name,
    network_id: row.network_id,
    cidr: row.cidr,
    project_id: projectId,
    tenant_id: projectId,
  } satisfies ViewOf<typeof FLOATING_IP_POOL>;
}
