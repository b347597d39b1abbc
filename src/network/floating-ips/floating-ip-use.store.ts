/** What of routers, networks and ports floating IPs need, in SQL: asked by those who would take it away. */
import { sql } from 'kysely';
import type { Db } from '#platform/db/tables.ts';

/** Whether floating IPs lead through the router, so that its gateway has to stay. */
export async function isGatewayNeeded(db: Db, routerId: string): Promise<boolean> {
  const row = await db
    .selectFrom('floating_ips')
    .select('id')
    .where('router_id', '=', routerId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether floating IPs or port forwardings lead through the router to addresses of the subnet. */
export async function isInterfaceNeeded(
  db: Db,
  { routerId, subnetId }: { readonly routerId: string; readonly subnetId: string },
): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    select floating_ips.id from floating_ips
      join fixed_ips on fixed_ips.port_id = floating_ips.fixed_port_id
        and fixed_ips.ip_address = floating_ips.fixed_ip_address
      where floating_ips.router_id = ${routerId} and fixed_ips.subnet_id = ${subnetId}
    union all
    select floating_ips.id from floating_ips
      join port_forwardings on port_forwardings.floating_ip_id = floating_ips.id
      join fixed_ips on fixed_ips.port_id = port_forwardings.internal_port_id
        and fixed_ips.ip_address = port_forwardings.internal_ip_address
      where floating_ips.router_id = ${routerId} and fixed_ips.subnet_id = ${subnetId}
    limit 1`.execute(db);
  return rows.length > 0;
}
