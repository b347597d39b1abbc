/** What the network service offers to other services. Compute needs this and nothing else of it. */
import type { Context } from '#platform/context.ts';

export type NetworkFacts = {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly shared: boolean;
  readonly external: boolean;
  readonly adminStateUp: boolean;
  readonly mtu: number;
  readonly portSecurityEnabled: boolean;
  readonly dnsDomain: string;
  readonly subnets: readonly SubnetFacts[];
};

export type SubnetFacts = {
  readonly id: string;
  readonly cidr: string;
  readonly ipVersion: 4 | 6;
  readonly gatewayIp: string | null;
  readonly enableDhcp: boolean;
  readonly dnsNameservers: readonly string[];
  readonly hostRoutes: readonly { readonly destination: string; readonly nexthop: string }[];
  readonly ipv6AddressMode: string | null;
};

export type PortFacts = {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly mac: string;
  /** In the order in which they were given. Empty for an unaddressed port. */
  readonly fixedIps: readonly { readonly subnetId: string; readonly ip: string }[];
  /** Addresses outside that lead to addresses of the port, in the order of the former. */
  readonly floatingIps: readonly { readonly ip: string; readonly fixedIp: string }[];
  readonly ipAllocation: 'immediate' | 'deferred' | 'none';
  readonly deviceId: string;
  readonly deviceOwner: string;
  readonly hostId: string;
  readonly status: 'ACTIVE' | 'DOWN' | 'BUILD' | 'ERROR';
  readonly adminStateUp: boolean;
  readonly vifType: string;
  readonly vnicType: string;
  readonly portSecurityEnabled: boolean;
  readonly securityGroups: readonly { readonly id: string; readonly name: string }[];
  readonly dnsName: string;
  readonly hasResourceRequest: boolean;
};

export type SecurityGroupFacts = {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly description: string;
  readonly rules: readonly SecurityGroupRuleFacts[];
};

export type SecurityGroupRuleFacts = {
  readonly id: string;
  readonly direction: 'ingress' | 'egress';
  /** A name, or a number as text; null for any. */
  readonly protocol: string | null;
  readonly portRangeMin: number | null;
  readonly portRangeMax: number | null;
  readonly remoteIpPrefix: string | null;
  readonly remoteGroupId: string | null;
};

export type FloatingIpFacts = {
  readonly id: string;
  readonly ip: string;
  /** The external network by its name, or by its id when it has none. */
  readonly pool: string;
  /** What it leads to; null when it leads nowhere. */
  readonly fixedIp: string | null;
  readonly deviceId: string | null;
};

/** Floating IPs, in the caller's name. */
export interface FloatingIpApi {
  /** The external networks that the caller can see. */
  pools(ctx: Context): Promise<readonly { readonly id: string; readonly name: string }[]>;
  /** Those of the caller's project. */
  list(ctx: Context): Promise<readonly FloatingIpFacts[]>;
  find(ctx: Context, id: string): Promise<FloatingIpFacts | undefined>;
  /** Those that the caller can see: addresses of several networks may be the same. */
  findByAddress(ctx: Context, ip: string): Promise<readonly FloatingIpFacts[]>;
  create(ctx: Context, networkId: string): Promise<FloatingIpFacts>;
  delete(ctx: Context, id: string): Promise<void>;
  /** Lets it lead to the address of the port, or nowhere. */
  associate(
    ctx: Context,
    id: string,
    to: { readonly portId: string; readonly fixedIp: string } | null,
  ): Promise<void>;
}

/** A port to make for a device. The id is chosen by the caller, so that doing it twice makes one port. */
export type PortWanted = {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly fixedIp: string | null;
  /** Ids; null for the project's default group. */
  readonly securityGroups: readonly string[] | null;
};

/** An address that a port has or shall have. */
export type FixedIpWanted = { readonly subnetId: string; readonly ip?: string };

/** The device that a port is bound to. */
export type PortDevice = {
  readonly deviceId: string;
  /** Such as `compute:nova`. */
  readonly deviceOwner: string;
  readonly host: string;
  /** Becomes the port's `dns_name`. */
  readonly hostname: string;
};

/** `plugged` and `unplugged`: the port's status became ACTIVE, or stopped being it; `failed`: it became ERROR instead of ACTIVE. */
export type PortEvent = {
  readonly kind: 'changed' | 'deleted' | 'plugged' | 'unplugged' | 'failed';
  readonly portId: string;
  readonly deviceId: string;
};

/**
 * Every refusal is one of the network service's own faults (`network.faults.ts`).
 * `find...` sees what the caller's project may see; an internal context sees everything.
 */
export interface NetworkApi {
  readonly floatingIps: FloatingIpApi;

  /** Networks that a server without named networks may use: the project's own, and shared ones. */
  availableNetworks(ctx: Context): Promise<readonly NetworkFacts[]>;
  /** Those of the named networks that the caller can see. */
  findNetworks(ctx: Context, ids: readonly string[]): Promise<readonly NetworkFacts[]>;
  findPort(ctx: Context, id: string): Promise<PortFacts | undefined>;
  /** The port of a network that has an address, whoever owns it. */
  findPortByAddress(networkId: string, ip: string): Promise<PortFacts | undefined>;
  /** Ports of devices, by device id, each in the order of creation. */
  portsOf(
    ctx: Context,
    deviceIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PortFacts[]>>;
  /** Groups of the caller's project by name or id; undefined members were not found. A name that two groups have is a fault. */
  findSecurityGroups(
    ctx: Context,
    namesOrIds: readonly string[],
  ): Promise<readonly ({ readonly id: string; readonly name: string } | undefined)[]>;
  /** Those of the groups, with their rules, that the caller can see. */
  securityGroups(ctx: Context, ids: readonly string[]): Promise<readonly SecurityGroupFacts[]>;
  /** The project's port quota (-1: none) and how many ports it has. */
  portQuota(
    ctx: Context,
    projectId: string,
  ): Promise<{ readonly limit: number; readonly used: number }>;

  /** Makes the port, with an address, unless it is there already. */
  ensurePort(ctx: Context, wanted: PortWanted, device: PortDevice): Promise<PortFacts>;
  /** Gives a port that its owner made to a device. Refuses one that another device has. */
  ensurePortBound(ctx: Context, portId: string, device: PortDevice): Promise<PortFacts>;
  /** Takes a port that its owner made from the device and leaves it, unbound. A port of another device is left alone. */
  ensurePortUnbound(ctx: Context, portId: string, deviceId: string): Promise<void>;
  /** Deletes a port that was made for the device. A port of another device is left alone. */
  ensurePortAbsent(ctx: Context, portId: string, deviceId: string): Promise<void>;

  /**
   * Gives a port other addresses, in the caller's name: `change` gets those that it has and returns those that it shall
   * have. One without `ip` is any of its subnet.
   */
  changeFixedIps(
    ctx: Context,
    portId: string,
    change: (addresses: readonly FixedIpWanted[]) => readonly FixedIpWanted[],
  ): Promise<void>;

  /** Puts a port into a group, in the caller's name. A port that is in it already stays. */
  ensurePortInGroup(ctx: Context, portId: string, groupId: string): Promise<void>;
  /** Takes a port out of a group, in the caller's name. */
  ensurePortNotInGroup(ctx: Context, portId: string, groupId: string): Promise<void>;

  /** Called after each change of a port that has a device. Losing a call only costs time. Returns the way to stop. */
  onPortEvent(listener: (event: PortEvent) => void): () => void;
}
