/** Security groups and their rules as chains. */
import type { SecurityGroupSpec, SecurityRuleSpec } from '#base/host/firewall.ts';
import { parseCidr } from '#base/net/cidr.ts';
import { sayCidr } from './cidrs.ts';
import type { ChainItem, Part, Rule } from './contents.ts';
import type { Engine } from './engine.ts';
import { chainOf } from './items.ts';
import { UNTRACKED_PORTS } from './flow-chains.ts';
import { remoteChain, remoteSets, type RemoteChain } from './remotes.ts';

export function groupChainName(id: string, direction: 'ingress' | 'egress'): string {
  return `group-${id}-${direction === 'ingress' ? 'in' : 'out'}`;
}

/** One chain for each direction, a rule in it for each rule of the group, and what its remotes need. */
export function groupPart(group: SecurityGroupSpec, engine: Engine): Part {
  const remotes = new Map<string, RemoteChain>();
  const chains = (['ingress', 'egress'] as const).map((direction): ChainItem => {
    const rules = group.rules
      .filter((rule) => rule.direction === direction)
      .flatMap((rule) => rulesOf(rule, group.stateful, remotes));
    return chainOf('groups', groupChainName(group.id, direction), rules);
  });
  return {
    sets: [...remotes.values()].flatMap(({ remote, version }) => remoteSets(remote, version)),
    chains: [...chains, ...[...remotes.values()].map((one) => remoteChain(one, engine))],
    elements: [],
  };
}

/** TCP, UDP, DCCP, SCTP and UDP-Lite, in whose headers the ports stand at the same place. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

function rulesOf(
  rule: SecurityRuleSpec,
  stateful: boolean,
  remotes: Map<string, RemoteChain>,
): readonly Rule[] {
  if (!stateful) return [ruleOf(rule, headerMatch(rule), stateful, remotes)];
  const { protocol, ports } = rule;
  if (protocol === null || ports === null || !UNTRACKED_PORTS.includes(protocol)) {
    return [ruleOf(rule, flowMatch(rule), stateful, remotes)];
  }
  const range = span(ports.min, ports.max ?? ports.min);
  const own = `meta l4proto ${protocol}`;
  const matches = [
    [own, `ct direction original th dport ${range}`],
    [own, `ct direction reply th sport ${range}`],
    // Errors about it have no ports of their own: they pass where the kernel knows those of the flow.
    [`meta l4proto != ${protocol}`, ...flowMatch(rule)],
  ];
  return matches.map((match) => ruleOf(rule, match, stateful, remotes));
}

function ruleOf(
  rule: SecurityRuleSpec,
  match: readonly string[],
  stateful: boolean,
  remotes: Map<string, RemoteChain>,
): Rule {
  // Not `meta nfproto`, which the bridge family has not.
  const words = [`meta protocol ${ipWord(rule.version)}`, ...match];
  const { remote, version, direction } = rule;
  const side = direction === 'ingress' ? 'saddr' : 'daddr';
  const pass = stateful ? 'goto pass' : 'goto passed';
  if (remote.kind === 'cidr') {
    const cidr = parseCidr(remote.cidr);
    if (cidr === undefined)
      throw new Error(`the rule ${rule.id} has no network but '${remote.cidr}'`);
    const address = stateful ? `ct original ${ipWord(version)}` : ipWord(version);
    words.push(`${address} ${side} ${sayCidr(cidr)}`, pass);
  } else if (remote.kind === 'any') {
    words.push(pass);
  } else {
    const chain: RemoteChain = { remote, version, side, stateful, name: '' };
    const name = remoteName(chain);
    remotes.set(name, { ...chain, name });
    words.push(`jump ${name}`);
  }
  return { text: words.join(' '), note: rule.id };
}

function remoteName({ remote, version, side, stateful }: RemoteChain): string {
  const what = remote.kind === 'group' ? 'members' : 'addresses';
  const of = stateful ? 'flow' : 'packet';
  return `${what}-${remote.id}-${version}-${of}-${side}`;
}

/** How a flow began: conntrack has the ICMP type and code where it has ports of other protocols. */
function flowMatch({ protocol, ports, version }: SecurityRuleSpec): readonly string[] {
  if (protocol === null) return [];
  if (ports === null) return [`ct protocol ${protocol}`];
  // `nft` reads ports of flows only where it has read of which version they are.
  const words = [`ct l3proto ipv${version}`, `ct protocol ${protocol}`];
  if (WITH_PORTS.has(protocol)) {
    return [...words, `ct original proto-dst ${span(ports.min, ports.max ?? ports.min)}`];
  }
  const first = ports.min * 256 + (ports.max ?? 0);
  const last = ports.min * 256 + (ports.max ?? 255);
  return [...words, `ct original proto-dst ${span(first, last)}`];
}

/** What stands in the packet itself. */
function headerMatch({ protocol, ports, version }: SecurityRuleSpec): readonly string[] {
  if (protocol === null) return [];
  const words = [`meta l4proto ${protocol}`];
  if (ports === null) return words;
  if (WITH_PORTS.has(protocol)) {
    return [...words, `th dport ${span(ports.min, ports.max ?? ports.min)}`];
  }
  const icmp = version === 4 ? 'icmp' : 'icmpv6';
  words.push(`${icmp} type ${ports.min}`);
  if (ports.max !== null) words.push(`${icmp} code ${ports.max}`);
  return words;
}

function span(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function ipWord(version: 4 | 6): string {
  return version === 4 ? 'ip' : 'ip6';
}
