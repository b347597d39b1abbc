/**
 * What the data plane calls its links. A link's name holds at most 15 characters, so it shows only
 * the start of an id; the whole id is the link's alias, where the kernel keeps it for us.
 *
 * | link | name |
 * | --- | --- |
 * | bridge of a network | `br` and 13 characters of the network's id |
 * | tap of a port | `tap` and 11 characters of the port's id, as in OpenStack |
 * | DHCP server's link, end on the bridge | `dhcp` and 11 characters of its port's id |
 * | DHCP server's link, end in its namespace | `ns-` and 11 characters of its port's id, as in OpenStack |
 * | DHCP server's namespace | `qdhcp-` and the network's id, as in OpenStack |
 * | router's link, end on the bridge | `rtr` and 11 characters of its port's id |
 * | router's link, end in its namespace | `qr-` (gateway: `qg-`) and 11 characters of its port's id, as in OpenStack |
 * | router's namespace | `qrouter-` and the router's id, as in OpenStack |
 * | door of `stackyard ssh`, end on the bridge | `ssh` and 12 characters of its port's id |
 */

export const BRIDGE_PREFIX = 'br';
export const TAP_PREFIX = 'tap';
export const DHCP_LINK_PREFIX = 'dhcp';
export const DOOR_PREFIX = 'ssh';
export const DHCP_NAMESPACE_PREFIX = 'qdhcp-';
export const ROUTER_LINK_PREFIX = 'rtr';
export const ROUTER_NAMESPACE_PREFIX = 'qrouter-';

/** Where `ip netns` keeps namespaces. */
export const NETNS_DIR = '/run/netns';

export function bridgeName(networkId: string): string {
  return BRIDGE_PREFIX + networkId.slice(0, 13);
}

export function dhcpLinkName(portId: string): string {
  return DHCP_LINK_PREFIX + portId.slice(0, 11);
}

export function dhcpInnerName(portId: string): string {
  return `ns-${portId.slice(0, 11)}`;
}

export function dhcpNamespace(networkId: string): string {
  return DHCP_NAMESPACE_PREFIX + networkId;
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
