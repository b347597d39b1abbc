/** Which server is meant by a word, and at which of its addresses it can be spoken to. */
import { canonicalIp } from '#base/net/ip.ts';
import { Fault } from '#platform/fault.ts';
import type { ApiClient } from './api-client.ts';

/** One address of a server, with the card that has it. */
export type ShownAddress = {
  readonly addr: string;
  readonly version: number;
  readonly 'OS-EXT-IPS-MAC:mac_addr': string;
  readonly 'OS-EXT-IPS:type': string;
};

/** What is looked at of a server. */
export type ShownServer = {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** By network, in the order of the server's cards. */
  readonly addresses: Readonly<Record<string, readonly ShownAddress[]>>;
};

export type Subnet = { readonly id: string; readonly cidr: string };

/** Where a server answers. */
export type Target = {
  readonly ip: string;
  readonly networkId: string;
  readonly subnet: Subnet;
};

type Port = {
  readonly network_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The server with this id, or else the only one with this name, of whatever project. */
export async function findServer(api: ApiClient, word: string): Promise<ShownServer> {
  const byId = UUID.test(word) ? await api.find(`/compute/v2.1/servers/${word}`) : undefined;
  if (byId !== undefined) return (byId as { server: ShownServer }).server;
  const pattern = `^${word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const query = new URLSearchParams({ all_tenants: '1', name: pattern });
  const { servers } = (await api.get(`/compute/v2.1/servers/detail?${query.toString()}`)) as {
    servers: readonly ShownServer[];
  };
  const found = servers.filter(({ name }) => name === word);
  const [server] = found;
  if (!server) {
    throw new Fault(
      'not-found',
      'NoServer',
      `No server has the name or id '${word}'. See 'openstack server list'.`,
    );
  }
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new Fault(
      'conflict',
      'ManyServers',
      `Several servers are named '${word}': ${ids}. Use an id.`,
    );
  }
  return server;
}

/** What to do about a server in whose guest nobody can answer. */
const NOBODY_THERE: Readonly<Record<string, string>> = {
  BUILD: "Wait until 'openstack server show' says ACTIVE.",
  SHUTOFF: "Start it with 'openstack server start'.",
  PAUSED: "Let it go on with 'openstack server unpause'.",
  SUSPENDED: "Let it go on with 'openstack server resume'.",
};

export function checkReachable({ name, status }: ShownServer): void {
  const remedy = NOBODY_THERE[status];
  if (remedy === undefined) return;
  throw new Fault('conflict', 'NotRunning', `The server '${name}' is ${status}. ${remedy}`);
}

/**
 * The address that was asked for, or else the first interface's that has one, IPv4 before IPv6: most guests
 * configure only their first interface by themselves.
 */
export function chooseAddress(server: ShownServer, wanted: string | undefined): ShownAddress {
  const all = Object.values(server.addresses)
    .flat()
    .filter((address) => address['OS-EXT-IPS:type'] === 'fixed');
  const [first] = all;
  if (!first) {
    throw new Fault(
      'conflict',
      'NoAddress',
      `The server '${server.name}' has no address. Give it a port with one, or see 'openstack console log show'.`,
    );
  }
  if (wanted === undefined) {
    const mac = first['OS-EXT-IPS-MAC:mac_addr'];
    const own = all.filter((address) => address['OS-EXT-IPS-MAC:mac_addr'] === mac);
    return own.find(({ version }) => version === 4) ?? first;
  }
  const ip = canonicalIp(wanted);
  const found = all.find(({ addr }) => ip !== undefined && canonicalIp(addr) === ip);
  if (found) return found;
  const has = all.map(({ addr }) => addr).join(', ');
  throw new Fault(
    'not-found',
    'NoSuchAddress',
    `The server '${server.name}' has no address '${wanted}'. It has ${has}.`,
  );
}

/** The network and subnet on which the server has this address. */
export async function findTarget(
  api: ApiClient,
  server: ShownServer,
  address: ShownAddress,
): Promise<Target> {
  const { ports } = (await api.get(`/networking/v2.0/ports?device_id=${server.id}`)) as {
    ports: readonly Port[];
  };
  for (const port of ports) {
    if (port.mac_address !== address['OS-EXT-IPS-MAC:mac_addr']) continue;
    const fixed = port.fixed_ips.find(({ ip_address }) => ip_address === address.addr);
    if (!fixed) continue;
    const { subnet } = (await api.get(`/networking/v2.0/subnets/${fixed.subnet_id}`)) as {
      subnet: Subnet;
    };
    return { ip: address.addr, networkId: port.network_id, subnet };
  }
  throw new Fault(
    'conflict',
    'AddressGone',
    `The server '${server.name}' has just lost its address ${address.addr}. Try again.`,
  );
}
