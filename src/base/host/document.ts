/** The host protocol's two documents: what a host should be, and what it is seen to be. */
import type { DomainPower, DomainSpec } from './domain.ts';
import type { AddressGroupSpec, MemberSpec, SecurityGroupSpec, StormState } from './firewall.ts';
import type { NetworkSpec, PortSpec } from './links.ts';
import type { RouterSpec } from './routers.ts';

/** What control wants of one host, by id. A member that is missing is not wanted there. */
export type HostDocument = {
  readonly networks: Readonly<Record<string, NetworkSpec>>;
  readonly ports: Readonly<Record<string, PortSpec>>;
  /** Security groups that the ports are in. */
  readonly groups: Readonly<Record<string, SecurityGroupSpec>>;
  /** Ports of all hosts, by port id, that are in a group which a rule here names as its remote. */
  readonly members: Readonly<Record<string, MemberSpec>>;
  /** Address groups that rules here name. */
  readonly addressGroups: Readonly<Record<string, AddressGroupSpec>>;
  readonly routers: Readonly<Record<string, RouterSpec>>;
  readonly servers: Readonly<Record<string, DomainSpec>>;
};

/** What an agent sees, by id. A member that is missing is not there. */
export type HostObservations = {
  readonly networks: Readonly<Record<string, NetworkObservation>>;
  readonly ports: Readonly<Record<string, PortObservation>>;
  readonly routers: Readonly<Record<string, RouterObservation>>;
  readonly servers: Readonly<Record<string, ServerObservation>>;
};

export type Section = keyof HostDocument;
/** Sections of which agents tell what they see; what is wrong with others shows on the ports that they are for. */
export type ObservedSection = keyof HostObservations;

/** Why the agent could not bring something about. `message` may be shown to a tenant. */
export type ObservedError = { readonly code: string; readonly message: string };

type Observation = {
  /**
   * The revision of the desired document up to which this member was last dealt with: when it is at
   * least the revision of a change, and `error` is null, that change is real.
   */
  readonly settled: number;
  readonly error: ObservedError | null;
};

export type NetworkObservation = Observation;
export type RouterObservation = Observation;
export type PortObservation = Observation & {
  readonly plugged: boolean;
  /** A guest holds the other end. */
  readonly carrier: boolean;
  readonly storm: StormState;
};
export type ServerObservation = Observation & {
  readonly power: DomainPower;
  readonly rebootCount: number;
  readonly nics: readonly { readonly slot: number; readonly portId: string }[];
};

/** What an agent says of its host when it comes. */
export type HostFacts = {
  /** The name that servers see as their host, unique in the cloud. */
  readonly host: string;
  readonly hypervisorType: string;
  readonly accelerator: string;
  readonly acceleratorReason: string | null;
  readonly hypervisorVersion: number;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly diskGib: number;
  readonly cpuModel: string;
};

export const SECTIONS = [
  'networks',
  'addressGroups',
  'groups',
  'members',
  'ports',
  'routers',
  'servers',
] as const satisfies readonly Section[];

export const OBSERVED_SECTIONS = [
  'networks',
  'ports',
  'routers',
  'servers',
] as const satisfies readonly ObservedSection[];

/** A document by section and id, to be changed. */
export type DocumentSections = { [S in Section]: Map<string, HostDocument[S][string]> };

export function emptySections(): DocumentSections {
  return {
    networks: new Map(),
    ports: new Map(),
    groups: new Map(),
    members: new Map(),
    addressGroups: new Map(),
    routers: new Map(),
    servers: new Map(),
  };
}

/** A document with nothing in it. */
export const EMPTY_DOCUMENT: HostDocument = {
  networks: {},
  ports: {},
  groups: {},
  members: {},
  addressGroups: {},
  routers: {},
  servers: {},
};
