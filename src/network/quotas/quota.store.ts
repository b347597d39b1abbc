/** How much of each network resource a project has, in SQL. */
import { sql } from 'kysely';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { QuotaResource } from './quota-resources.ts';

/** Where the resources are counted; each of these tables has a `project_id`. Null: nowhere. */
const COUNTED: Readonly<Record<QuotaResource, keyof Tables | null>> = {
  network: 'networks',
  subnet: 'subnets',
  port: 'ports',
  router: 'routers',
  floatingip: 'floating_ips',
  // compat: it limits each router by itself, so a project as such has none.
  router_route: null,
  rbac_policy: 'rbac_policies',
  security_group: 'security_groups',
  security_group_rule: 'security_group_rules',
};

/** How many of the resource the project has. */
export async function countUsed(
  db: Db,
  projectId: string,
  resource: QuotaResource,
): Promise<number> {
  const table = COUNTED[resource];
  if (table === null) return 0;
  const { rows } = await sql<{ used: number | string }>`
    select count(*) as used from ${sql.table(table)} where project_id = ${projectId}`.execute(db);
  return Number(rows[0]?.used ?? 0);
}
