/** Gateway addresses of external networks that somebody on them has, in SQL. */
import type { Db } from '#platform/db/tables.ts';

/**
 * Of these addresses with prefix length, those that no port of the network has: where a port has the gateway's address,
 * that port is the way out, and nobody else may answer for it.
 */
export async function unclaimedGateways(
  db: Db,
  networkId: string,
  addresses: readonly string[],
): Promise<readonly string[]> {
  if (addresses.length === 0) return addresses;
  const rows = await db
    .selectFrom('fixed_ips')
    .innerJoin('ports', 'ports.id', 'fixed_ips.port_id')
    .select('fixed_ips.ip_address')
    .where('ports.network_id', '=', networkId)
    .where('fixed_ips.ip_address', 'in', addresses.map(ipOf))
    .execute();
  const claimed = new Set(rows.map((row) => row.ip_address));
  return addresses.filter((address) => !claimed.has(ipOf(address)));
}

function ipOf(address: string): string {
  return address.split('/')[0] ?? '';
}
