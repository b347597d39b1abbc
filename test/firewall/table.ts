/** The table of `docs/compat/firewall.md`: which kinds of frames pass, out of a guest and into it. */
import {
  ALL_NODES,
  ALL_ROUTERS,
  arp,
  dhcp,
  DOT1AD,
  DOT1Q,
  frame,
  ip,
  ipFrame,
  link,
  listenerReport,
  other,
  spoofed,
  STRANGER,
  tagged,
  type Host,
} from './hosts.ts';
import { fragmentsOf } from './frames.ts';
import { ICMP6, linkLocal } from './leaving.ts';
import { BROADCAST, ETHERTYPES, GROUP_MACS, type Packet } from './packet.ts';

/**
 * `groups`: passes if the port's security groups let it. `listed`: passes if its EtherType is among the port's
 * `permitted_ethertypes`.
 */
export type Cell = 'pass' | 'drop' | 'groups' | 'listed';

export type Row = {
  readonly frame: string;
  readonly direction: 'out' | 'in';
  readonly strict: Cell;
  readonly l2: Cell;
  readonly transparent: Cell;
  /** With port security off. */
  readonly off: Cell;
  /** Neutron's drivers, for a port with port security and an address: what the page says of them. */
  readonly ovs: string;
  readonly iptables: string;
  readonly ovn: string;
  /** `guest` has the port that the row is about; `peer` is on the same network. */
  readonly frames: (guest: Host, peer: Host) => readonly Packet[];
};

/** Port security off is like `transparent` where nothing else is said. */
type Cells = readonly [strict: Cell, l2: Cell, transparent: Cell, off?: Cell];
type Others = readonly [ovs: string, iptables: string, ovn: string];

function out(
  text: string,
  [strict, l2, transparent, off = transparent]: Cells,
  [ovs, iptables, ovn]: Others,
  build: (guest: Host, peer: Host) => Packet | readonly Packet[],
): Row {
  const frames = (guest: Host, peer: Host) => [build(guest, peer)].flat();
  return {
    frame: text,
    direction: 'out',
    strict,
    l2,
    transparent,
    off,
    ovs,
    iptables,
    ovn,
    frames,
  };
}

function into(...[text, cells, others, build]: Parameters<typeof out>): Row {
  return { ...out(text, cells, others, (guest, peer) => build(guest, peer)), direction: 'in' };
}

const EVERYWHERE = ['pass', 'pass', 'pass'] as const;
const BY_GROUPS = ['groups', 'groups', 'pass'] as const;
const NOT_STRICT = ['drop', 'listed', 'pass'] as const;
const ONLY_OPEN = ['drop', 'drop', 'pass'] as const;

/** Text that says where a column comes from: not read in a source, but from manuals. */
const MANUAL = '\\*';

export const ROWS: readonly Row[] = [
  out('ARP, own address', EVERYWHERE, ['pass', 'pass', 'pass'], (guest, peer) => [
    arp(guest, BROADCAST, { targetIp: peer.ip4 }),
    arp(guest, peer, { operation: 'reply', targetMac: peer.mac }),
  ]),
  out('gratuitous ARP, own address', EVERYWHERE, ['pass', 'pass', 'pass'], (guest) => [
    arp(guest, BROADCAST, { targetIp: guest.ip4 }),
    arp(guest, BROADCAST, { operation: 'reply', targetIp: guest.ip4 }),
  ]),
  out('ARP probe for the own address', EVERYWHERE, ['drop', 'drop', 'drop'], (guest) =>
    arp(guest, BROADCAST, { senderIp: '0.0.0.0', targetIp: guest.ip4 }),
  ),
  out(
    'ARP probe for another address',
    ['drop', 'pass', 'pass'],
    ['drop', 'drop', 'drop'],
    (guest) => arp(guest, BROADCAST, { senderIp: '0.0.0.0', targetIp: STRANGER.ip4 }),
  ),
  out('ARP, spoofed IP', ['drop', 'pass', 'pass'], ['drop', 'drop', 'drop'], (guest, peer) => [
    arp(guest, BROADCAST, { senderIp: STRANGER.ip4 }),
    arp(guest, peer, { operation: 'reply', senderIp: STRANGER.ip4 }),
  ]),
  out('gratuitous ARP, spoofed IP', ['drop', 'pass', 'pass'], ['drop', 'drop', 'drop'], (guest) =>
    arp(guest, BROADCAST, { senderIp: STRANGER.ip4, targetIp: STRANGER.ip4 }),
  ),
  out(
    'ARP, spoofed sender MAC',
    ['drop', 'pass', 'pass'],
    ['pass', 'pass', 'drop'],
    (guest, peer) => arp(guest, peer, { operation: 'reply', senderMac: STRANGER.mac }),
  ),
  out('RARP (0x8035)', NOT_STRICT, ['pass', 'pass', 'pass'], (guest) =>
    other(guest, BROADCAST, ETHERTYPES.rarp),
  ),
  out('IPv4', BY_GROUPS, ['groups', 'groups', 'groups'], (guest, peer) => [
    ip(4, guest, peer, 'udp', 1000, 2000),
    ip(4, guest, peer, 'tcp', 1000, 2000, 'open'),
    ipFrame(4, guest, peer, { kind: 'icmp', type: 8, code: 0, id: 10 }),
    ipFrame(4, guest, peer, { kind: 'raw', protocol: 253 }),
  ]),
  out('IPv4, multicast and IGMP', BY_GROUPS, ['groups', 'groups', 'groups'], (guest) => {
    const group: Host = { mac: '01:00:5e:01:02:03', ip4: '239.1.2.3', ip6: '::' };
    return [
      ip(4, guest, group, 'udp', 1001, 2001),
      ipFrame(4, guest, group, { kind: 'raw', protocol: 2 }),
    ];
  }),
  out('IPv4, in fragments', BY_GROUPS, ['groups', 'groups', 'groups'], (guest, peer) =>
    fragmentsOf(ip(4, guest, peer, 'udp', 1002, 2002), 8, 1002),
  ),
  out('IPv4, spoofed IP', ['drop', 'groups', 'pass'], ['drop', 'drop', 'drop'], (guest, peer) =>
    spoofed(ip(4, guest, peer, 'udp', 1003, 2003), { ip: STRANGER.ip4 }),
  ),
  out('IPv4 or IPv6, spoofed MAC', ONLY_OPEN, ['drop', 'drop', 'drop'], (guest, peer) => [
    spoofed(ip(4, guest, peer, 'udp', 1004, 2004), { mac: STRANGER.mac }),
    spoofed(ip(6, guest, peer, 'udp', 1004, 2004), { mac: STRANGER.mac }),
  ]),
  out('IPv6', BY_GROUPS, ['groups', 'groups', 'groups'], (guest, peer) => [
    ip(6, guest, peer, 'udp', 1005, 2005),
    ip(6, guest, peer, 'tcp', 1005, 2005, 'open'),
    ipFrame(6, guest, peer, { kind: 'icmp', type: 128, code: 0, id: 11 }),
  ]),
  out(
    'IPv6 from the link-local address',
    BY_GROUPS,
    ['groups', 'groups', 'groups'],
    (guest, peer) => spoofed(ip(6, guest, peer, 'udp', 1006, 2006), { ip: linkLocal(guest.mac) }),
  ),
  out('IPv6, in fragments', BY_GROUPS, ['groups', 'groups', 'groups'], (guest, peer) =>
    fragmentsOf(ip(6, guest, peer, 'udp', 1007, 2007), 1232, 1007),
  ),
  out('IPv6, spoofed IP', ['drop', 'groups', 'pass'], ['drop', 'drop', 'drop'], (guest, peer) =>
    spoofed(ip(6, guest, peer, 'udp', 1008, 2008), { ip: STRANGER.ip6 }),
  ),
  out('neighbour solicitation', EVERYWHERE, ['pass', 'pass', 'pass'], (guest, peer) =>
    link(ICMP6.solicitation, guest, ALL_NODES, { source: guest.ip6, target: peer.ip6 }),
  ),
  out('duplicate address detection', EVERYWHERE, ['drop', 'pass', 'pass'], (guest) =>
    link(ICMP6.solicitation, guest, ALL_NODES, { source: '::', target: linkLocal(guest.mac) }),
  ),
  out('neighbour advertisement, own address', EVERYWHERE, ['pass', 'pass', 'pass'], (guest) => [
    link(ICMP6.advertisement, guest, ALL_NODES, { source: guest.ip6, target: guest.ip6 }),
    link(ICMP6.advertisement, guest, ALL_NODES, { target: linkLocal(guest.mac) }),
  ]),
  out(
    'neighbour advertisement, spoofed target',
    ['drop', 'pass', 'pass'],
    ['groups', 'drop', 'drop'],
    (guest) => link(ICMP6.advertisement, guest, ALL_NODES, { target: STRANGER.ip6 }),
  ),
  out('router solicitation', EVERYWHERE, ['pass', 'pass', 'pass'], (guest) =>
    link(ICMP6.routerSolicitation, guest, ALL_ROUTERS),
  ),
  out('router advertisement', ['drop', 'pass', 'pass'], ['drop', 'drop', 'pass'], (guest) =>
    link(ICMP6.routerAdvertisement, guest),
  ),
  out('ICMPv6 redirect', ['drop', 'pass', 'pass'], ['groups', 'pass', 'groups'], (guest, peer) =>
    link(ICMP6.redirect, guest, { mac: peer.mac, ip: peer.ip6 }, { target: guest.ip6 }),
  ),
  out('multicast listener report', EVERYWHERE, ['groups', 'pass', 'pass'], listenerReport),
  out('DHCP client', EVERYWHERE, ['pass', 'pass', 'groups'], (guest, peer) => [
    dhcp(4, guest, 'client'),
    ip(4, guest, peer, 'udp', 68, 67),
    dhcp(6, guest, 'client'),
  ]),
  out('DHCP server', ['drop', 'groups', 'pass'], ['drop', 'drop', 'groups'], (guest, peer) => [
    dhcp(4, guest, 'server', peer),
    dhcp(6, guest, 'server', peer),
  ]),
  out('802.1Q', NOT_STRICT, ['drop', `drop${MANUAL}`, 'drop'], (guest, peer) => [
    tagged(ip(4, guest, peer, 'udp', 1009, 2009), DOT1Q),
    tagged(arp(guest, BROADCAST), DOT1Q),
    tagged(other(guest, peer, ETHERTYPES.experiment), DOT1Q),
  ]),
  out('802.1ad', NOT_STRICT, ['drop', `drop${MANUAL}`, 'drop'], (guest, peer) => [
    tagged(ip(4, guest, peer, 'udp', 1010, 2010), DOT1AD),
    tagged(ip(6, guest, peer, 'udp', 1010, 2010), DOT1AD, DOT1Q),
  ]),
  out('MPLS', NOT_STRICT, ['drop', 'pass', 'pass'], (guest, peer) =>
    other(guest, peer, ETHERTYPES.mpls),
  ),
  out('LLDP', NOT_STRICT, ['drop', `drop${MANUAL}`, `pass${MANUAL}`], (guest) =>
    other(guest, GROUP_MACS.lldp, ETHERTYPES.lldp),
  ),
  out(
    'LACP',
    ['drop', 'drop', 'pass', 'drop'],
    ['drop', `drop${MANUAL}`, `pass${MANUAL}`],
    (guest) => other(guest, GROUP_MACS.lacp, ETHERTYPES.lacp),
  ),
  out('spanning tree', ONLY_OPEN, ['drop', `drop${MANUAL}`, `pass${MANUAL}`], (guest) =>
    frame(guest, GROUP_MACS.spanningTree, { kind: 'llc' }),
  ),
  out('PAUSE', ['drop', 'drop', 'drop'], ['drop', `drop${MANUAL}`, `pass${MANUAL}`], (guest) =>
    other(guest, GROUP_MACS.pause, ETHERTYPES.pause),
  ),
  out('another EtherType (0x88b5)', NOT_STRICT, ['drop', 'pass', 'pass'], (guest, peer) => [
    other(guest, peer, ETHERTYPES.experiment),
    other(guest, BROADCAST, ETHERTYPES.experiment),
  ]),
  out('another EtherType, spoofed MAC', ONLY_OPEN, ['drop', 'drop', 'drop'], (guest, peer) =>
    spoofed(other(guest, peer, ETHERTYPES.experiment), { mac: STRANGER.mac }),
  ),

  into('ARP, gratuitous too', EVERYWHERE, ['pass', 'pass', 'pass'], (guest, peer) => [
    arp(peer, BROADCAST, { targetIp: guest.ip4 }),
    arp(peer, guest, { operation: 'reply', targetMac: guest.mac }),
    arp(peer, BROADCAST, { targetIp: peer.ip4 }),
    arp(peer, guest, { operation: 'reply', senderIp: STRANGER.ip4 }),
  ]),
  into('IPv4', BY_GROUPS, ['groups', 'groups', 'groups'], (guest, peer) => [
    ip(4, peer, guest, 'udp', 3000, 4000),
    ip(4, peer, guest, 'tcp', 3000, 4000, 'open'),
    ipFrame(4, peer, guest, { kind: 'icmp', type: 8, code: 0, id: 12 }),
    ipFrame(4, peer, guest, { kind: 'raw', protocol: 254 }),
    spoofed(ip(4, peer, guest, 'udp', 3001, 4001), { ip: STRANGER.ip4 }),
    spoofed(ip(4, peer, guest, 'udp', 3002, 4002), { mac: STRANGER.mac }),
    ...fragmentsOf(ip(4, peer, guest, 'udp', 3003, 4003), 8, 3003),
  ]),
  into('IPv6', BY_GROUPS, ['groups', 'groups', 'groups'], (guest, peer) => [
    ip(6, peer, guest, 'udp', 3000, 4000),
    ip(6, peer, guest, 'tcp', 3000, 4000, 'open'),
    ipFrame(6, peer, guest, { kind: 'icmp', type: 128, code: 0, id: 13 }),
    spoofed(ip(6, peer, guest, 'udp', 3001, 4001), { ip: STRANGER.ip6 }),
  ]),
  into(
    'IPv4 or IPv6, broadcast or multicast',
    BY_GROUPS,
    ['groups', 'groups', 'groups'],
    (_, peer) => [
      ip(4, peer, { mac: BROADCAST, ip4: '255.255.255.255', ip6: '::' }, 'udp', 3004, 4004),
      ip(4, peer, { mac: '01:00:5e:01:02:04', ip4: '239.1.2.4', ip6: '::' }, 'udp', 3004, 4004),
      ip(6, peer, { mac: ALL_NODES.mac, ip4: '0.0.0.0', ip6: ALL_NODES.ip }, 'udp', 3004, 4004),
    ],
  ),
  into(
    'unicast to a MAC that nobody has',
    ONLY_OPEN,
    ['drop', `groups${MANUAL}`, 'drop'],
    (_, peer) => [
      ip(4, peer, { ...STRANGER, mac: '02:99:99:99:99:98' }, 'udp', 3005, 4005),
      other(peer, '02:99:99:99:99:98', ETHERTYPES.experiment),
    ],
  ),
  into(
    'neighbour solicitation and advertisement',
    EVERYWHERE,
    ['pass', 'pass', 'pass'],
    (guest, peer) => [
      link(ICMP6.solicitation, peer, ALL_NODES, { target: guest.ip6 }),
      link(ICMP6.advertisement, peer, { mac: guest.mac, ip: guest.ip6 }, { target: peer.ip6 }),
    ],
  ),
  into('router advertisement', EVERYWHERE, ['pass', 'pass', 'pass'], (_, peer) =>
    link(ICMP6.routerAdvertisement, peer),
  ),
  into('multicast listener query', EVERYWHERE, ['pass', 'pass', 'pass'], (_, peer) =>
    link(ICMP6.listenerQuery, peer, ALL_NODES, { target: '::' }),
  ),
  into('ICMPv6 redirect', ONLY_OPEN, ['groups', 'groups', 'groups'], (guest, peer) =>
    link(ICMP6.redirect, peer, { mac: guest.mac, ip: guest.ip6 }, { target: peer.ip6 }),
  ),
  into('DHCP server (answers)', EVERYWHERE, ['pass', 'pass', 'groups'], (guest, peer) => [
    dhcp(4, peer, 'server', guest),
    dhcp(6, peer, 'server', guest),
  ]),
  into('DHCP client (questions)', BY_GROUPS, ['groups', 'groups', 'groups'], (_, peer) => [
    dhcp(4, peer, 'client'),
    dhcp(6, peer, 'client'),
  ]),
  into('802.1Q', NOT_STRICT, ['drop', `drop${MANUAL}`, 'drop'], (guest, peer) => [
    tagged(ip(4, peer, guest, 'udp', 3009, 4009), DOT1Q),
    tagged(arp(peer, BROADCAST), DOT1Q),
  ]),
  into('802.1ad', NOT_STRICT, ['drop', `drop${MANUAL}`, 'drop'], (guest, peer) => [
    tagged(ip(4, peer, guest, 'udp', 3010, 4010), DOT1AD),
    tagged(ip(6, peer, guest, 'udp', 3010, 4010), DOT1AD, DOT1Q),
  ]),
  into('MPLS', NOT_STRICT, ['drop', 'pass', 'pass'], (guest, peer) =>
    other(peer, guest, ETHERTYPES.mpls),
  ),
  into('LLDP', NOT_STRICT, [`drop${MANUAL}`, `drop${MANUAL}`, `pass${MANUAL}`], (_, peer) =>
    other(peer, GROUP_MACS.lldp, ETHERTYPES.lldp),
  ),
  into(
    'LACP',
    ['drop', 'listed', 'pass'],
    [`drop${MANUAL}`, `drop${MANUAL}`, `pass${MANUAL}`],
    (_, peer) => other(peer, GROUP_MACS.lacp, ETHERTYPES.lacp),
  ),
  into('spanning tree', ONLY_OPEN, [`drop${MANUAL}`, `drop${MANUAL}`, `pass${MANUAL}`], (_, peer) =>
    frame(peer, GROUP_MACS.spanningTree, { kind: 'llc' }),
  ),
  into(
    'PAUSE',
    ['drop', 'drop', 'drop'],
    [`drop${MANUAL}`, `drop${MANUAL}`, `pass${MANUAL}`],
    (_, peer) => other(peer, GROUP_MACS.pause, ETHERTYPES.pause),
  ),
  into('another EtherType (0x88b5)', NOT_STRICT, ['drop', 'pass', 'pass'], (guest, peer) => [
    other(peer, guest, ETHERTYPES.experiment),
    other(peer, BROADCAST, ETHERTYPES.experiment),
  ]),
];
