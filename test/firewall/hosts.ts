/** Packets between two hosts, in few words. */
import { ICMP6, linkLocal } from './leaving.ts';
import {
  BROADCAST,
  ETHERTYPES,
  type Arp,
  type Body,
  type Icmp,
  type IpPacket,
  type Packet,
  type PortProtocol,
  type WithPorts,
} from './packet.ts';

export type Host = { readonly mac: string; readonly ip4: string; readonly ip6: string };

/** Addresses that nobody has. */
export const STRANGER: Host = {
  mac: '02:99:99:99:99:99',
  ip4: '10.99.99.99',
  ip6: 'fd99::99',
};

export const ALL_NODES = { mac: '33:33:00:00:00:01', ip: 'ff02::1' } as const;
export const ALL_ROUTERS = { mac: '33:33:00:00:00:02', ip: 'ff02::2' } as const;
const LISTENER_REPORTS = { mac: '33:33:00:00:00:16', ip: 'ff02::16' } as const;

export function frame(from: Host, to: Host | string, body: Body): Packet {
  return { source: from.mac, destination: typeof to === 'string' ? to : to.mac, body };
}

/** An IP packet with a protocol of ports, such as `ip(4, a, b, 'udp', 1000, 53)`. */
export function ip(
  version: 4 | 6,
  from: Host,
  to: Host,
  protocol: PortProtocol,
  sourcePort: number,
  destinationPort: number,
  step?: WithPorts['step'],
): Packet {
  const payload = { kind: 'ports', protocol, sourcePort, destinationPort } as const;
  return ipFrame(version, from, to, step === undefined ? payload : { ...payload, step });
}

export function ipFrame(
  version: 4 | 6,
  from: Host,
  to: Host,
  payload: IpPacket['payload'],
): Packet {
  const [source, destination] = version === 4 ? [from.ip4, to.ip4] : [from.ip6, to.ip6];
  return frame(from, to, { kind: 'ip', version, source, destination, payload });
}

/** The same packet with another source address, or another source MAC. */
export function spoofed(
  packet: Packet,
  as: { readonly mac?: string; readonly ip?: string },
): Packet {
  const { body } = packet;
  return {
    ...packet,
    source: as.mac ?? packet.source,
    body: body.kind === 'ip' ? { ...body, source: as.ip ?? body.source } : body,
  };
}

export function arp(from: Host, to: Host | string, fields: Partial<Arp> = {}): Packet {
  return frame(from, to, {
    kind: 'arp',
    operation: 'request',
    senderMac: from.mac,
    senderIp: from.ip4,
    targetMac: '00:00:00:00:00:00',
    targetIp: typeof to === 'string' ? STRANGER.ip4 : to.ip4,
    ...fields,
  });
}

/** A message of neighbour discovery or of multicast listeners, from the card's own address. */
export function link(
  type: number,
  from: Host,
  to: { readonly mac: string; readonly ip: string } = ALL_NODES,
  fields: { readonly source?: string; readonly target?: string } = {},
): Packet {
  const payload: Icmp = {
    kind: 'icmp',
    type,
    code: 0,
    ...(fields.target === undefined ? {} : { target: fields.target }),
  };
  const source = fields.source ?? linkLocal(from.mac);
  const body: IpPacket = { kind: 'ip', version: 6, source, destination: to.ip, payload };
  return frame(from, to.mac, body);
}

/** As multicast listeners send it: with a hop-by-hop header. */
export function listenerReport(from: Host): Packet {
  const packet = link(ICMP6.listenerReport2, from, LISTENER_REPORTS);
  return { ...packet, body: { ...(packet.body as IpPacket), hopByHop: true } };
}

/** What a guest without an address asks, or what a server answers: between ports that DHCP has for that. */
export function dhcp(version: 4 | 6, from: Host, role: 'client' | 'server', to?: Host): Packet {
  const [client, server] = version === 4 ? [68, 67] : [546, 547];
  const ports = role === 'client' ? [client, server] : [server, client];
  const [sourcePort, destinationPort] = ports as [number, number];
  const packet = ip(version, from, to ?? from, 'udp', sourcePort, destinationPort);
  const body = packet.body as IpPacket;
  if (version === 4) {
    if (role === 'server') return packet;
    const asking = { ...body, source: '0.0.0.0', destination: '255.255.255.255' };
    return { ...packet, destination: BROADCAST, body: asking };
  }
  const source = linkLocal(from.mac);
  if (role === 'server') return { ...packet, body: { ...body, source } };
  const asking = { ...body, source, destination: 'ff02::1:2' };
  return { ...packet, destination: '33:33:00:01:00:02', body: asking };
}

export function other(from: Host, to: Host | string, ethertype: number): Packet {
  return frame(from, to, { kind: 'other', ethertype });
}

export function tagged(packet: Packet, ...types: readonly number[]): Packet {
  return { ...packet, tags: types.map((type, index) => ({ type, vlan: 100 + index })) };
}

export const { vlan: DOT1Q, providerVlan: DOT1AD } = ETHERTYPES;
