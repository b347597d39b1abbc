/** Where a port is plugged, as its owner may know. Pure: facts come in as arguments. */
import type { PortObservation } from '#base/host/document.ts';
import type { DomainSpec } from '#base/host/domain.ts';

/** What the API shows of a binding. */
export type Binding = {
  readonly host: string;
  readonly vnic_type: string;
  readonly vif_type: 'unbound' | 'binding_failed' | 'tap';
  /** JSON. */
  readonly vif_details: string;
};

const NO_DETAILS = '{}';

/** The way in which taps of the data plane are described to whoever plugs a guest into them. */
const TAP_DETAILS = JSON.stringify({
  connectivity: 'l2',
  port_filter: true,
  bound_drivers: { '0': 'stackyard' },
});

/** Binds a port to a host. `isKnown`: the host has been heard of, so that it can be told to plug it. */
export function planBinding(
  host: string,
  vnicType: string,
  isKnown: (host: string) => boolean,
): Binding {
  if (host === '') {
    return { host, vnic_type: vnicType, vif_type: 'unbound', vif_details: NO_DETAILS };
  }
  // Only taps can be plugged: a card that wants more than that cannot be bound anywhere.
  const possible = vnicType === 'normal' && isKnown(host);
  return {
    host,
    vnic_type: vnicType,
    vif_type: possible ? 'tap' : 'binding_failed',
    vif_details: possible ? TAP_DETAILS : NO_DETAILS,
  };
}

/** True when the host is to plug the port: it is bound there, for a device. */
export function isPlugged(
  port: { readonly device_id: string; readonly device_owner: string },
  binding: { readonly vif_type: string },
): boolean {
  if (isPart(port)) return false;
  return binding.vif_type === 'tap' && port.device_id !== '';
}

/**
 * What a host sees of a port. `plugged`: it is on its network with its rules, and a guest holds the other end.
 * `awaited`: the host is to run a guest that will. `error`: why it is not as it should be, for people. Undefined when
 * nobody knows.
 */
export type SeenPort =
  | { readonly plugged: boolean; readonly awaited: boolean; readonly error: string | null }
  | undefined;

export type SeenFacts = {
  readonly seen: PortObservation | undefined;
  /** The host has looked at all there is, so that what it has not told of is not there. */
  readonly listed: boolean;
  /** What the host is to make of the port's device; undefined when it is no server of the host's. */
  readonly server: Pick<DomainSpec, 'power' | 'nics'> | undefined;
};

export function seenAs(portId: string, { seen, listed, server }: SeenFacts): SeenPort {
  if (!seen && !listed) return undefined;
  const runs = server !== undefined && server.power !== 'stopped';
  return {
    plugged: seen !== undefined && seen.plugged && seen.carrier,
    awaited: runs && server.nics.some((nic) => nic.portId === portId),
    error: seen?.error?.message ?? null,
  };
}

export const NOT_THERE: SeenPort = { plugged: false, awaited: false, error: null };

/** What is kept of a port's status. */
export type StatusColumns = {
  readonly status: 'ACTIVE' | 'BUILD' | 'DOWN' | 'ERROR';
  /** Why it is ERROR, for the port's owner. */
  readonly status_reason: string | null;
};

/**
 * What a port's status is. `seen` is undefined while its host has not said what it sees: then the status
 * stays what it was. compat: a port that is administratively down is never ACTIVE.
 */
export function statusOf(
  port: {
    readonly device_id: string;
    readonly device_owner: string;
    readonly admin_state_up: 0 | 1;
    readonly status: string;
    readonly status_reason: string | null;
  },
  binding: { readonly vif_type: string },
  seen: SeenPort,
): StatusColumns {
  // That of a DHCP server's port follows its network, that of a router's port its router.
  if (isPart(port)) return asItWas(port);
  if (!isPlugged(port, binding) || port.admin_state_up === 0) return DOWN;
  if (seen === undefined) return asItWas(port);
  if (seen.error !== null) return { status: 'ERROR', status_reason: seen.error };
  if (seen.plugged) return ACTIVE;
  return seen.awaited ? BUILD : DOWN;
}

export const ACTIVE: StatusColumns = { status: 'ACTIVE', status_reason: null };
export const DOWN: StatusColumns = { status: 'DOWN', status_reason: null };
const BUILD: StatusColumns = { status: 'BUILD', status_reason: null };

function asItWas(port: {
  readonly status: string;
  readonly status_reason: string | null;
}): StatusColumns {
  if (port.status === 'ERROR') return { status: 'ERROR', status_reason: port.status_reason };
  if (port.status === 'BUILD') return BUILD;
  return port.status === 'ACTIVE' ? ACTIVE : DOWN;
}

export const DHCP_OWNER = 'network:dhcp';
export const ROUTER_INTERFACE_OWNER = 'network:router_interface';
export const ROUTER_GATEWAY_OWNER = 'network:router_gateway';
export const FLOATING_IP_OWNER = 'network:floatingip';

/** Owners whose ports are a part of something else that hosts are told of: of a network, or of a router. */
export const PART_OWNERS: readonly string[] = [
  DHCP_OWNER,
  ROUTER_INTERFACE_OWNER,
  ROUTER_GATEWAY_OWNER,
  FLOATING_IP_OWNER,
];

function isPart({ device_owner }: { readonly device_owner: string }): boolean {
  return PART_OWNERS.includes(device_owner);
}

/** Owners whose ports go along with their network, and give up their addresses with a subnet, without being asked. */
export const GO_ALONG: readonly string[] = [DHCP_OWNER, 'network:distributed'];
