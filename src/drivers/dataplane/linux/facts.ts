/** What is plugged on this host: read from the kernel once, then kept in step with what was applied. */
import { createHash } from 'node:crypto';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { DataplaneChange } from '../dataplane.ts';
import {
  BRIDGE_PREFIX,
  bridgeName,
  SERVICE_LINK_PREFIX,
  serviceLinkName,
  TAP_PREFIX,
} from './names.ts';

export type BridgeFacts = { readonly name: string; readonly mtu: number; readonly up: boolean };

export type TapFacts = {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  /** The bridge it is plugged into. */
  readonly master: string | null;
  /** Whether it gets frames for addresses that the bridge has not heard of. */
  readonly flood: boolean;
  /** Which frames for groups of bridges it sends and gets, as the kernel's mask. */
  readonly groupForward: number;
  /** The MAC that the bridge knows to be here, whoever else uses it; null when it learns. */
  readonly pinnedMac: string | null;
};

/** The end on the bridge of the link to a network's services. */
export type ServiceLinkFacts = {
  readonly name: string;
  readonly mtu: number;
  readonly master: string | null;
  /** Both ends are up. */
  readonly up: boolean;
  /** As of a tap. */
  readonly pinnedMac: string | null;
};

export type Facts = {
  /** By network id. */
  readonly bridges: Map<string, BridgeFacts>;
  /** By port id. */
  readonly taps: Map<string, TapFacts>;
  /** Port ids by the name of their tap. */
  readonly portIds: Map<string, string>;
  /** By network id. */
  readonly serviceLinks: Map<string, ServiceLinkFacts>;
  /** Ids of networks with a namespace for their services. */
  readonly serviceNamespaces: Set<string>;
  /** Links with our names and no whole id: what was being made when an agent was killed. */
  readonly strays: Set<string>;
};

/** One link as `ip -details -json link` prints it, of which this is all that is read. */
export type LinkJson = {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_slave_data?: { readonly flood?: boolean; readonly group_fwd_mask?: string };
  };
};

export type LinkFacts = Pick<Facts, 'bridges' | 'taps' | 'serviceLinks' | 'strays'> & {
  /** Ids of ports whose tap is up and held open by a guest. */
  readonly carriers: ReadonlySet<string>;
};

const UUID_LENGTH = 36;

/** One entry of a bridge's table of addresses as `bridge -json fdb show` prints it, as far as it is read. */
export type FdbJson = {
  readonly mac: string;
  readonly ifname: string;
  readonly master?: string;
  readonly state?: string;
  readonly flags?: readonly string[];
};

/** Our links among all that the kernel has. */
export function readLinks(links: readonly LinkJson[], fdb: readonly FdbJson[]): LinkFacts {
  const pinned = new Map<string, string>();
  for (const { mac, ifname, master, state, flags } of fdb) {
    // Without being sticky it would go to whoever sends a frame with this MAC.
    const stays = state === 'static' && flags?.includes('sticky') === true;
    if (stays && master !== undefined) pinned.set(ifname, mac);
  }
  const bridges = new Map<string, BridgeFacts>();
  const taps = new Map<string, TapFacts>();
  const serviceLinks = new Map<string, ServiceLinkFacts>();
  const strays = new Set<string>();
  const carriers = new Set<string>();
  for (const link of links) {
    const { ifname: name, ifalias: id = '', mtu, master = null } = link;
    const kind = kindOf(link);
    if (kind === null) continue;
    const up = link.flags.includes('UP');
    const carrier = link.flags.includes('LOWER_UP');
    if (id.length !== UUID_LENGTH) strays.add(name);
    else if (kind === 'bridge') bridges.set(id, { name, mtu, up });
    else if (kind === 'services') {
      const pinnedMac = pinned.get(name) ?? null;
      serviceLinks.set(id, { name, mtu, master, up: up && carrier, pinnedMac });
    } else {
      const slave = link.linkinfo?.info_slave_data;
      taps.set(id, {
        name,
        mtu,
        up,
        master,
        flood: slave?.flood ?? true,
        groupForward: Number(slave?.group_fwd_mask ?? 0),
        pinnedMac: pinned.get(name) ?? null,
      });
      if (up && carrier) carriers.add(id);
    }
  }
  return { bridges, taps, serviceLinks, strays, carriers };
}

function kindOf(link: LinkJson): 'bridge' | 'tap' | 'services' | null {
  const kind = link.linkinfo?.info_kind;
  if (kind === 'bridge' && link.ifname.startsWith(BRIDGE_PREFIX)) return 'bridge';
  if (kind === 'tun' && link.ifname.startsWith(TAP_PREFIX)) return 'tap';
  if (kind === 'veth' && link.ifname.startsWith(SERVICE_LINK_PREFIX)) return 'services';
  return null;
}

/** Everything that was read, as one. */
export function gatherFacts(links: LinkFacts, serviceNamespaces: ReadonlySet<string>): Facts {
  const { bridges, taps, serviceLinks, strays } = links;
  const portIds = new Map<string, string>();
  for (const [id, tap] of taps) portIds.set(tap.name, id);
  const namespaces = new Set(serviceNamespaces);
  return {
    bridges,
    taps,
    portIds,
    serviceLinks,
    serviceNamespaces: namespaces,
    strays,
  };
}

/** Keeps the facts in step with a change that was made, but for what failed. */
export function settleFacts(
  change: DataplaneChange,
  failed: { readonly has: (id: string) => boolean },
  facts: Facts,
): void {
  const done = <T extends { readonly id: string }>(some: readonly T[]) =>
    some.filter((one) => !failed.has(one.id));
  for (const id of change.absentPorts) {
    if (failed.has(id)) continue;
    facts.portIds.delete(facts.taps.get(id)?.name ?? '');
    facts.taps.delete(id);
  }
  for (const id of change.absentNetworks) {
    if (failed.has(id)) continue;
    facts.bridges.delete(id);
    facts.serviceLinks.delete(id);
    facts.serviceNamespaces.delete(id);
  }
  for (const network of done(change.networks)) {
    facts.bridges.set(network.id, wantedBridge(network));
    facts.serviceLinks.set(network.id, wantedServiceLink(network));
    facts.serviceNamespaces.add(network.id);
  }
  for (const port of done(change.ports)) {
    facts.taps.set(port.id, wantedTap(port));
    facts.portIds.set(port.tap, port.id);
  }
  facts.strays.clear();
}

/** The bridge that a network should have. */
export function wantedBridge(network: NetworkSpec): BridgeFacts {
  return { name: bridgeName(network.id), mtu: network.mtu, up: network.adminStateUp };
}

/**
 * Groups of bridges that a transparent port hears of: all that the kernel can forward, which is all but PAUSE. What
 * every port may hear of stands with the bridge.
 */
const ALL_GROUPS = 0xfffd;
const NO_GROUPS = 0;

/** The tap that a port should have. */
export function wantedTap(port: PortSpec): TapFacts {
  const { tap: name, mtu, adminStateUp: up, firewall } = port;
  const pinned = firewall !== null && firewall.mode !== 'transparent';
  return {
    name,
    mtu,
    up,
    master: bridgeName(port.networkId),
    // Whoever has but one address gets what is for that one, and the bridge knows where it is.
    flood: !pinned || firewall.macs.length > 1,
    groupForward: firewall?.mode === 'transparent' ? ALL_GROUPS : NO_GROUPS,
    pinnedMac: pinned ? port.mac : null,
  };
}

/** The link that a network's services should have. */
export function wantedServiceLink(network: NetworkSpec): ServiceLinkFacts {
  const { id, mtu } = network;
  const pinnedMac = serviceMac(network);
  return { name: serviceLinkName(id), mtu, master: bridgeName(id), up: true, pinnedMac };
}

/** The DHCP port's MAC; without one, one that goes with the network and that no port has: it is locally administered. */
export function serviceMac({ id, dhcp }: NetworkSpec): string {
  if (dhcp !== null) return dhcp.mac;
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 10);
  return ['02', ...(digest.match(/../g) ?? [])].join(':');
}
