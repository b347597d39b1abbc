/** Rows as what a host's firewall should hold: what a port lets through, groups, and members of groups. Pure. */
import type {
  MemberSpec,
  PortFirewall,
  PortMode,
  SecurityGroupSpec,
  SecurityRemote,
  SecurityRuleSpec,
} from '#base/host/firewall.ts';
import { formatCidr, parseCidr } from '#base/net/cidr.ts';
import type { AddressPair } from '../ports/address-pairs.ts';
import { hasPorts, ICMP, ICMPV6, protocolNumber } from '../security-groups/protocols.ts';
import type { RuleMatch } from '../security-groups/security-group-rule.rules.ts';

/** What the firewall is told of a port. */
export type FirewallPort = {
  readonly id: string;
  readonly networkId: string;
  readonly mac: string;
  readonly deviceOwner: string;
  readonly portSecurity: boolean;
  readonly mode: PortMode;
  readonly ethertypes: readonly number[];
  readonly pairs: readonly AddressPair[];
  /** Its fixed IPs. */
  readonly addresses: readonly string[];
  /** Ids of its security groups. */
  readonly groups: readonly string[];
};

/** What may pass the port. What does not count in its mode is left out, so that nobody is told of it. */
export function firewallOf(port: FirewallPort): PortFirewall | null {
  if (!port.portSecurity) return null;
  return {
    mode: port.mode,
    macs: macsOf(port),
    pairs: port.mode === 'strict' ? pairsOf(port) : [],
    ethertypes: port.mode === 'l2' ? sorted(port.ethertypes, (one, other) => one - other) : [],
    groups: port.mode === 'transparent' ? [] : sorted(port.groups),
  };
}

/** The port as a remote of rules; undefined when it is in none of the groups that rules name. */
export function memberOf(
  port: FirewallPort,
  isNamed: (groupId: string) => boolean,
): MemberSpec | undefined {
  // The cloud's own ports are trusted by other means than groups.
  if (port.deviceOwner.startsWith('network:')) return undefined;
  const groups = sorted(port.groups.filter(isNamed));
  if (groups.length === 0) return undefined;
  const { id, networkId } = port;
  // compat: as in Neutron, a port's allowed address pairs are members beside its own addresses.
  const cidrs = sorted(pairsOf(port).map((pair) => pair.cidr));
  return { id, networkId, groups, macs: macsOf(port), cidrs };
}

function macsOf({ mac, pairs }: FirewallPort): readonly string[] {
  return [...new Set([mac, ...pairs.map((pair) => pair.mac_address)])];
}

function pairsOf({ mac, addresses, pairs }: FirewallPort): PortFirewall['pairs'] {
  const all = [
    ...addresses.map((ip) => ({ mac, cidr: canonicalCidr(ip) })),
    ...pairs.map((pair) => ({ mac: pair.mac_address, cidr: canonicalCidr(pair.ip_address) })),
  ];
  const byKey = new Map(all.map((pair) => [`${pair.mac} ${pair.cidr}`, pair]));
  return sorted([...byKey.keys()]).flatMap((key) => byKey.get(key) ?? []);
}

/** A group with its rules, in the order of their ids. */
export function groupSpec(
  group: { readonly id: string; readonly stateful: 0 | 1 },
  rules: readonly (RuleMatch & { readonly id: string })[],
): SecurityGroupSpec {
  return {
    id: group.id,
    stateful: group.stateful === 1,
    rules: rules.map(ruleSpec).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
  };
}

function ruleSpec(rule: RuleMatch & { readonly id: string }): SecurityRuleSpec {
  const version = rule.ethertype === 'IPv6' ? 6 : 4;
  const protocol = protocolOf(rule, version);
  return {
    id: rule.id,
    direction: rule.direction,
    version,
    protocol,
    ports: portsOf(rule, protocol),
    remote: remoteOf(rule),
  };
}

function protocolOf({ protocol }: RuleMatch, version: 4 | 6): number | null {
  if (protocol === null) return null;
  const number = protocolNumber(protocol);
  if (version === 6 && number === ICMP) return ICMPV6;
  // compat: protocol 0 (`ip`, `hopopt`) is every protocol, as it is for iptables.
  return number === 0 ? null : number;
}

function portsOf(
  { port_range_min: min, port_range_max: max }: RuleMatch,
  protocol: number | null,
): SecurityRuleSpec['ports'] {
  if (protocol === null || min === null) return null;
  if (protocol === ICMP || protocol === ICMPV6) return { min, max };
  return hasPorts(protocol) ? { min, max: max ?? min } : null;
}

function remoteOf(rule: RuleMatch): SecurityRemote {
  if (rule.remote_group_id !== null) return { kind: 'group', id: rule.remote_group_id };
  if (rule.remote_address_group_id !== null) {
    return { kind: 'address-group', id: rule.remote_address_group_id };
  }
  if (rule.remote_ip_prefix === null) return { kind: 'any' };
  const cidr = canonicalCidr(rule.remote_ip_prefix);
  return cidr.endsWith('/0') ? { kind: 'any' } : { kind: 'cidr', cidr };
}

/** The ids of what a group's rules name as remotes. */
export function remotesOf({ rules }: SecurityGroupSpec): {
  readonly groups: readonly string[];
  readonly addressGroups: readonly string[];
} {
  const groups = new Set<string>();
  const addressGroups = new Set<string>();
  for (const { remote } of rules) {
    if (remote.kind === 'group') groups.add(remote.id);
    if (remote.kind === 'address-group') addressGroups.add(remote.id);
  }
  return { groups: [...groups], addressGroups: [...addressGroups] };
}

/** An address, or a network with its length, as a network without bits beyond its length. */
function canonicalCidr(text: string): string {
  const whole = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`;
  const cidr = parseCidr(whole);
  if (!cidr) throw new Error(`'${text}' was kept as an address, and is none`);
  return formatCidr(cidr);
}

/** Each once, in order: so that what is equal looks equal. */
function sorted<T>(values: readonly T[], compare?: (one: T, other: T) => number): readonly T[] {
  return [...new Set(values)].toSorted(compare);
}
