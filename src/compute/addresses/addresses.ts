/** A server's addresses by network name, as servers and `/ips` show them. Pure. */
import type { NetworkFacts, PortFacts } from '#network/network-api.ts';
import type { InterfaceRow } from '../interfaces/interface.store.ts';

export type Address = { readonly version: 4 | 6; readonly addr: string };

type ExtendedAddress = Address & {
  readonly 'OS-EXT-IPS:type': 'fixed' | 'floating';
  readonly 'OS-EXT-IPS-MAC:mac_addr': string;
};

export type Addresses = {
  readonly plain: Readonly<Record<string, readonly Address[]>>;
  /** With MAC and kind. */
  readonly extended: Readonly<Record<string, readonly ExtendedAddress[]>>;
};

/**
 * compat: keyed by name, in the order of attachment; networks of one name share a key, and a card without an
 * address leaves its network's name with an empty list. Floating IPs come after all that is fixed of their key.
 */
export function addressesOf(
  cards: readonly Pick<InterfaceRow, 'port_id' | 'network_id'>[],
  ports: readonly PortFacts[],
  networks: ReadonlyMap<string, Pick<NetworkFacts, 'name'>>,
): Addresses {
  const byId = new Map(ports.map((port) => [port.id, port]));
  const lists = new Map<string, { fixed: ExtendedAddress[]; floating: ExtendedAddress[] }>();
  for (const card of cards) {
    const port = byId.get(card.port_id);
    const name = networks.get(card.network_id)?.name;
    if (!port || name === undefined) continue;
    const list = lists.get(name) ?? { fixed: [], floating: [] };
    lists.set(name, list);
    list.fixed.push(...port.fixedIps.map(({ ip }) => addressOf(port, ip, 'fixed')));
    list.floating.push(...port.floatingIps.map(({ ip }) => addressOf(port, ip, 'floating')));
  }
  const extended = Object.fromEntries(
    [...lists].map(([name, { fixed, floating }]) => [name, [...fixed, ...floating]]),
  );
  const plain = Object.fromEntries(
    Object.entries(extended).map(([name, list]) => [
      name,
      list.map(({ version, addr }) => ({ version, addr })),
    ]),
  );
  return { plain, extended };
}

function addressOf(port: PortFacts, ip: string, type: 'fixed' | 'floating'): ExtendedAddress {
  return {
    version: ip.includes(':') ? 6 : 4,
    addr: ip,
    'OS-EXT-IPS:type': type,
    'OS-EXT-IPS-MAC:mac_addr': port.mac,
  };
}
