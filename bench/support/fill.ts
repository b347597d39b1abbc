/** Fills a cloud with networks and ports. */
import type { Connection } from './connection.ts';

const AT_ONCE = 100;

/** Returns the ids of the networks, each with a subnet; the ports are spread evenly over them. */
export async function fillPorts(
  connection: Connection,
  wanted: { readonly networks: number; readonly ports: number },
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let first = 0; first < wanted.networks; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, wanted.networks - first);
    const networks = Array.from({ length: count }, (_, index) => ({ name: `n${first + index}` }));
    const made = await connection.ask('POST', '/networking/v2.0/networks', { networks });
    ids.push(...(made.networks as { id: string }[]).map(({ id }) => id));
    const subnets = ids
      .slice(first)
      .map((network_id) => ({ network_id, ip_version: 4, cidr: '10.30.0.0/16' }));
    await connection.ask('POST', '/networking/v2.0/subnets', { subnets });
  }
  for (let first = 0; first < wanted.ports; first += AT_ONCE) {
    const ports = Array.from({ length: Math.min(AT_ONCE, wanted.ports - first) }, (_, index) => ({
      network_id: ids[(first + index) % ids.length],
    }));
    await connection.ask('POST', '/networking/v2.0/ports', { ports });
  }
  return ids;
}
