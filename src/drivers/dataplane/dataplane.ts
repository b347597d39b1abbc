/** What the agent needs of a data plane. */
import type {
  AddressGroupSpec,
  MemberSpec,
  PortCounters,
  SecurityGroupSpec,
  StormState,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec, PortState } from '#base/host/links.ts';
import type { RouterSpec } from '#base/host/routers.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';

export type CallOptions = { readonly signal: AbortSignal };

/** A change to make in one go. Whatever is not named stays as it is. */
export type DataplaneChange = {
  readonly networks: readonly NetworkSpec[];
  readonly ports: readonly PortSpec[];
  readonly absentNetworks: readonly string[];
  readonly absentPorts: readonly string[];
  readonly groups: readonly SecurityGroupSpec[];
  readonly members: readonly MemberSpec[];
  readonly addressGroups: readonly AddressGroupSpec[];
  readonly absentGroups: readonly string[];
  readonly absentMembers: readonly string[];
  readonly absentAddressGroups: readonly string[];
  readonly routers: readonly RouterSpec[];
  readonly absentRouters: readonly string[];
};

/** A change of nothing. */
export const NO_CHANGE: DataplaneChange = {
  networks: [],
  ports: [],
  absentNetworks: [],
  absentPorts: [],
  groups: [],
  members: [],
  addressGroups: [],
  absentGroups: [],
  absentMembers: [],
  absentAddressGroups: [],
  routers: [],
  absentRouters: [],
};

/**
 * What could not be done, by id of network, port, router, group, member or address group; everything not named here was
 * done. What was not done is as it was before. A member has the id of its port: where a change names both, both may
 * have failed.
 */
export type DataplaneFailures = ReadonlyMap<string, Error>;

/** What is there now, asked of the kernel and never of a cache. */
export type DataplaneState = {
  readonly networks: readonly string[];
  readonly ports: readonly PortState[];
  readonly groups: readonly string[];
  readonly members: readonly string[];
  readonly addressGroups: readonly string[];
  readonly routers: readonly string[];
};

/**
 * A data plane joins the taps of one host to networks: a bridge for each network, a tap for each
 * port, a DHCP server for each network that wants one, routers, and a firewall between them. It lives inside
 * the yard and touches nothing outside.
 *
 * `apply` is idempotent: applying what is already so succeeds and changes nothing. One failure
 * does not keep the rest of the change from being made. The first change of a new data plane names
 * everything that is wanted: rules that an earlier one has left and that it does not name go.
 */
export interface Dataplane {
  apply(change: DataplaneChange, options: CallOptions): Promise<DataplaneFailures>;
  observe(options: CallOptions): Promise<DataplaneState>;
  /**
   * Called when a port's carrier may have changed, with what it was seen to be: `carrier` is false
   * for a port that is administratively down. Losing a call only costs time.
   */
  onPortChange(listener: (portId: string, carrier: boolean) => void): void;
  /** Called when a port's storm state is another, within a second. Losing a call only costs time. */
  onStorm(listener: (portId: string, state: StormState) => void): void;
  /** What went through ports and was dropped, by port id: of all ports, read from the kernel now. */
  counters(options: CallOptions): Promise<ReadonlyMap<string, PortCounters>>;
  /**
   * Who answers guests that ask for their metadata; before it is called nobody listens to them. A question names the
   * port that asked, known by what cannot be forged.
   */
  onMetadata(answer: (question: MetadataQuestion) => Promise<HttpAnswer>): void;
  /** Closes watchers. Links, rules and DHCP servers stay. */
  close(): Promise<void>;
}
