/** Networks, ports and servers of a scenario, made with the stock client. */
import type { Clients } from './clients.ts';

/** A port as `openstack port show -f json` has it. */
export type ShownPort = {
  readonly id: string;
  readonly mac_address: string;
  readonly network_id: string;
  readonly fixed_ips: readonly { readonly ip_address: string; readonly subnet_id: string }[];
  readonly ip_allocation?: string;
  readonly port_security_enabled?: boolean;
  readonly security_group_ids?: readonly string[];
};

/** Kept small: emulated guests share two slow cores. */
export const SERVER_OPTIONS = [
  '--flavor',
  'm1.micro',
  '--image',
  'tiny-uec',
  '--key-name',
  'demo',
] as const;

export async function makeNetwork(clients: Clients, name: string, cidr: string): Promise<string> {
  const { id } = await clients.json<{ id: string }>('network', 'create', name);
  await clients.openstack(
    ...['subnet', 'create', '--network', name, '--subnet-range', cidr],
    ...['--gateway', 'none', `${name}-subnet`],
  );
  return id;
}

export async function makePort(
  clients: Clients,
  name: string,
  network: string,
  ...options: readonly string[]
): Promise<ShownPort> {
  return await clients.json<ShownPort>('port', 'create', '--network', network, ...options, name);
}

/** Every port of a server. */
export async function portsOf(clients: Clients, server: string): Promise<readonly ShownPort[]> {
  type Row = { ID: string };
  const { id } = await clients.json<{ id: string }>('server', 'show', server, '-c', 'id');
  const rows = await clients.json<Row[]>('port', 'list', '--device-id', id);
  return await Promise.all(
    rows.map(async ({ ID }) => await clients.json<ShownPort>('port', 'show', ID)),
  );
}

/** The addresses of a server in the order of its cards, by network name. */
export async function addressesOf(
  clients: Clients,
  server: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { addresses } = await clients.json<{ addresses: Record<string, string[]> }>(
    ...['server', 'show', server, '-c', 'addresses'],
  );
  return addresses;
}

export function addressOf(port: ShownPort): string {
  return port.fixed_ips[0]?.ip_address ?? '';
}
