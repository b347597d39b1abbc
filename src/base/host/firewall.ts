/** What a host should let through its ports: port modes, security groups, storm control. */

/**
 * `strict` lets a guest speak with the pairs of MAC and IP address that its port has; `l2` with its MACs and any
 * address; `transparent` as it likes, with no groups. See `docs/compat/firewall.md`.
 */
export type PortMode = 'strict' | 'l2' | 'transparent';

export type PortFirewall = {
  readonly mode: PortMode;
  /** Addresses that the guest may send from: its own MAC first, then those of allowed address pairs. */
  readonly macs: readonly string[];
  /** Of mode `strict`: which addresses go with which MAC; CIDRs in canonical form, `10.0.0.5/32`. */
  readonly pairs: readonly { readonly mac: string; readonly cidr: string }[];
  /** Of mode `l2`: EtherTypes beside ARP, IPv4 and IPv6 that pass in both directions, as numbers, sorted. */
  readonly ethertypes: readonly number[];
  /** Ids of security groups, sorted; none lets no IP packet through but for DHCP and neighbour discovery. */
  readonly groups: readonly string[];
};

/** Packets per second on average, and how many may come at once beyond that. */
export type PacketRate = { readonly rate: number; readonly burst: number };

/** What a guest may flood its network with; null for no limit. */
export type StormControl = {
  readonly broadcast: PacketRate | null;
  readonly multicast: PacketRate | null;
  readonly unknownUnicast: PacketRate | null;
  readonly loopAction: 'report' | 'quarantine';
  /** How long a quarantine holds, in seconds; 0 until it is cleared. */
  readonly holdSeconds: number;
  /** Goes up each time that somebody clears the port's quarantine. */
  readonly clears: number;
};

/**
 * `storm`: a limit is being hit now. `loop`: what left by another port of the network comes back by this one.
 * `quarantined`: nothing passes until it is cleared or the hold time ends.
 */
export type StormState = 'ok' | 'storm' | 'loop' | 'quarantined';

export type SecurityGroupSpec = {
  readonly id: string;
  readonly stateful: boolean;
  /** Sorted by id. */
  readonly rules: readonly SecurityRuleSpec[];
};

export type SecurityRuleSpec = {
  readonly id: string;
  readonly direction: 'ingress' | 'egress';
  readonly version: 4 | 6;
  /** IANA protocol number; null for any. */
  readonly protocol: number | null;
  /**
   * Destination ports of TCP, UDP, SCTP, DCCP and UDP-Lite, both included; of ICMP the type (`min`) and the code
   * (`max`, null for any). Null for all.
   */
  readonly ports: { readonly min: number; readonly max: number | null } | null;
  readonly remote: SecurityRemote;
};

/** The other side of what a rule lets through. */
export type SecurityRemote =
  | { readonly kind: 'any' }
  /** A CIDR in canonical form. */
  | { readonly kind: 'cidr'; readonly cidr: string }
  /** Members of a security group: by their addresses, or by MAC on the same network when they have none. */
  | { readonly kind: 'group'; readonly id: string }
  | { readonly kind: 'address-group'; readonly id: string };

/** One port as the remote of rules. */
export type MemberSpec = {
  /** The port's id. */
  readonly id: string;
  readonly networkId: string;
  /** Sorted; only those that rules of this host name. */
  readonly groups: readonly string[];
  readonly macs: readonly string[];
  /** Its addresses and those of its allowed address pairs, as CIDRs in canonical form; none for an unaddressed port. */
  readonly cidrs: readonly string[];
};

export type AddressGroupSpec = {
  readonly id: string;
  /** In canonical form, sorted. */
  readonly cidrs: readonly string[];
};

/** What went through a port since it was plugged. `rx`: from the guest; `tx`: to the guest. */
export type PortCounters = {
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly txPackets: number;
  readonly txBytes: number;
  readonly drops: Drops;
};

export type DropCount = { readonly packets: number; readonly bytes: number };
export type Drops = Readonly<Record<DropReason, DropCount>>;

export const DROP_REASONS = ['spoof', 'group', 'storm', 'quarantine'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const NONE: DropCount = { packets: 0, bytes: 0 };
export const NO_DROPS: Drops = { spoof: NONE, group: NONE, storm: NONE, quarantine: NONE };

/** Of a port through which nothing went. */
export const NO_COUNTERS: PortCounters = {
  rxPackets: 0,
  rxBytes: 0,
  txPackets: 0,
  txBytes: 0,
  drops: NO_DROPS,
};

/** What a network's ports have when nobody says otherwise: far more than a sound network needs. */
export const DEFAULT_STORM_CONTROL: StormControl = {
  broadcast: { rate: 1_000, burst: 2_000 },
  multicast: { rate: 5_000, burst: 10_000 },
  unknownUnicast: { rate: 5_000, burst: 10_000 },
  loopAction: 'report',
  holdSeconds: 300,
  clears: 0,
};

/** A firewall that only pins the guest to these MACs: what tests and simple callers start from. */
export function pinnedTo(
  macs: readonly string[],
  fields: Partial<PortFirewall> = {},
): PortFirewall {
  return { mode: 'l2', macs, pairs: [], ethertypes: [], groups: [], ...fields };
}
