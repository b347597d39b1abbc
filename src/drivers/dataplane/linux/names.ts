/**
 * What the data plane calls its links. A link's name holds at most 15 characters, so it shows only
 * the start of an id; the whole id is the link's alias, where the kernel keeps it for us.
 *
 * | link | name |
 * | --- | --- |
 * | bridge of a network | `br` and 13 characters of the network's id |
 * | tap of a port | `tap` and 11 characters of the port's id, as in OpenStack |
 * | link to a network's services, end on the bridge | `dhcp` and 11 characters of the network's id |
 * | link to a network's services, end in their namespace | `ns-net`, the only one there |
 * | namespace of a network's services (DHCP, metadata) | `qdhcp-` and the network's id, as in OpenStack |
 * | router's link, end on the bridge | `rtr` and 11 characters of its port's id |
 * | router's link, end in its namespace | `qr-` (gateway: `qg-`) and 11 characters of its port's id, as in OpenStack |
 * | router's namespace | `qrouter-` and the router's id, as in OpenStack |
 * | door of `stackyard ssh`, end on the bridge | `ssh` and 12 characters of its port's id |
 * | uplink's leg on an external network, end on the bridge | `upl` and 11 characters of the network's id |
 * | uplink's leg, end in its namespace | `ext-` and 11 characters of the network's id |
 * | uplink's namespace | `uplink`; its way to the yard is `yard` there and `uplink0` in the yard |
 */

export const BRIDGE_PREFIX = 'br';
export const TAP_PREFIX = 'tap';
export const SERVICE_LINK_PREFIX = 'dhcp';
export const SERVICE_INNER = 'ns-net';
export const DOOR_PREFIX = 'ssh';
export const SERVICE_NAMESPACE_PREFIX = 'qdhcp-';
export const ROUTER_LINK_PREFIX = 'rtr';
export const ROUTER_NAMESPACE_PREFIX = 'qrouter-';

/** The uplink: the namespace between external networks and the yard, the host and the outside. */
export const UPLINK_NAMESPACE = 'uplink';
export const UPLINK_PREFIX = 'upl';
export const UPLINK_LEG_PREFIX = 'ext-';
/** The way from the yard to the uplink: its end in the yard, and there. */
export const UPLINK_LINK = 'uplink0';
export const UPLINK_YARD_END = 'yard';
/** The uplink's end of a way to the host, and of one to the outside by a program such as pasta. */
export const UPLINK_HOST_END = 'host';
export const UPLINK_OUTSIDE = 'outside';
export const UPLINK_TABLE = 'inet uplink';
/** The set of links by which guests may reach the outside. */
export const UPLINK_OUTSIDES = 'outsides';

/** Where `ip netns` keeps namespaces. */
export const NETNS_DIR = '/run/netns';

export function bridgeName(networkId: string): string {
  return BRIDGE_PREFIX + networkId.slice(0, 13);
}

export function serviceLinkName(networkId: string): string {
  return SERVICE_LINK_PREFIX + networkId.slice(0, 11);
}

export function serviceNamespace(networkId: string): string {
  return SERVICE_NAMESPACE_PREFIX + networkId;
}

export function routerLinkName(portId: string): string {
  return ROUTER_LINK_PREFIX + portId.slice(0, 11);
}

export function routerInterfaceName(portId: string): string {
  return `qr-${portId.slice(0, 11)}`;
}

export function routerGatewayName(portId: string): string {
  return `qg-${portId.slice(0, 11)}`;
}

export function routerNamespace(routerId: string): string {
  return ROUTER_NAMESPACE_PREFIX + routerId;
}

export function uplinkLinkName(networkId: string): string {
  return UPLINK_PREFIX + networkId.slice(0, 11);
}

export function uplinkLegName(networkId: string): string {
  return UPLINK_LEG_PREFIX + networkId.slice(0, 11);
}
