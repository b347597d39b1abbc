/** The sections of the document that the data plane makes real, and the order in which their members may go. */
import type { HostDocument } from '#base/host/document.ts';
import type { DataplaneChange, DataplaneState } from '#drivers/dataplane/dataplane.ts';
import type { Desired } from './desired.ts';
import { SectionInStep, type Turn } from './section-in-step.ts';

const SECTIONS = ['networks', 'addressGroups', 'groups', 'members', 'ports', 'routers'] as const;
type Section = (typeof SECTIONS)[number];
type Spec<S extends Section> = HostDocument[S][string];

/** What one pass makes of all of them. */
export type DataplaneTurn = { readonly [S in Section]: Turn<Spec<S>> };

export class DataplaneInStep {
  readonly networks: SectionInStep<Spec<'networks'>>;
  readonly addressGroups: SectionInStep<Spec<'addressGroups'>>;
  readonly groups: SectionInStep<Spec<'groups'>>;
  readonly members: SectionInStep<Spec<'members'>>;
  readonly ports: SectionInStep<Spec<'ports'>>;
  readonly routers: SectionInStep<Spec<'routers'>>;
  readonly #desired: Desired;

  constructor(desired: Desired) {
    this.#desired = desired;
    this.networks = new SectionInStep(() => desired.networks);
    this.addressGroups = new SectionInStep(() => desired.addressGroups);
    this.groups = new SectionInStep(() => desired.groups);
    this.members = new SectionInStep(() => desired.members);
    this.ports = new SectionInStep(() => desired.ports);
    this.routers = new SectionInStep(() => desired.routers);
    desired.onChange((section, id) => {
      if (section !== 'servers') this[section].touch(id);
    });
  }

  /** `isHeld`: a guest has the port's tap, so that it must stay until that is over. */
  take(isHeld: (portId: string) => boolean): DataplaneTurn {
    const ports = this.ports.take((id) => !isHeld(id));
    const routers = this.routers.take(() => true);
    let busy: ReadonlySet<string | undefined> | undefined;
    const isFree = (networkId: string) => {
      busy ??= this.#networksOf(new Set(ports.unwanted), new Set(routers.unwanted));
      return !busy.has(networkId);
    };
    // Rules that are still in force, of ports that go later or that kept their old ones, may name them.
    const isUnnamed = () =>
      ports.kept.length === 0 && !this.ports.isFailing() && !this.groups.isFailing();
    return {
      networks: this.networks.take(isFree),
      addressGroups: this.addressGroups.take(isUnnamed),
      groups: this.groups.take(isUnnamed),
      members: this.members.take(() => true),
      ports,
      routers,
    };
  }

  settle(turn: DataplaneTurn, failures: ReadonlyMap<string, Error>): void {
    this.networks.settle(turn.networks, failures);
    this.addressGroups.settle(turn.addressGroups, failures);
    this.groups.settle(turn.groups, failures);
    this.members.settle(turn.members, failures);
    this.ports.settle(turn.ports, failures);
    this.routers.settle(turn.routers, failures);
  }

  giveBack(turn: DataplaneTurn): void {
    this.networks.giveBack(turn.networks);
    this.addressGroups.giveBack(turn.addressGroups);
    this.groups.giveBack(turn.groups);
    this.members.giveBack(turn.members);
    this.ports.giveBack(turn.ports);
    this.routers.giveBack(turn.routers);
  }

  found(state: DataplaneState): void {
    for (const id of state.networks) this.networks.found(id);
    for (const id of state.addressGroups) this.addressGroups.found(id);
    for (const id of state.groups) this.groups.found(id);
    for (const id of state.members) this.members.found(id);
    for (const { id } of state.ports) this.ports.found(id);
    for (const id of state.routers) this.routers.found(id);
  }

  doubt(): void {
    for (const section of SECTIONS) this[section].doubt();
  }

  /** Networks that a port or router is on, or may be on, that is there and not about to go. */
  #networksOf(
    goingPorts: ReadonlySet<string>,
    goingRouters: ReadonlySet<string>,
  ): ReadonlySet<string | undefined> {
    const ports = [...this.ports.there].filter((id) => !goingPorts.has(id));
    const portOf = (id: string) => this.#desired.ports.get(id) ?? this.ports.applied.get(id);
    const routers = [...this.routers.there].filter((id) => !goingRouters.has(id));
    const linksOf = (id: string) => {
      const router = this.#desired.routers.get(id) ?? this.routers.applied.get(id);
      if (!router) return [];
      return router.gateway ? [...router.interfaces, router.gateway] : router.interfaces;
    };
    return new Set([
      ...ports.map((id) => portOf(id)?.networkId),
      ...routers.flatMap((id) => linksOf(id).map((link) => link.networkId)),
    ]);
  }
}

export function changeOf(turn: DataplaneTurn): DataplaneChange {
  return {
    networks: turn.networks.wanted,
    ports: turn.ports.wanted,
    absentNetworks: turn.networks.unwanted,
    absentPorts: turn.ports.unwanted,
    groups: turn.groups.wanted,
    members: turn.members.wanted,
    addressGroups: turn.addressGroups.wanted,
    absentGroups: turn.groups.unwanted,
    absentMembers: turn.members.unwanted,
    absentAddressGroups: turn.addressGroups.unwanted,
    routers: turn.routers.wanted,
    absentRouters: turn.routers.unwanted,
  };
}

export function isNothing(change: DataplaneChange): boolean {
  return Object.values(change).every((part: readonly unknown[]) => part.length === 0);
}
