/** What a guest may put on its network, by the mode of its port: the first half of the model. */
import type { PortFirewall } from '#base/host/firewall.ts';
import { cidrContains, parseCidr } from '#base/net/cidr.ts';
import { formatIp, parseIp } from '#base/net/ip.ts';
import { eui64Address } from '#base/net/mac.ts';
import { outerType, type Arp, type IpPacket, type Packet } from './packet.ts';

/** `groups`: passes if the port's security groups let it. `forged`: the guest may never send this. */
export type Leave = 'pass' | 'groups' | 'forged';

/** RFC 4861 and 3810: what keeps an IPv6 link together. */
export const ICMP6 = {
  listenerQuery: 130,
  listenerReport: 131,
  listenerDone: 132,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
  listenerReport2: 143,
} as const;
const LINK_MESSAGES: ReadonlySet<number> = new Set(Object.values(ICMP6));

export function leave(packet: Packet, firewall: PortFirewall | null): Leave {
  if (firewall === null || firewall.mode === 'transparent') return 'pass';
  if (!firewall.macs.includes(packet.source)) return 'forged';
  return firewall.mode === 'strict' ? leaveStrict(packet, firewall) : leaveL2(packet, firewall);
}

/** The MAC is pinned; whatever addresses it speaks with is the groups' business. */
function leaveL2(packet: Packet, firewall: PortFirewall): Leave {
  const { tags = [], body } = packet;
  if (tags.length === 0 && body.kind === 'arp') return 'pass';
  if (tags.length === 0 && body.kind === 'ip') {
    return isLinkMessage(body) || isDhcpClient(body) ? 'pass' : 'groups';
  }
  const type = outerType(packet);
  return type !== null && firewall.ethertypes.includes(type) ? 'pass' : 'forged';
}

/** MAC and address are pinned together, in ARP and neighbour discovery too. */
function leaveStrict({ source, tags = [], body }: Packet, firewall: PortFirewall): Leave {
  if (tags.length > 0) return 'forged';
  switch (body.kind) {
    case 'arp':
      return speaksArp(body, firewall) ? 'pass' : 'forged';
    case 'ip':
      return body.version === 4
        ? leaveStrict4(body, source, firewall)
        : leaveStrict6(body, source, firewall);
    case 'other':
    case 'llc':
      return 'forged';
  }
}

/** A probe (RFC 5227) has no sender address yet, and asks for the one that it is about to use. */
function speaksArp({ senderMac, senderIp, targetIp }: Arp, firewall: PortFirewall): boolean {
  return isPair(senderMac, senderIp === '0.0.0.0' ? targetIp : senderIp, firewall);
}

function leaveStrict4(packet: IpPacket, mac: string, firewall: PortFirewall): Leave {
  const own = isPair(mac, packet.source, firewall);
  if (isDhcpClient(packet) && (own || packet.source === '0.0.0.0')) return 'pass';
  if (!own || isDhcpServer(packet)) return 'forged';
  return 'groups';
}

function leaveStrict6(packet: IpPacket, mac: string, firewall: PortFirewall): Leave {
  const type = icmp6Type(packet);
  const own = isPair(mac, packet.source, firewall);
  if (packet.source === '::' && !own) return leaveNowhere(packet, firewall);
  if (!own || isDhcpServer(packet)) return 'forged';
  if (isDhcpClient(packet)) return 'pass';
  switch (type) {
    case ICMP6.routerAdvertisement:
    case ICMP6.redirect:
      return 'forged';
    case ICMP6.advertisement:
      return isTarget(packet, firewall) ? 'pass' : 'forged';
    default:
      return type !== null && LINK_MESSAGES.has(type) ? 'pass' : 'groups';
  }
}

/** Before it has an address, a guest asks whether somebody else has it, looks for routers, and joins groups. */
function leaveNowhere(packet: IpPacket, firewall: PortFirewall): Leave {
  switch (icmp6Type(packet)) {
    case ICMP6.solicitation:
      return isTarget(packet, firewall) ? 'pass' : 'forged';
    case ICMP6.routerSolicitation:
    case ICMP6.listenerReport:
    case ICMP6.listenerDone:
    case ICMP6.listenerReport2:
      return 'pass';
    default:
      return 'forged';
  }
}

function isPair(mac: string, address: string, { macs, pairs }: PortFirewall): boolean {
  const ip = parseIp(address);
  if (ip === undefined) return false;
  if (macs.includes(mac) && formatIp(ip) === linkLocal(mac)) return true;
  return pairs.some((pair) => pair.mac === mac && contains(pair.cidr, address));
}

/** What a guest may say where it is found: any address of its pairs, whichever of its MACs that goes with. */
function isTarget({ payload }: IpPacket, { macs, pairs }: PortFirewall): boolean {
  const target = payload.kind === 'icmp' ? payload.target : undefined;
  if (target === undefined) return false;
  if (pairs.some((pair) => contains(pair.cidr, target))) return true;
  return macs.some((mac) => linkLocal(mac) === target);
}

/** The address that a card gives itself from its MAC. */
export function linkLocal(mac: string): string {
  const net = parseCidr('fe80::/64');
  if (net === undefined) throw new Error('fe80::/64 is a network');
  return formatIp(eui64Address(net, mac));
}

export function contains(cidr: string, address: string): boolean {
  const [net, ip] = [parseCidr(cidr), parseIp(address)];
  return net !== undefined && ip !== undefined && cidrContains(net, ip);
}

/** Neighbour and router discovery, and multicast listeners. */
export function isLinkMessage(packet: IpPacket): boolean {
  const type = icmp6Type(packet);
  return type !== null && LINK_MESSAGES.has(type);
}

export function icmp6Type({ version, payload }: IpPacket): number | null {
  return version === 6 && payload.kind === 'icmp' ? payload.type : null;
}

export function isDhcpClient(packet: IpPacket): boolean {
  return packet.version === 4 ? isUdp(packet, 68, 67) : isUdp(packet, 546, 547);
}

export function isDhcpServer(packet: IpPacket): boolean {
  return packet.version === 4 ? isUdp(packet, 67, 68) : isUdp(packet, 547, 546);
}

function isUdp({ payload }: IpPacket, from: number, to: number): boolean {
  if (payload.kind !== 'ports' || payload.protocol !== 'udp') return false;
  return payload.sourcePort === from && payload.destinationPort === to;
}
