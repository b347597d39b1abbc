/**
 * The other side of rules that name a group: sets of what its members have, or of what an address group holds, and
 * chains that look there. However many members there are, a rule is one rule.
 */
import type { AddressGroupSpec, MemberSpec, SecurityRemote } from '#base/host/firewall.ts';
import { isHost, outermostOf, sayCidr } from './cidrs.ts';
import type { ChainItem, ElementItem, Part, Rule, SetItem } from './contents.ts';
import { bridgeField, type Engine } from './engine.ts';
import { chainOf, elementOf, quoted } from './items.ts';
import { bridgeName } from '../names.ts';

export type NamedRemote = Extract<SecurityRemote, { id: string }>;

/** The chain that a rule jumps to; it passes what comes from the remote (`saddr`) or goes there (`daddr`). */
export type RemoteChain = {
  readonly name: string;
  readonly remote: NamedRemote;
  readonly version: 4 | 6;
  readonly side: 'saddr' | 'daddr';
  readonly stateful: boolean;
};

const TYPES = { 4: 'ipv4_addr', 6: 'ipv6_addr' } as const;

function setName(remote: NamedRemote, what: '4' | '6' | '4-nets' | '6-nets' | 'macs'): string {
  return `${remote.kind === 'group' ? 'members' : 'addresses'}-${remote.id}-${what}`;
}

function groupSet(name: string, text: string): SetItem {
  return { kind: 'set', table: 'groups', name, text };
}

/** The sets that hold a remote. */
export function remoteSets(remote: NamedRemote, version: 4 | 6): readonly SetItem[] {
  const sets = [
    groupSet(setName(remote, `${version}`), `type ${TYPES[version]};`),
    // Networks stand with all protocols beside them: sets of that shape can be changed in any order.
    groupSet(
      setName(remote, `${version}-nets`),
      `type ${TYPES[version]} . inet_proto; flags interval;`,
    ),
  ];
  if (remote.kind === 'group') {
    sets.push(groupSet(setName(remote, 'macs'), 'type ifname . ether_addr;'));
  }
  return sets;
}

export function remoteChain(chain: RemoteChain, engine: Engine): ChainItem {
  const { name, remote, version, side, stateful } = chain;
  const ip = version === 4 ? 'ip' : 'ip6';
  const address = stateful ? `ct original ${ip} ${side}` : `${ip} ${side}`;
  const protocol = stateful ? 'ct protocol' : 'meta l4proto';
  const pass = stateful ? 'goto pass' : 'goto passed';
  const rules = [
    `${address} @${setName(remote, `${version}`)} ${pass}`,
    `${address} . ${protocol} @${setName(remote, `${version}-nets`)} ${pass}`,
  ];
  if (remote.kind === 'group') {
    // Never remembered with the flow: to use another's addresses is not to have its MAC.
    const macs = `@${setName(remote, 'macs')} goto passed`;
    const bridge = bridgeField(engine);
    const other = side === 'saddr' ? 'daddr' : 'saddr';
    if (stateful) {
      rules.push(
        `ct direction original ${bridge} . ether ${side} ${macs}`,
        `ct direction reply ${bridge} . ether ${other} ${macs}`,
      );
    } else {
      rules.push(`${bridge} . ether ${side} ${macs}`);
    }
  }
  return chainOf(
    'groups',
    name,
    rules.map((text): Rule => ({ text, note: '' })),
  );
}

/** One member of groups, without the networks that it may speak for. */
export function memberPart(member: MemberSpec): Part {
  const sets: SetItem[] = [];
  const elements: ElementItem[] = [];
  for (const id of member.groups) {
    const remote: NamedRemote = { kind: 'group', id };
    sets.push(...remoteSets(remote, 4), ...remoteSets(remote, 6));
    if (member.cidrs.length === 0) {
      const bridge = quoted(bridgeName(member.networkId));
      for (const mac of member.macs) {
        elements.push(elementOf('groups', setName(remote, 'macs'), [bridge, mac]));
      }
    }
    for (const cidr of outermostOf(member.cidrs).filter(isHost)) {
      elements.push(elementOf('groups', setName(remote, `${cidr.version}`), [sayCidr(cidr)]));
    }
  }
  return { sets, chains: [], elements };
}

/** The networks that members of one group may speak for: of all together, since one may lie within another's. */
export function memberNetsPart(groupId: string, cidrs: readonly string[]): Part {
  return netsPart({ kind: 'group', id: groupId }, cidrs);
}

export function addressGroupPart(group: AddressGroupSpec): Part {
  const remote: NamedRemote = { kind: 'address-group', id: group.id };
  const nets = netsPart(remote, group.cidrs);
  const hosts = outermostOf(group.cidrs)
    .filter(isHost)
    .map((cidr) => elementOf('groups', setName(remote, `${cidr.version}`), [sayCidr(cidr)]));
  return { ...nets, elements: [...nets.elements, ...hosts] };
}

function netsPart(remote: NamedRemote, cidrs: readonly string[]): Part {
  const elements = outermostOf(cidrs)
    .filter((cidr) => !isHost(cidr))
    .map((cidr) =>
      elementOf('groups', setName(remote, `${cidr.version}-nets`), [sayCidr(cidr), '0-255']),
    );
  return { sets: [...remoteSets(remote, 4), ...remoteSets(remote, 6)], chains: [], elements };
}
