/** The firewall of one host: plans each change as one transaction, and knows what is in force. */
import type { AddressGroupSpec, MemberSpec, SecurityGroupSpec } from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { DataplaneChange } from '../../dataplane.ts';
import { serviceMac } from '../facts.ts';
import { bridgeName } from '../names.ts';
import { legMac, wantedLeg } from '../uplink/uplink-leg.ts';
import { isHost, outermostOf } from './cidrs.ts';
import { Ledger, narrows, type Delta, type Part } from './contents.ts';
import { elementOf, NO_PART, quoted } from './items.ts';
import { hex, Numbers } from './marks.ts';
import { CLEARINGS, LOOP_ACTIONS, portPart } from './port-part.ts';
import type { FoundRuleset } from './read-ruleset.ts';
import { addressGroupPart, memberNetsPart, memberPart } from './remotes.ts';
import { groupPart } from './group-part.ts';
import { makeTables } from './skeleton.ts';
import { writeTransaction } from './script.ts';
import type { Engine } from './engine.ts';

/** What a host is to change, with the taps that ports which go have had. */
export type FirewallChange = Omit<DataplaneChange, 'absentPorts'> & {
  readonly absentPorts: readonly { readonly id: string; readonly tap: string }[];
};

/** A change that was planned: `text` is its transaction, '' when all is so already. */
export type FirewallPlan = {
  readonly text: string;
  /** To be called when the kernel has taken the transaction. */
  readonly settle: () => void;
};

/** Owner of whatever was found in the kernel and has not been asked for again so far. */
const FOUND = 'found';

type Specs = {
  readonly networks: ReadonlyMap<string, NetworkSpec>;
  readonly ports: ReadonlyMap<string, PortSpec>;
  readonly groups: ReadonlyMap<string, SecurityGroupSpec>;
  readonly members: ReadonlyMap<string, MemberSpec>;
  readonly addressGroups: ReadonlyMap<string, AddressGroupSpec>;
};

const NO_SPECS: Specs = {
  networks: new Map(),
  ports: new Map(),
  groups: new Map(),
  members: new Map(),
  addressGroups: new Map(),
};

export class Firewall {
  readonly #engine: Engine;
  #ledger = new Ledger();
  #ready = false;
  #ports = Numbers.forPorts(new Map());
  #networks = Numbers.forNetworks(new Map());
  #generation = 0;
  #specs: Specs = NO_SPECS;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Takes in what the kernel has. Where that is what was put in force here, nothing is to be done. Else the next
   * whole change puts everything that is known here in force again, and drops what nobody asked for.
   */
  find(found: FoundRuleset): void {
    if (found.ready && this.#ready && this.#ledger.matches(found.contents)) return;
    this.#ledger = new Ledger();
    this.#ledger.settle(new Map([[FOUND, found.contents]]));
    this.#ready = found.ready;
    this.#ports = Numbers.forPorts(found.ports);
    this.#networks = Numbers.forNetworks(found.networks);
    this.#generation = Math.max(0, ...found.generations);
  }

  /** The ids of what is in force here, beside networks and ports. */
  ids(): Readonly<Record<'groups' | 'members' | 'addressGroups', readonly string[]>> {
    const { groups, members, addressGroups } = this.#specs;
    return {
      groups: [...groups.keys()],
      members: [...members.keys()],
      addressGroups: [...addressGroups.keys()],
    };
  }

  /** The change together with all that is known here and has to be put in force again. */
  complete(change: FirewallChange): FirewallChange {
    if (!this.#ledger.has(FOUND)) return change;
    const specs = after(this.#specs, change);
    return {
      ...change,
      networks: [...specs.networks.values()],
      ports: [...specs.ports.values()],
      groups: [...specs.groups.values()],
      members: [...specs.members.values()],
      addressGroups: [...specs.addressGroups.values()],
    };
  }

  /**
   * `whole`: the change names everything that is wanted and not in force here, so that what was only found goes.
   * Nothing is remembered until the plan is settled.
   */
  plan(change: FirewallChange, { whole }: { readonly whole: boolean }): FirewallPlan {
    const specs = after(this.#specs, change);
    const again = whole && this.#ledger.has(FOUND);
    const parts = again ? this.#allParts(specs) : this.#changedParts(change, specs);
    const delta = this.#ledger.plan(parts);
    const known = ({ id }: { readonly id: string }) => this.#specs.ports.has(id) || again;
    const gone = change.absentPorts.filter(known).map(({ tap }) => tap);
    const renew = !this.#ready || narrows(delta);
    const flows = renew
      ? { from: this.#ready ? this.#generation : null, to: this.#generation + 1 }
      : null;
    const released = releasedTaps(delta).filter((tap) => !gone.includes(tap));
    const start = this.#ready ? '' : makeTables(this.#engine);
    const transaction = { delta, flows, released, gone: this.#ready ? gone : [] };
    const text = start + writeTransaction(transaction, this.#engine);
    return {
      text,
      settle: () => {
        this.#ledger.settle(parts);
        this.#ready = true;
        this.#specs = specs;
        if (flows !== null) this.#generation = flows.to;
        for (const { tap } of change.absentPorts) this.#ports.free(tap);
        for (const id of change.absentNetworks) this.#networks.free(bridgeName(id));
      },
    };
  }

  #changedParts(change: FirewallChange, specs: Specs): Map<string, Part | null> {
    const parts = new Map<string, Part | null>();
    for (const id of change.absentNetworks) parts.set(`network ${id}`, null);
    for (const { id } of change.absentPorts) parts.set(`port ${id}`, null);
    for (const id of change.absentGroups) parts.set(`group ${id}`, null);
    for (const id of change.absentMembers) parts.set(`member ${id}`, null);
    for (const id of change.absentAddressGroups) parts.set(`addresses ${id}`, null);
    const stateful = statefulOf(specs.groups);
    const ports = [...change.ports, ...this.#portsOfOtherGroups(change, specs)];
    for (const network of change.networks) parts.set(...this.#networkPart(network));
    for (const port of ports) parts.set(...this.#portPart(port, stateful));
    for (const group of change.groups) parts.set(...this.#groupPart(group));
    for (const member of change.members) parts.set(`member ${member.id}`, memberPart(member));
    for (const group of change.addressGroups) {
      parts.set(`addresses ${group.id}`, addressGroupPart(group));
    }
    const members = [...change.members.map(({ id }) => id), ...change.absentMembers];
    for (const id of this.#groupsOfNets(members, specs)) parts.set(...netsPart(id, specs));
    return parts;
  }

  #allParts(specs: Specs): Map<string, Part | null> {
    const parts = new Map<string, Part | null>(this.#ledger.owners().map((owner) => [owner, null]));
    const stateful = statefulOf(specs.groups);
    for (const network of specs.networks.values()) parts.set(...this.#networkPart(network));
    for (const port of specs.ports.values()) parts.set(...this.#portPart(port, stateful));
    for (const group of specs.groups.values()) parts.set(...this.#groupPart(group));
    for (const member of specs.members.values()) {
      parts.set(`member ${member.id}`, memberPart(member));
    }
    for (const group of specs.addressGroups.values()) {
      parts.set(`addresses ${group.id}`, addressGroupPart(group));
    }
    for (const id of groupsWithNets([...specs.members.values()])) {
      parts.set(...netsPart(id, specs));
    }
    return parts;
  }

  #networkPart(network: NetworkSpec): [string, Part] {
    const bridge = bridgeName(network.id);
    const number = this.#networks.of(bridge);
    const elements = [
      elementOf('groups', 'zones', [quoted(bridge)], String(number)),
      elementOf('ports', 'owned', [hex(number), serviceMac(network)]),
      // Whoever else speaks as the gateway has forged it, or loops.
      ...(wantedLeg(network) === null
        ? []
        : [elementOf('ports', 'owned', [hex(number), legMac(network.id)])]),
    ];
    return [`network ${network.id}`, { ...NO_PART, elements }];
  }

  #portPart(port: PortSpec, stateful: ReadonlyMap<string, boolean>): [string, Part] {
    const numbers = {
      port: this.#ports.of(port.tap),
      network: this.#networks.of(bridgeName(port.networkId)),
    };
    return [`port ${port.id}`, portPart(port, numbers, stateful)];
  }

  #groupPart(group: SecurityGroupSpec): [string, Part] {
    return [`group ${group.id}`, groupPart(group, this.#engine)];
  }

  /** Ports whose groups come, go, or begin or cease to be stateful: their profiles are others then. */
  #portsOfOtherGroups(change: FirewallChange, specs: Specs): readonly PortSpec[] {
    const before = this.#specs.groups;
    const others = new Set([
      ...change.absentGroups.filter((id) => before.has(id)),
      ...change.groups
        .filter((group) => before.get(group.id)?.stateful !== group.stateful)
        .map(({ id }) => id),
    ]);
    if (others.size === 0) return [];
    const named = new Set(change.ports.map(({ id }) => id));
    return [...specs.ports.values()].filter(
      ({ id, firewall }) => !named.has(id) && firewall?.groups.some((one) => others.has(one)),
    );
  }

  /** Groups in which these members speak, or spoke, for networks. */
  #groupsOfNets(memberIds: readonly string[], specs: Specs): ReadonlySet<string> {
    const both = memberIds.flatMap((id) => [this.#specs.members.get(id), specs.members.get(id)]);
    return groupsWithNets(both.filter((member) => member !== undefined));
  }
}

/** The specs after a change. */
function after(before: Specs, change: FirewallChange): Specs {
  const gone = change.absentPorts.map(({ id }) => id);
  return {
    networks: merged(before.networks, change.networks, change.absentNetworks),
    ports: merged(before.ports, change.ports, gone),
    groups: merged(before.groups, change.groups, change.absentGroups),
    members: merged(before.members, change.members, change.absentMembers),
    addressGroups: merged(before.addressGroups, change.addressGroups, change.absentAddressGroups),
  };
}

function merged<T extends { readonly id: string }>(
  before: ReadonlyMap<string, T>,
  wanted: readonly T[],
  absent: readonly string[],
): ReadonlyMap<string, T> {
  if (wanted.length + absent.length === 0) return before;
  const map = new Map(before);
  for (const id of absent) map.delete(id);
  for (const one of wanted) map.set(one.id, one);
  return map;
}

function statefulOf(groups: ReadonlyMap<string, SecurityGroupSpec>): ReadonlyMap<string, boolean> {
  return new Map([...groups].map(([id, { stateful }]) => [id, stateful]));
}

function groupsWithNets(members: readonly MemberSpec[]): ReadonlySet<string> {
  return new Set(members.filter(hasNets).flatMap((member) => member.groups));
}

function hasNets({ cidrs }: MemberSpec): boolean {
  return outermostOf(cidrs).some((cidr) => !isHost(cidr));
}

function netsPart(groupId: string, specs: Specs): [string, Part] {
  const cidrs = [...specs.members.values()]
    .filter((member) => member.groups.includes(groupId) && hasNets(member))
    .flatMap((member) => member.cidrs);
  return [`nets ${groupId}`, memberNetsPart(groupId, cidrs)];
}

/** The names with which the keys of a set's elements begin. */
function tapsOf(elements: Delta['addElements'], set: string): readonly string[] {
  return elements
    .filter((element) => element.set === set)
    .map(({ key }) => /^"([^"]+)"/.exec(key)?.[1] ?? '');
}

/** Taps whose quarantine somebody cleared, or that are not to be quarantined any more. */
function releasedTaps({ addElements, removeElements }: Delta): readonly string[] {
  const cleared = new Set(tapsOf(removeElements, CLEARINGS));
  const acting = new Set(tapsOf(addElements, LOOP_ACTIONS));
  return [
    ...tapsOf(addElements, CLEARINGS).filter((tap) => cleared.has(tap)),
    ...tapsOf(removeElements, LOOP_ACTIONS).filter((tap) => !acting.has(tap)),
  ];
}
