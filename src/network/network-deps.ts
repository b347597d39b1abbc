/** What the services of networks, subnets and ports are made of. */
import type { Db } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { SeenPort } from './binding/binding.rules.ts';
import type { PortEvents } from './binding/port-events.ts';

export type NetworkSettings = {
  /** Of a network whose maker names none. */
  readonly defaultMtu: number;
  readonly maxMtu: number;
  /** Where ports without a domain of their own have their names: `openstacklocal`. */
  readonly dnsDomain: string;
  /** What an administrator may put flat and VLAN networks on. */
  readonly physicalNetworks: readonly string[];
  readonly maxNameservers: number;
  readonly maxHostRoutes: number;
  readonly maxAddressPairs: number;
  readonly maxFixedIps: number;
};

/** Neutron's own defaults, but for MTUs: no tunnel takes from them here, and jumbo frames are welcome. */
export const DEFAULT_SETTINGS: NetworkSettings = {
  defaultMtu: 1500,
  maxMtu: 9000,
  dnsDomain: 'openstacklocal',
  physicalNetworks: ['public'],
  maxNameservers: 5,
  maxHostRoutes: 20,
  maxAddressPairs: 10,
  maxFixedIps: 256,
};

export type NetworkDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly newMac: () => string;
  /** A number from 0 up to, not including, `below`. */
  readonly random: (below: bigint) => bigint;
  readonly settings: NetworkSettings;
  readonly hosts: HostSync;
  readonly events: PortEvents;
};

/**
 * Tells hosts what has changed, after the commit. Losing a call only costs time: the port binding
 * reconciler says everything again.
 */
export interface HostSync {
  /** Hosts where a port may be bound: those that have ever been heard of. */
  isKnown(host: string): boolean;
  /** What the host sees of the port; undefined when it has not said so far. */
  seenPort(host: string, port: { readonly id: string; readonly device_id: string }): SeenPort;
  /** These ports of a network have changed, come or gone. */
  portsChanged(networkId: string, portIds: readonly string[]): Promise<void>;
  /** A network has changed, with what is plugged into it. */
  networkChanged(networkId: string): Promise<void>;
  /** A network has changed, and ports of it have other addresses. */
  addressesChanged(networkId: string): Promise<void>;
  /** Routers have changed, with their ports, floating IPs and port forwardings; or they are gone. */
  routersChanged(ids: readonly string[]): Promise<void>;
  /** Security groups have other rules, or are gone. */
  groupsChanged(groupIds: readonly string[]): Promise<void>;
  /** Address groups have other addresses. */
  addressGroupsChanged(ids: readonly string[]): Promise<void>;
}
