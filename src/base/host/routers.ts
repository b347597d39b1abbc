/** What a host should route: the part of the desired document that describes routers, with their addresses towards the outside. */

/** A router: a namespace of its own between networks, with address translation towards its gateway. */
export type RouterSpec = {
  readonly id: string;
  /** A router that is down answers and forwards nothing. */
  readonly adminStateUp: boolean;
  /** Sorted by port id. */
  readonly interfaces: readonly RouterInterfaceSpec[];
  readonly gateway: RouterGatewaySpec | null;
  /** Extra routes, sorted: several with one destination are one route with several next hops. */
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
  /** Sorted by id. */
  readonly floatingIps: readonly FloatingIpSpec[];
  /** Sorted by id. */
  readonly forwardings: readonly PortForwardingSpec[];
};

/** A router's place on a network. */
export type RouterLinkSpec = {
  readonly portId: string;
  readonly networkId: string;
  readonly mac: string;
  readonly mtu: number;
  readonly adminStateUp: boolean;
  /** With prefix length, such as `10.0.0.1/24` or `2001:db8::1/64`. */
  readonly addresses: readonly string[];
};

export type RouterInterfaceSpec = RouterLinkSpec & {
  /** IPv6 subnets whose `ipv6_ra_mode` asks the router to announce them. */
  readonly advertised: readonly AdvertisedSubnet[];
};

/** RFC 4861: how guests on an IPv6 subnet get an address and what else they ask DHCPv6 for. */
export type AdvertisedSubnet = {
  readonly cidr: string;
  readonly mode: 'slaac' | 'dhcpv6-stateful' | 'dhcpv6-stateless';
  readonly dnsNameservers: readonly string[];
};

export type RouterGatewaySpec = RouterLinkSpec & {
  /** Default gateways, at most one of each IP version. */
  readonly nexthops: readonly string[];
  /** Whether what leaves by the gateway gets the router's own IPv4 address as its source. */
  readonly snat: boolean;
};

/** One address outside for one address inside; the router answers for it on its gateway's network. */
export type FloatingIpSpec = {
  readonly id: string;
  readonly floatingIp: string;
  readonly fixedIp: string;
};

/** Ports of a floating IP that no fixed address has to itself: to as many ports inside, or all to one. */
export type PortForwardingSpec = {
  readonly id: string;
  readonly floatingIp: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'dccp' | 'icmp' | 'ipv6-icmp';
  readonly externalPorts: PortRange | null;
  readonly internalIp: string;
  readonly internalPorts: PortRange | null;
};

/** Both included. */
export type PortRange = { readonly first: number; readonly last: number };
