/** Cases for the property test, by chance. */
import type {
  MemberSpec,
  PortFirewall,
  SecurityGroupSpec,
  SecurityRemote,
  SecurityRuleSpec,
} from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';
import { hostOfSlot, networkOfSlot, sayPort, sayRule, SLOTS } from './case.ts';
import type { Case, State, Step } from './case.ts';
import { generateFlow, generateTwin } from './generate-packets.ts';
import type { Random } from './random.ts';
import { NO_LIMITS } from './table-subjects.ts';

const GROUPS = ['@group0', '@group1', '@group2'] as const;
const SETS = ['@set0', '@set1'] as const;
const CIDRS = {
  4: ['@a.1/32', '@a.2/32', '@a.0/30', '@a.0/24', '0.0.0.0/0', '@a.9/32'],
  6: ['@b::1/128', '@b::2/128', '@b::/126', '@b::/64', '::/0', 'fe80::/10'],
} as const;
/** With ports, ICMP, and others of which only the number counts. */
const PROTOCOLS = { 4: [6, 17, 132, 136, 1, 2, 253], 6: [6, 17, 132, 136, 58, 253] } as const;
const WITH_PORTS: readonly number[] = [6, 17, 132, 136];
const PORTS = [53, 1000, 1001, 1002, 2000] as const;
const ICMP_TYPES = { 4: [8, 8, 0, 3, 13], 6: [128, 128, 129, 1, 137] } as const;
const ETHERTYPES = [0x8100, 0x88a8, 0x88b5, 0x88cc];

export function generateCase(random: Random): Case {
  const groups = GROUPS.map((id, index) => generateGroup(random, id, index * 100));
  const ports = SLOTS.map((slot) => generatePort(random, slot));
  const start: State = {
    ports,
    groups,
    addressGroups: SETS.map((id) => ({ id, cidrs: generateCidrs(random) })),
    members: membersOf(ports, groups),
  };
  const talks = random.many(4 + random.below(6), () => generateFlow(random, ports));
  const twins = random.some(talks, 0.3).map((talk) => generateTwin(random, talk));
  const flows = [...talks, ...twins].map((talk) => [...talk]);
  const steps: Step[] = [];
  let state = start;
  for (let rule = 1000; flows.some((flow) => flow.length > 0); rule += 1) {
    if (random.chance(0.08)) {
      const changed = generateChange(random, state, rule);
      state = changed.state;
      steps.push(changed.step);
    }
    const flow = random.pick(flows.filter((one) => one.length > 0));
    // A few of one flow at a time: a change of senders costs a wait.
    for (const packet of flow.splice(0, 1 + random.below(3))) steps.push(packet);
  }
  return { start, steps };
}

function generateGroup(random: Random, id: string, firstRule: number): SecurityGroupSpec {
  const count = 1 + random.below(8);
  const rules = random.many(count, (index) => generateRule(random, `@rule${firstRule + index}`));
  return { id, stateful: random.chance(0.75), rules };
}

function generateRule(random: Random, id: string): SecurityRuleSpec {
  const version = random.chance(0.7) ? 4 : 6;
  const protocol = random.chance(0.55) ? null : random.pick(PROTOCOLS[version]);
  return {
    id,
    direction: random.chance(0.5) ? 'ingress' : 'egress',
    version,
    protocol,
    ports: generateRange(random, version, protocol),
    remote: generateRemote(random, version),
  };
}

function generateRange(
  random: Random,
  version: 4 | 6,
  protocol: number | null,
): SecurityRuleSpec['ports'] {
  if (protocol === null || random.chance(0.3)) return null;
  if (protocol === 1 || protocol === 58) {
    return { min: random.pick(ICMP_TYPES[version]), max: random.pick([null, null, 0, 1, 3]) };
  }
  if (!WITH_PORTS.includes(protocol)) return null;
  const [one, other] = [random.pick(PORTS), random.pick(PORTS)];
  return { min: Math.min(one, other), max: Math.max(one, other) };
}

function generateRemote(random: Random, version: 4 | 6): SecurityRemote {
  const kind = random.pick([
    'any',
    'any',
    'any',
    'cidr',
    'cidr',
    'group',
    'group',
    'address-group',
  ] as const);
  switch (kind) {
    case 'any':
      return { kind };
    case 'cidr':
      return { kind, cidr: random.pick(CIDRS[version]) };
    case 'group':
      return { kind, id: random.pick(GROUPS) };
    case 'address-group':
      return { kind, id: random.pick(SETS) };
  }
}

function generateCidrs(random: Random): readonly string[] {
  return random.some([...CIDRS[4], ...CIDRS[6]], 0.25).toSorted();
}

function generatePort(random: Random, slot: number): PortSpec {
  const mac = `@mac${hostOfSlot(slot)}`;
  return {
    id: `@port${slot}`,
    networkId: networkOfSlot(slot),
    tap: `@tap${slot}`,
    mac,
    mtu: 1450,
    adminStateUp: true,
    firewall: random.chance(0.12) ? null : generateFirewall(random, hostOfSlot(slot), mac),
    storm: NO_LIMITS,
  };
}

function generateFirewall(random: Random, host: number, mac: string): PortFirewall {
  const mode = random.pick(['strict', 'strict', 'strict', 'l2', 'l2', 'transparent'] as const);
  const own = [
    { mac, cidr: `@a.${host}/32` },
    { mac, cidr: `@b::${host}/128` },
  ];
  const extra = [
    { mac, cidr: '@a.8/30' },
    { mac, cidr: '0.0.0.0/0' },
    { mac, cidr: '::/0' },
    { mac: '@mac9', cidr: '@a.9/32' },
  ];
  const pairs = [...random.some(own, mode === 'l2' ? 0.4 : 0.85), ...random.some(extra, 0.1)];
  const ethertypes = mode === 'l2' ? random.some(ETHERTYPES, 0.4) : [];
  const macs = [...new Set([mac, ...pairs.map((pair) => pair.mac)])];
  return { mode, macs, pairs, ethertypes, groups: random.some(GROUPS, 0.6) };
}

/** Ports as the remote of rules; one more is on another host. An `l2` port without addresses is known by its MAC. */
function membersOf(
  ports: readonly PortSpec[],
  groups: readonly SecurityGroupSpec[],
): readonly MemberSpec[] {
  const named = new Set(
    groups.flatMap(({ rules }) =>
      rules.flatMap(({ remote }) => (remote.kind === 'group' ? [remote.id] : [])),
    ),
  );
  const members = ports.flatMap(({ id, networkId, firewall }): MemberSpec[] => {
    const own = (firewall?.groups ?? []).filter((group) => named.has(group));
    if (firewall === null || own.length === 0) return [];
    const cidrs = [...new Set(firewall.pairs.map((pair) => pair.cidr))].toSorted();
    return [{ id, networkId, groups: own, macs: firewall.macs, cidrs }];
  });
  const away = { networkId: '@net0', macs: ['@mac20'], cidrs: ['@a.20/32', '@b::20/128'] };
  return [...members, { ...away, id: '@member0', groups: [...named].toSorted() }];
}

type Changed = { readonly state: State; readonly step: Step };

function generateChange(random: Random, state: State, rule: number): Changed {
  const kind = random.pick([
    'rule goes',
    'rule goes',
    'rule comes',
    'port',
    'port',
    'addresses',
  ] as const);
  switch (kind) {
    case 'rule goes': {
      const group = random.pick(state.groups);
      const gone = group.rules[random.below(group.rules.length)];
      const rules = group.rules.filter((one) => one !== gone);
      return change(state, `${group.id} loses ${gone?.id ?? 'nothing'}`, {
        groups: put(state.groups, { ...group, rules }),
      });
    }
    case 'rule comes': {
      const group = random.pick(state.groups);
      const comes = generateRule(random, `@rule${rule}`);
      return change(state, `${group.id} gains ${sayRule(comes)}`, {
        groups: put(state.groups, { ...group, rules: [...group.rules, comes] }),
      });
    }
    case 'port': {
      const port = random.pick(state.ports);
      const firewall = random.chance(0.3)
        ? generatePort(random, SLOTS[state.ports.indexOf(port)] ?? 0).firewall
        : port.firewall && { ...port.firewall, groups: random.some(GROUPS, 0.6) };
      const next = { ...port, firewall };
      return change(state, `becomes: ${sayPort(next)}`, { ports: put(state.ports, next) });
    }
    case 'addresses': {
      const next = { id: random.pick(SETS), cidrs: generateCidrs(random) };
      return change(state, `addresses ${next.id} become ${next.cidrs.join(', ')}`, {
        addressGroups: put(state.addressGroups, next),
      });
    }
  }
}

/** The step names only what is other than before, as the document's deltas do. */
function change(before: State, what: string, parts: Partial<State>): Changed {
  const next = { ...before, ...parts };
  const state = { ...next, members: membersOf(next.ports, next.groups) };
  const step: Step = {
    kind: 'change',
    what,
    change: {
      ports: differing(state.ports, before.ports),
      groups: differing(state.groups, before.groups),
      addressGroups: differing(state.addressGroups, before.addressGroups),
      members: differing(state.members, before.members),
      absentMembers: before.members
        .map((member) => member.id)
        .filter((id) => !state.members.some((member) => member.id === id)),
    },
  };
  return { state, step };
}

function differing<T extends { readonly id: string }>(
  now: readonly T[],
  before: readonly T[],
): T[] {
  const texts = new Map(before.map((one) => [one.id, JSON.stringify(one)]));
  return now.filter((one) => texts.get(one.id) !== JSON.stringify(one));
}

function put<T extends { readonly id: string }>(all: readonly T[], next: T): readonly T[] {
  return all.map((one) => (one.id === next.id ? next : one));
}
