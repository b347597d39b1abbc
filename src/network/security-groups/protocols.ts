/** IP protocols by the names that security group rules may use. */

/** In the order in which a refusal lists them. */
const NUMBERS: Readonly<Record<string, number>> = {
  ah: 51,
  dccp: 33,
  egp: 8,
  esp: 50,
  gre: 47,
  hopopt: 0,
  icmp: 1,
  igmp: 2,
  ip: 0,
  ipip: 4,
  'ipv6-encap': 41,
  'ipv6-frag': 44,
  'ipv6-icmp': 58,
  icmpv6: 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  'ipv6-route': 43,
  ospf: 89,
  pgm: 113,
  rsvp: 46,
  sctp: 132,
  tcp: 6,
  udp: 17,
  udplite: 136,
  vrrp: 112,
};

export const PROTOCOL_NAMES = Object.keys(NUMBERS);

export const ICMP = 1;
export const ICMPV6 = 58;

/** Protocols whose packets have ports. */
const PORT_PROTOCOLS = ['dccp', 'sctp', 'tcp', 'udp', 'udplite'];
export const PORT_PROTOCOL_NAMES = PORT_PROTOCOLS.map((name) => name.toUpperCase());
const PORT_NUMBERS = new Set(PORT_PROTOCOLS.map((name) => NUMBERS[name]));

/** Protocols that only IPv6 carries. */
const IPV6_NUMBERS = new Set([41, 43, 44, 58, 59, 60]);

/** The number of a protocol given by name, or by number as text. */
export function protocolNumber(protocol: string): number {
  return Object.hasOwn(NUMBERS, protocol) ? (NUMBERS[protocol] as number) : Number(protocol);
}

export function hasPorts(protocol: number): boolean {
  return PORT_NUMBERS.has(protocol);
}

export function isIpv6Only(protocol: number): boolean {
  return IPV6_NUMBERS.has(protocol);
}
