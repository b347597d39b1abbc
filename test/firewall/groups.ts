/** What security groups let through: a part of the model. */
import type { SecurityRuleSpec, SecurityGroupSpec } from '#base/host/firewall.ts';
import type { AddressGroupSpec, MemberSpec } from '#base/host/firewall.ts';
import { tupleOf, type FlowPlace, type Tuple } from './flows.ts';
import { contains } from './leaving.ts';
import { PORT_PROTOCOLS, type IpPacket } from './packet.ts';

export type Known = {
  readonly groups: ReadonlyMap<string, SecurityGroupSpec>;
  readonly members: ReadonlyMap<string, MemberSpec>;
  readonly addressGroups: ReadonlyMap<string, AddressGroupSpec>;
};

/** A packet on its way through one port. */
export type Passage = {
  /** `egress`: out of the guest. */
  readonly direction: 'ingress' | 'egress';
  readonly networkId: string;
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly packet: IpPacket;
  readonly place: FlowPlace;
};

/** One group is enough. A group that is not known here lets nothing through. */
export function groupsPass(ids: readonly string[], passage: Passage, known: Known): boolean {
  return ids.some((id) => {
    const group = known.groups.get(id);
    if (group === undefined) return false;
    return group.stateful
      ? flowPasses(group, passage, known)
      : matches(group, { ...passage, tuple: tupleOf(passage.packet) }, known);
  });
}

/**
 * A stateful group judges how the flow began. So an answer out of a port passes when the port's rules for what comes
 * in let the question in: at the other port too, the other way round.
 */
function flowPasses(group: SecurityGroupSpec, passage: Passage, known: Known): boolean {
  const { place, direction } = passage;
  if (place.way === 'none') return false;
  const { tuple } = place;
  if (place.way === 'original') return matches(group, { ...passage, tuple }, known);
  const turned = direction === 'ingress' ? 'egress' : 'ingress';
  const { sourceMac, destinationMac } = passage;
  const began = { sourceMac: destinationMac, destinationMac: sourceMac };
  return matches(group, { ...passage, ...began, direction: turned, tuple }, known);
}

type Case = Omit<Passage, 'packet' | 'place'> & { readonly tuple: Tuple };

function matches(group: SecurityGroupSpec, one: Case, known: Known): boolean {
  return group.rules.some(
    (rule) =>
      rule.direction === one.direction &&
      rule.version === one.tuple.version &&
      matchesProtocol(rule, one.tuple) &&
      matchesRemote(rule, one, known),
  );
}

const WITH_PORTS: ReadonlySet<number> = new Set(Object.values(PORT_PROTOCOLS));

function matchesProtocol({ protocol, ports }: SecurityRuleSpec, tuple: Tuple): boolean {
  if (protocol === null) return true;
  if (protocol !== tuple.protocol) return false;
  if (ports === null) return true;
  const { min, max } = ports;
  if (WITH_PORTS.has(protocol)) {
    const [, port = 0] = tuple.detail;
    return port >= min && port <= (max ?? min);
  }
  const [, type, code] = tuple.detail;
  return type === min && (max === null || code === max);
}

/** The remote is who the flow came from where it comes in, and who it goes to where it goes out. */
function matchesRemote({ remote, direction }: SecurityRuleSpec, one: Case, known: Known): boolean {
  const address = direction === 'ingress' ? one.tuple.source : one.tuple.destination;
  const mac = direction === 'ingress' ? one.sourceMac : one.destinationMac;
  switch (remote.kind) {
    case 'any':
      return true;
    case 'cidr':
      return contains(remote.cidr, address);
    case 'address-group':
      return (
        known.addressGroups.get(remote.id)?.cidrs.some((cidr) => contains(cidr, address)) ?? false
      );
    case 'group':
      return [...known.members.values()]
        .filter((member) => member.groups.includes(remote.id))
        .some((member) =>
          member.cidrs.length === 0
            ? member.networkId === one.networkId && member.macs.includes(mac)
            : member.cidrs.some((cidr) => contains(cidr, address)),
        );
  }
}
