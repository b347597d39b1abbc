/** What makes a port valid. Pure: facts come in as arguments, nothing is looked up here. */
import type { PortMode } from '#base/host/firewall.ts';
import { isMulticastMac } from '#base/net/mac.ts';
import {
  FLOATING_IP_OWNER,
  ROUTER_GATEWAY_OWNER,
  ROUTER_INTERFACE_OWNER,
} from '../binding/binding.rules.ts';
import {
  addressChangeNotAllowed,
  invalidAttribute,
  invalidInput,
  permittedEthertypesRequireL2,
  portBound,
  portSecurityPortHasGroup,
  portSecurityRequiredForGroups,
  portSecurityRequiredForPairs,
  servicePortInUse,
  tooManyAddressPairs,
} from '../network.faults.ts';

/** What of a port is judged together. */
export type PortSecurity = {
  readonly enabled: boolean;
  readonly groupIds: readonly string[];
  readonly pairCount: number;
};

/** Addresses and groups mean nothing without port security, so they are refused rather than kept for show. */
export function checkSecurityOnCreate({ enabled, groupIds, pairCount }: PortSecurity): void {
  if (enabled) return;
  if (pairCount > 0) throw portSecurityRequiredForPairs();
  if (groupIds.length > 0) throw portSecurityRequiredForGroups();
}

/** `sentGroups`: the update names groups. What it does not name stays as it was, and counts too. */
export function checkSecurityOnUpdate(
  after: PortSecurity,
  { sentGroups }: { readonly sentGroups: boolean },
): void {
  if (after.enabled) return;
  if (after.pairCount > 0) throw portSecurityRequiredForPairs();
  if (after.groupIds.length === 0) return;
  throw sentGroups ? portSecurityRequiredForGroups() : portSecurityPortHasGroup();
}

/** In `strict` nothing but ARP and IP passes, and in `transparent` everything does: a list would be for show. */
export function checkEthertypes(mode: PortMode, ethertypes: readonly string[]): void {
  if (ethertypes.length > 0 && mode !== 'l2') throw permittedEthertypesRequireL2(mode);
}

export function checkPairCount(count: number, limit: number): void {
  if (count > limit) throw tooManyAddressPairs(limit);
}

/** compat: Neutron had this limit until it left it to quotas, which count ports and not their addresses. */
export function checkFixedIpCount(count: number, limit: number): void {
  if (count > limit) throw invalidInput('Exceeded maximum amount of fixed ips per port');
}

/** How many MACs are made up for a port before giving up. */
export const MAC_TRIES = 16;

/** A card with the address of a group of cards would never be answered. */
export function checkMac(mac: string): void {
  if (isMulticastMac(mac)) {
    throw invalidAttribute(
      'mac_address',
      `MAC address ${mac} is a multicast address, which is not supported`,
    );
  }
}

/** A plugged card keeps its address. */
export function checkMacChange(
  portId: string,
  change: { readonly from: string; readonly to: string },
  binding: { readonly host: string; readonly vif_type: string },
): void {
  if (change.from === change.to || binding.host === '') return;
  if (binding.vif_type === 'unbound' || binding.vif_type === 'binding_failed') return;
  throw portBound(portId, binding.vif_type, change.from, change.to);
}

/** Owners whose ports go with what they belong to. */
const SERVICE_OWNERS: readonly string[] = [
  ROUTER_INTERFACE_OWNER,
  ROUTER_GATEWAY_OWNER,
  FLOATING_IP_OWNER,
];

/** `served`: the router or floating IP that the port names is there, and takes care of it. */
export function checkDeletable(
  port: { readonly id: string; readonly device_owner: string },
  { served }: { readonly served: boolean },
): void {
  if (served && SERVICE_OWNERS.includes(port.device_owner)) {
    throw servicePortInUse(port.id, `has device owner ${port.device_owner}`);
  }
}

/** compat: the IPv4 addresses of a router's interface are for the router to change. */
export function checkAddressChange(
  port: { readonly id: string; readonly device_owner: string },
  before: readonly { readonly ip_address: string }[],
  after: readonly { readonly ip_address: string }[],
): void {
  if (port.device_owner !== ROUTER_INTERFACE_OWNER) return;
  const ipv4Of = (ips: typeof before) =>
    ips.flatMap(({ ip_address: ip }) => (ip.includes(':') ? [] : ip)).toSorted();
  const [had, has] = [ipv4Of(before), ipv4Of(after)];
  if (had.length !== has.length || had.some((ip, index) => ip !== has[index])) {
    throw addressChangeNotAllowed(port.id);
  }
}

/**
 * How a port comes to its addresses, decided once when it is made: never (`none`), by the words of its maker,
 * or at once. compat: an address that it gets or loses later changes nothing about it.
 */
export function ipAllocationOf(fixedIps: readonly unknown[] | undefined): 'immediate' | 'none' {
  return fixedIps?.length === 0 ? 'none' : 'immediate';
}

/** The names that a port's addresses have in the domain name system. */
export function dnsAssignment(
  dnsName: string,
  ips: readonly string[],
  domain: string,
): { readonly ip_address: string; readonly hostname: string; readonly fqdn: string }[] {
  const suffix = domain.endsWith('.') ? domain : `${domain}.`;
  return ips.map((ip) => {
    if (dnsName.endsWith('.')) {
      return { ip_address: ip, hostname: dnsName.split('.')[0] ?? '', fqdn: dnsName };
    }
    const hostname = dnsName === '' ? `host-${ip.replaceAll(/[.:]/g, '-')}` : dnsName;
    return { ip_address: ip, hostname, fqdn: `${hostname}.${suffix}` };
  });
}
