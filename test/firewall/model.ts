/**
 * What the firewall should do, in plain words of TypeScript: which ports a packet reaches, and why not the others.
 * Made from `docs/compat/firewall.md` and from nothing that the data plane does.
 */
import type { DropReason, PortFirewall } from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';
import type { DataplaneChange } from '../../src/drivers/dataplane/dataplane.ts';
import { Flows, type FlowPlace } from './flows.ts';
import { groupsPass, type Known, type Passage } from './groups.ts';
import { icmp6Type, ICMP6, isDhcpServer, leave } from './leaving.ts';
import { GROUP_MACS, isUnicast, outerType, type Packet } from './packet.ts';

/** One drop that is counted, on the port and for the reason that counters show. */
export type Drop = { readonly port: string; readonly reason: DropReason };

export type Outcome = {
  /** Ids of the ports whose guests see the packet, sorted. */
  readonly arrivals: readonly string[];
  readonly drops: readonly Drop[];
};

/** A member of a network's bridge that is no server's port: `dhcp` is trusted, `ssh` is a door past all groups. */
export type Fixture = {
  readonly id: string;
  readonly networkId: string;
  readonly kind: 'dhcp' | 'ssh';
};

type Place = { readonly id: string; readonly networkId: string } & (
  | { readonly kind: 'port'; readonly mac: string; readonly firewall: PortFirewall | null }
  | Fixture
);

export class FirewallModel {
  readonly #ports = new Map<string, PortSpec>();
  readonly #known = {
    groups: new Map(),
    members: new Map(),
    addressGroups: new Map(),
  } satisfies Known;
  readonly #fixtures: readonly Fixture[];
  readonly #flows = new Map<string, Flows>();
  /** Where bridges have heard MACs, by network and MAC. */
  readonly #heard = new Map<string, string>();

  constructor(fixtures: readonly Fixture[] = []) {
    this.#fixtures = fixtures;
  }

  apply(change: DataplaneChange): void {
    const { groups, members, addressGroups } = this.#known;
    for (const { id, networkId, mac, firewall } of change.ports) {
      const was = this.#ports.get(id);
      // What was known of a pinned port's address goes when it is no longer pinned, and when it is another.
      const stays = isPinned(firewall) && was?.mac === mac;
      if (was !== undefined && isPinned(was.firewall) && !stays) {
        this.#heard.delete(`${networkId} ${was.mac}`);
      }
    }
    put(this.#ports, change.ports, change.absentPorts);
    for (const id of change.absentPorts) {
      for (const flows of this.#flows.values()) flows.forget(id);
    }
    put(groups, change.groups, change.absentGroups);
    put(members, change.members, change.absentMembers);
    put(addressGroups, change.addressGroups, change.absentAddressGroups);
  }

  /** What becomes of a packet that the guest of a port sends. */
  send(from: string, packet: Packet): Outcome {
    const sender = this.#place(from);
    const leaves = leave(packet, sender.kind === 'port' ? sender.firewall : null);
    if (leaves === 'forged') return { arrivals: [], drops: [{ port: from, reason: 'spoof' }] };

    const { networkId } = sender;
    const { body, tags = [] } = packet;
    this.#heard.set(`${networkId} ${packet.source}`, from);
    const way = this.#wayOf(networkId, packet);
    const arrivals: string[] = [];
    const drops: Drop[] = [];
    for (const receiver of this.#receivers(sender, packet)) {
      const door = receiver.kind === 'ssh';
      if (leaves === 'groups' && !door && !this.#passes(sender, 'egress', packet, way)) {
        drops.push({ port: from, reason: 'group' });
        continue;
      }
      switch (this.#enter(sender, receiver, packet, way)) {
        case 'pass':
          arrivals.push(receiver.id);
          break;
        case 'not-meant':
          break;
        case 'refused':
          drops.push({ port: receiver.id, reason: 'group' });
          break;
      }
    }
    if (body.kind === 'ip' && tags.length === 0) {
      const speaks = leaves === 'groups' && this.#passes(sender, 'egress', packet, way);
      this.#flowsOf(networkId).keep(body, arrivals.length > 0, speaks ? from : null);
    }
    return { arrivals: arrivals.toSorted(), drops };
  }

  /** A bridge knows where a MAC was heard last; what it does not know, it sends to everybody. */
  #receivers(sender: Place, packet: Packet): readonly Place[] {
    const { networkId, id } = sender;
    const others = this.#places(networkId).filter((place) => place.id !== id);
    switch (packet.destination) {
      case GROUP_MACS.pause:
        return [];
      case GROUP_MACS.lacp:
        // A bridge of the kernel lets it out of a port only where it was told to.
        return sender.kind === 'port' && sender.firewall?.mode === 'transparent' ? others : [];
    }
    if (!isUnicast(packet.destination)) return others;
    const home =
      others.find((place) => isHome(place, packet.destination))?.id ??
      this.#heard.get(`${networkId} ${packet.destination}`);
    return home === undefined
      ? others.filter(isFlooded)
      : others.filter((place) => place.id === home);
  }

  #enter(
    sender: Place,
    receiver: Place,
    packet: Packet,
    way: FlowPlace,
  ): 'pass' | 'refused' | 'not-meant' {
    if (receiver.kind !== 'port' || sender.kind === 'ssh') return 'pass';
    const { firewall } = receiver;
    if (firewall === null || firewall.mode === 'transparent') return 'pass';
    const { destination, tags = [], body } = packet;
    if (isUnicast(destination) && !firewall.macs.includes(destination)) return 'not-meant';
    if (tags.length === 0 && body.kind === 'arp') return 'pass';
    if (tags.length === 0 && body.kind === 'ip') {
      const type = icmp6Type(body);
      if (type !== null && type in ICMP_TYPES_IN) return 'pass';
      if (isDhcpServer(body)) return 'pass';
      return this.#passes(receiver, 'ingress', packet, way) ? 'pass' : 'refused';
    }
    const type = outerType(packet);
    const permitted = firewall.mode === 'l2' && type !== null && firewall.ethertypes.includes(type);
    return permitted ? 'pass' : 'refused';
  }

  #passes(
    place: Place,
    direction: Passage['direction'],
    { source, destination, body }: Packet,
    way: FlowPlace,
  ): boolean {
    if (place.kind !== 'port' || place.firewall === null || body.kind !== 'ip') return true;
    const macs = { sourceMac: source, destinationMac: destination };
    const { id, networkId } = place;
    const asked = way.way !== 'reply' || this.#flowsOf(networkId).hasSpoken(way.tuple, id);
    const own: FlowPlace = direction === 'ingress' && !asked ? { way: 'none' } : way;
    const passage = { direction, networkId, ...macs, packet: body, place: own };
    return groupsPass(place.firewall.groups, passage, this.#known);
  }

  #wayOf(networkId: string, { tags = [], body }: Packet): FlowPlace {
    if (tags.length > 0 || body.kind !== 'ip') return { way: 'none' };
    return this.#flowsOf(networkId).placeOf(body);
  }

  #flowsOf(networkId: string): Flows {
    const flows = this.#flows.get(networkId) ?? new Flows();
    this.#flows.set(networkId, flows);
    return flows;
  }

  #place(id: string): Place {
    const port = this.#ports.get(id);
    if (port !== undefined) return placeOf(port);
    const fixture = this.#fixtures.find((one) => one.id === id);
    if (fixture === undefined) throw new Error(`there is no port ${id}`);
    return fixture;
  }

  #places(networkId: string): readonly Place[] {
    const places = [...[...this.#ports.values()].map(placeOf), ...this.#fixtures];
    return places.filter((place) => place.networkId === networkId);
  }
}

/** Into every guest: answers of neighbours and routers, and questions of multicast routers; no redirects. */
const ICMP_TYPES_IN: Readonly<Record<number, true>> = Object.fromEntries(
  Object.values(ICMP6)
    .filter((type) => type !== ICMP6.redirect)
    .map((type) => [type, true]),
);

/** Where a pinned port's own MAC is, is known from the start, whoever else uses it. */
function isHome(place: Place, mac: string): boolean {
  return place.kind === 'port' && isPinned(place.firewall) && place.mac === mac;
}

/** Whether a frame for an address that was never heard goes there: not to a guest with one address, which is known. */
function isFlooded(place: Place): boolean {
  if (place.kind !== 'port' || place.firewall === null || !isPinned(place.firewall)) return true;
  return place.firewall.macs.length > 1;
}

function isPinned(firewall: PortFirewall | null): boolean {
  return firewall !== null && firewall.mode !== 'transparent';
}

function placeOf({ id, networkId, mac, firewall }: PortSpec): Place {
  return { id, networkId, kind: 'port', mac, firewall };
}

function put<T extends { readonly id: string }>(
  all: Map<string, T>,
  present: readonly T[],
  absent: readonly string[],
): void {
  for (const id of absent) all.delete(id);
  for (const one of present) all.set(one.id, one);
}
