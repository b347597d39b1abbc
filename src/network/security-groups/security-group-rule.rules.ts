/** What makes a security group rule valid, and when two say the same. Pure. */
import { formatCidr, parseCidr } from '#base/net/cidr.ts';
import {
  duplicateRuleInPost,
  ethertypeAndCidrConflict,
  ethertypeAndProtocolConflict,
  invalidIcmpValue,
  invalidPort,
  invalidPortRange,
  missingIcmpType,
  noPortsForProtocol,
  protocolRequiredWithPorts,
  rulesOfSeveralGroups,
  rulesOfSeveralProjects,
  severalRemotes,
} from './security-group.faults.ts';
import {
  hasPorts,
  ICMP,
  ICMPV6,
  isIpv6Only,
  PORT_PROTOCOL_NAMES,
  protocolNumber,
} from './protocols.ts';

/** What a rule admits, by the names of the wire. */
export type RuleMatch = {
  readonly direction: 'ingress' | 'egress';
  readonly ethertype: 'IPv4' | 'IPv6';
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: string | null;
  readonly remote_address_group_id: string | null;
};

/** The network that a remote prefix stands for: no address bits beyond the length. */
export function normalisedCidrOf(prefix: string | null): string | null {
  const cidr = prefix === null ? undefined : parseCidr(prefix);
  return cidr ? formatCidr(cidr) : null;
}

/** The rule as it is kept. Throws what Neutron throws, and in its order. */
export function normaliseRule<R extends RuleMatch>(wanted: R): R {
  const rule = { ...wanted, ...canonicalProtocol(wanted), ...canonicalPorts(wanted) };
  checkPorts(rule);
  checkPrefix(rule);
  if (
    rule.ethertype === 'IPv4' &&
    rule.protocol !== null &&
    isIpv6Only(protocolNumber(rule.protocol))
  ) {
    throw ethertypeAndProtocolConflict(rule.ethertype, rule.protocol);
  }
  const remotes = [rule.remote_ip_prefix, rule.remote_group_id, rule.remote_address_group_id];
  if (remotes.filter(Boolean).length > 1) throw severalRemotes();
  return rule;
}

/** With IPv6, whoever says ICMP means ICMPv6. */
function canonicalProtocol({ ethertype, protocol }: RuleMatch): Pick<RuleMatch, 'protocol'> {
  if (ethertype === 'IPv6' && (protocol === 'icmp' || protocol === 'icmpv6')) {
    return { protocol: 'ipv6-icmp' };
  }
  if (ethertype === 'IPv6' && protocol === String(ICMP)) return { protocol: String(ICMPV6) };
  return { protocol };
}

/** All ports are the same as no ports named. */
function canonicalPorts(rule: RuleMatch): Pick<RuleMatch, 'port_range_min' | 'port_range_max'> {
  const { port_range_min, port_range_max } = rule;
  return port_range_min === 1 && port_range_max === 65535
    ? { port_range_min: null, port_range_max: null }
    : { port_range_min, port_range_max };
}

function checkPorts({ protocol, port_range_min: min, port_range_max: max }: RuleMatch): void {
  if (min === null && max === null) return;
  if (protocol === null) throw protocolRequiredWithPorts();
  const number = protocolNumber(protocol);
  if (hasPorts(number)) {
    if (min === 0 || max === 0) throw invalidPort(0);
    if (min === null || max === null || min > max) throw invalidPortRange();
  } else if (number === ICMP || number === ICMPV6) {
    if (min !== null && min > 255) throw invalidIcmpValue('type', min);
    if (max !== null && max > 255) throw invalidIcmpValue('code', max);
    if (min === null && max !== null) throw missingIcmpType(max);
  } else {
    throw noPortsForProtocol(number, PORT_PROTOCOL_NAMES);
  }
}

function checkPrefix({ ethertype, remote_ip_prefix: prefix }: RuleMatch): void {
  if (prefix === null) return;
  const isIpv6 = prefix.includes(':');
  if (isIpv6 !== (ethertype === 'IPv6')) throw ethertypeAndCidrConflict(ethertype, prefix);
}

/** A text that two rules share when they admit the same. */
export function ruleKey(rule: RuleMatch): string {
  const prefix = rule.remote_ip_prefix;
  return JSON.stringify([
    rule.direction,
    rule.ethertype,
    rule.protocol === null ? null : protocolNumber(canonicalProtocol(rule).protocol ?? ''),
    rule.port_range_min,
    rule.port_range_max,
    rule.remote_group_id,
    rule.remote_address_group_id,
    prefix === '0.0.0.0/0' || prefix === '::/0' ? null : prefix,
  ]);
}

/** Refuses two rules in one request that say the same. */
export function checkDistinct(rules: readonly RuleMatch[]): void {
  if (new Set(rules.map(ruleKey)).size < rules.length) throw duplicateRuleInPost();
}

/** Rules that are made together are of one group and one project. */
export function checkTogether(
  rules: readonly { readonly security_group_id: string; readonly project_id: string }[],
): void {
  for (const rule of rules) {
    if (rule.security_group_id !== rules[0]?.security_group_id) throw rulesOfSeveralGroups();
    if (rule.project_id !== rules[0].project_id) throw rulesOfSeveralProjects();
  }
}
