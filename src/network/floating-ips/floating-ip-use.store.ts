/** What of routers, networks and ports floating IPs need, in SQL: asked by those who would take it away. */
import type { Db } from '#platform/db/tables.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';

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
  const direct = await db
    .selectFrom('floating_ips')
    .select(['fixed_port_id as portId', 'fixed_ip_address as ip'])
    .where('router_id', '=', routerId)
    .execute();
  const forwarded = await db
    .selectFrom('floating_ips')
    .innerJoin('port_forwardings', 'port_forwardings.floating_ip_id', 'floating_ips.id')
    .select(['internal_port_id as portId', 'internal_ip_address as ip'])
    .where('floating_ips.router_id', '=', routerId)
    .execute();
  const leads = [...direct, ...forwarded];
  const addresses = await fixedIpsOfPorts(db, [
    ...new Set(leads.flatMap(({ portId }) => portId ?? [])),
  ]);
  return leads.some(({ portId, ip }) =>
    addresses
      .get(portId ?? '')
      ?.some(({ subnet_id, ip_address }) => subnet_id === subnetId && ip_address === ip),
  );
}
