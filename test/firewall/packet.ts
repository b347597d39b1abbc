/** Packets as a person would say them: what the model judges, what `frames.ts` puts on the wire, what a failing case shows. */

export type Packet = {
  /** MACs of the Ethernet header. */
  readonly source: string;
  readonly destination: string;
  /** VLAN tags, outermost first; none when left out. */
  readonly tags?: readonly Tag[];
  readonly body: Body;
  /** What stands behind the body's end, in hexadecimal: no part of it, though it is read by who does not count. */
  readonly trailer?: string;
};

/** `type`: 0x8100 for 802.1Q, 0x88a8 for 802.1ad. */
export type Tag = { readonly type: number; readonly vlan: number };

export type Body = Arp | IpPacket | OtherBody | LlcBody;

export type Arp = {
  readonly kind: 'arp';
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac: string;
  readonly targetIp: string;
};

export type IpPacket = {
  readonly kind: 'ip';
  readonly version: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly payload: Payload;
  /** One piece of a packet; which bytes of the payload it has is told by `offset`, a multiple of 8, and `length`. */
  readonly fragment?: { readonly id: number; readonly offset: number; readonly length: number };
  /** IPv6 only: a hop-by-hop header stands before the payload, as in every message of multicast listeners. */
  readonly hopByHop?: true;
  /** IPv6 only: a header of options for the destination, so long that in fragments nothing else is in the first. */
  readonly options?: true;
};

export type Payload = WithPorts | Icmp | Raw;

export type WithPorts = {
  readonly kind: 'ports';
  readonly protocol: PortProtocol;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of TCP and SCTP, whose connections are opened; `data` from who opened it when left out, `back` from the other. */
  readonly step?: 'open' | 'answer' | 'data' | 'back';
};

export type PortProtocol = keyof typeof PORT_PROTOCOLS;
export const PORT_PROTOCOLS = { tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136 } as const;

/** ICMP, or ICMPv6 when the packet is of version 6. */
export type Icmp = {
  readonly kind: 'icmp';
  readonly type: number;
  readonly code: number;
  /** Of echo and its kind. */
  readonly id?: number;
  /** Of neighbour discovery. */
  readonly target?: string;
  /** Of errors: the packet that could not be delivered. */
  readonly about?: IpPacket;
};

/** A protocol of which nothing but the number is known to anybody. */
export type Raw = { readonly kind: 'raw'; readonly protocol: number };

export type OtherBody = { readonly kind: 'other'; readonly ethertype: number };

/** A frame with a length in the place of its EtherType: spanning tree. */
export type LlcBody = { readonly kind: 'llc' };

export const ETHERTYPES = {
  ip4: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  vlan: 0x8100,
  ip6: 0x86dd,
  pause: 0x8808,
  lacp: 0x8809,
  mpls: 0x8847,
  eapol: 0x888e,
  providerVlan: 0x88a8,
  /** For local experiments: nothing on the way understands it. */
  experiment: 0x88b5,
  lldp: 0x88cc,
} as const;

/** Group addresses that bridges keep for themselves. */
export const GROUP_MACS = {
  spanningTree: '01:80:c2:00:00:00',
  pause: '01:80:c2:00:00:01',
  lacp: '01:80:c2:00:00:02',
  lldp: '01:80:c2:00:00:0e',
} as const;

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export function protocolOf({ payload, version }: IpPacket): number {
  switch (payload.kind) {
    case 'ports':
      return PORT_PROTOCOLS[payload.protocol];
    case 'icmp':
      return version === 4 ? 1 : 58;
    case 'raw':
      return payload.protocol;
  }
}

/** The EtherType that a switch would see first; null for LLC. */
export function outerType({ tags, body }: Packet): number | null {
  const [tag] = tags ?? [];
  if (tag !== undefined) return tag.type;
  switch (body.kind) {
    case 'arp':
      return ETHERTYPES.arp;
    case 'ip':
      return body.version === 4 ? ETHERTYPES.ip4 : ETHERTYPES.ip6;
    case 'other':
      return body.ethertype;
    case 'llc':
      return null;
  }
}

export function isUnicast(mac: string): boolean {
  return Number.parseInt(mac.slice(0, 2), 16) % 2 === 0;
}

/** One line. */
export function sayPacket({ source, destination, tags = [], body }: Packet): string {
  const tagged = tags.map((tag) => `vlan ${tag.type.toString(16)}/${tag.vlan} `).join('');
  return `${source} > ${destination} ${tagged}${sayBody(body)}`;
}

function sayBody(body: Body): string {
  switch (body.kind) {
    case 'arp': {
      const { operation, senderMac, senderIp, targetIp } = body;
      return `arp ${operation} from ${senderIp} (${senderMac}) for ${targetIp}`;
    }
    case 'ip':
      return sayIp(body);
    case 'other':
      return `ethertype 0x${body.ethertype.toString(16)}`;
    case 'llc':
      return 'spanning tree';
  }
}

function sayIp(packet: IpPacket): string {
  const { source, destination, payload, fragment, hopByHop } = packet;
  const extra = `${hopByHop ? ' hop-by-hop' : ''}${fragment ? ` fragment at ${fragment.offset}` : ''}`;
  switch (payload.kind) {
    case 'ports': {
      const { protocol, sourcePort, destinationPort, step } = payload;
      const how = step === undefined ? '' : ` ${step}`;
      return `${protocol}${how} ${source} ${sourcePort} > ${destination} ${destinationPort}${extra}`;
    }
    case 'icmp': {
      const { type, code, id, target, about } = payload;
      const words = [
        id === undefined ? '' : ` id ${id}`,
        target === undefined ? '' : ` target ${target}`,
        about === undefined ? '' : ` about (${sayIp(about)})`,
      ];
      const name = `icmp${packet.version === 6 ? 'v6' : ''}`;
      return `${name} ${type}/${code}${words.join('')} ${source} > ${destination}${extra}`;
    }
    case 'raw':
      return `protocol ${payload.protocol} ${source} > ${destination}${extra}`;
  }
}
