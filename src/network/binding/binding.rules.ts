/** Where a port is plugged, as its owner may know. Pure: facts come in as arguments. */
import type { PortObservation } from '#base/host/document.ts';

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
  // A DHCP server's port is a part of its network's own description.
  return binding.vif_type === 'tap' && port.device_id !== '' && port.device_owner !== DHCP_OWNER;
}

/**
 * Whether the host has plugged the port, and a guest holds the other end. `listed`: the host has looked at all
 * there is, so that what it has not told of is not there. Undefined when nobody knows.
 */
export function isSeenPlugged(
  seen: PortObservation | undefined,
  listed: boolean,
): boolean | undefined {
  if (!seen) return listed ? false : undefined;
  return seen.error === null && seen.plugged && seen.carrier;
}

/**
 * What a port's status is. `seesPlugged` is undefined while its host has not said what it sees: then the status
 * stays what it was. compat: a port that is administratively down is never ACTIVE.
 */
export function statusOf(
  port: {
    readonly device_id: string;
    readonly device_owner: string;
    readonly admin_state_up: 0 | 1;
    readonly status: string;
  },
  binding: { readonly vif_type: string },
  seesPlugged: boolean | undefined,
): 'ACTIVE' | 'DOWN' {
  const was = port.status === 'ACTIVE' ? 'ACTIVE' : 'DOWN';
  // That of a DHCP server's port follows its network.
  if (port.device_owner === DHCP_OWNER) return was;
  if (!isPlugged(port, binding) || port.admin_state_up === 0) return 'DOWN';
  if (seesPlugged === undefined) return was;
  return seesPlugged ? 'ACTIVE' : 'DOWN';
}

export const DHCP_OWNER = 'network:dhcp';

/** Owners whose ports go along with their network, and give up their addresses with a subnet, without being asked. */
export const GO_ALONG: readonly string[] = [DHCP_OWNER, 'network:distributed'];
