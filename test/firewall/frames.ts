/** Real frames of packets, with all lengths and checksums, each with a mark by which its arrival is known. */
import { parseIp } from '#base/net/ip.ts';
import {
  ETHERTYPES,
  outerType,
  protocolOf,
  type Arp,
  type Icmp,
  type IpPacket,
  type Packet,
  type WithPorts,
} from './packet.ts';

const MARK = Buffer.from('fwmk');
const MARK_LENGTH = 8;
/** Frames are filled up to what Ethernet wants. */
const SHORTEST = 60;

/** The frame on the wire; `mark` is a number by which `markOf` knows it again. */
export function frameBytes(packet: Packet, mark: number): Buffer {
  const { source, destination, tags = [], body, trailer = '' } = packet;
  const payload = bodyBytes(packet, markBytes(mark));
  const parts = [macBytes(destination), macBytes(source)];
  for (const { type, vlan } of tags) parts.push(words(type, vlan));
  const type = body.kind === 'llc' ? payload.length : (outerType({ ...packet, tags: [] }) ?? 0);
  const frame = Buffer.concat([...parts, words(type), payload, Buffer.from(trailer, 'hex')]);
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, SHORTEST - frame.length))]);
}

/** The number in a frame's mark; undefined when it has none. */
export function markOf(frame: Buffer): number | undefined {
  const at = frame.indexOf(MARK);
  return at < 0 || at + MARK_LENGTH > frame.length ? undefined : frame.readUInt32BE(at + 4);
}

/** All pieces of a packet whose IP payload is cut every `length` bytes, a multiple of 8. */
export function fragmentsOf(packet: Packet, length: number, id: number): readonly Packet[] {
  const { body } = packet;
  if (body.kind !== 'ip') throw new Error('only IP packets come in fragments');
  const whole = payloadBytes(body, cutMark(body, markBytes(0))).length;
  const pieces: Packet[] = [];
  for (let offset = 0; offset < whole; offset += length) {
    const fragment = { id, offset, length: Math.min(length, whole - offset) };
    pieces.push({ ...packet, body: { ...body, fragment } });
  }
  return pieces;
}

/**
 * What is cut has enough behind its mark that one piece of IPv6 can be of 1280 bytes: no sender makes smaller ones, and
 * a kernel that tracks connections of bridged packets drops a packet of which all pieces are smaller.
 */
function cutMark({ version }: IpPacket, mark: Buffer): Buffer {
  return version === 4 ? mark : Buffer.concat([mark, Buffer.alloc(1280)]);
}

function bodyBytes({ tags = [], body }: Packet, mark: Buffer): Buffer {
  switch (body.kind) {
    case 'arp':
      return Buffer.concat([arpBytes(body), mark]);
    case 'ip':
      return ipBytes(body, mark);
    case 'other':
      return Buffer.concat([otherHead(body.ethertype), mark]);
    case 'llc': {
      if (tags.length > 0) throw new Error('spanning tree is not tagged here');
      // A configuration message of the bridge 8000.020000000001, which takes itself for the root.
      const bridge = Buffer.from('8000020000000001', 'hex');
      const head = Buffer.from('4242030000000000', 'hex');
      const tail = Buffer.from('80010000140002000f00', 'hex');
      return Buffer.concat([head, bridge, Buffer.alloc(4), bridge, tail, mark]);
    }
  }
}

function otherHead(ethertype: number): Buffer {
  switch (ethertype) {
    case ETHERTYPES.mpls: // label 100, bottom of stack, TTL 64, and an IPv4 header behind it
      return Buffer.concat([Buffer.from('00064140', 'hex'), Buffer.from('4500', 'hex')]);
    case ETHERTYPES.lldp: // chassis id by MAC
      return Buffer.from('020704020000000001', 'hex');
    case ETHERTYPES.pause:
      return Buffer.from('0001ffff', 'hex');
    case ETHERTYPES.lacp:
      return Buffer.from('0101', 'hex');
    default:
      return Buffer.alloc(0);
  }
}

function arpBytes({ operation, senderMac, senderIp, targetMac, targetIp }: Arp): Buffer {
  const head = words(1, ETHERTYPES.ip4, 0x0604, operation === 'request' ? 1 : 2);
  const sender = [macBytes(senderMac), ipBytesOf(senderIp)];
  return Buffer.concat([head, ...sender, macBytes(targetMac), ipBytesOf(targetIp)]);
}

function ipBytes(packet: IpPacket, mark: Buffer): Buffer {
  const { fragment } = packet;
  const whole = payloadBytes(packet, fragment === undefined ? mark : cutMark(packet, mark));
  const payload =
    fragment === undefined
      ? whole
      : whole.subarray(fragment.offset, fragment.offset + fragment.length);
  const more = fragment !== undefined && fragment.offset + fragment.length < whole.length;
  return packet.version === 4
    ? Buffer.concat([ip4Header(packet, payload.length, more), payload])
    : Buffer.concat([ip6Headers(packet, payload.length, more), payload]);
}

function ip4Header(packet: IpPacket, length: number, more: boolean): Buffer {
  const { source, destination, fragment } = packet;
  const place = (more ? 0x2000 : 0) + (fragment?.offset ?? 0) / 8;
  const head = words(0x4500, 20 + length, fragment?.id ?? 0, place);
  const tail = Buffer.concat([ipBytesOf(source), ipBytesOf(destination)]);
  const ttl = words(64 * 256 + protocolOf(packet), 0);
  const header = Buffer.concat([head, ttl, tail]);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ip6Headers(packet: IpPacket, length: number, more: boolean): Buffer {
  const { source, destination, fragment, hopByHop, options } = packet;
  const chain: { readonly number: number; readonly bytes: Buffer }[] = [];
  // A router alert, as multicast listeners send it.
  if (hopByHop) chain.push({ number: 0, bytes: Buffer.from('0000050200000100', 'hex') });
  if (fragment !== undefined) {
    const bytes = Buffer.concat([
      words(0, fragment.offset + (more ? 1 : 0)),
      words(0, fragment.id),
    ]);
    chain.push({ number: 44, bytes });
  }
  const last = options === undefined ? protocolOf(packet) : 60;
  for (const [at, { bytes }] of chain.entries()) bytes[0] = chain[at + 1]?.number ?? last;
  const extra = Buffer.concat(chain.map(({ bytes }) => bytes));
  const head = words(0x6000, 0, extra.length + length, (chain[0]?.number ?? last) * 256 + 255);
  return Buffer.concat([head, ipBytesOf(source), ipBytesOf(destination), extra]);
}

/** What comes behind the header, or is cut in fragments. */
function payloadBytes(packet: IpPacket, mark: Buffer): Buffer {
  const bytes = ownPayloadBytes(packet, mark);
  if (packet.options === undefined) return bytes;
  const options = Buffer.alloc(OPTIONS_LENGTH);
  options.set([protocolOf(packet), OPTIONS_LENGTH / 8 - 1]);
  return Buffer.concat([options, bytes]);
}

/** As long as a fragment that is not the last must be. */
export const OPTIONS_LENGTH = 1232;

function ownPayloadBytes(packet: IpPacket, mark: Buffer): Buffer {
  const { payload } = packet;
  switch (payload.kind) {
    case 'ports':
      return portsBytes(packet, payload, mark);
    case 'icmp': {
      const bytes = Buffer.concat([icmpHead(payload), mark]);
      const covered = packet.version === 4 ? bytes : withPseudoHeader(packet, bytes);
      bytes.writeUInt16BE(checksum(covered), 2);
      return bytes;
    }
    case 'raw':
      if (payload.protocol === IGMP) {
        // A report of version 2 about the group that it is sent to.
        const bytes = Buffer.concat([words(0x1600, 0), ipBytesOf(packet.destination), mark]);
        bytes.writeUInt16BE(checksum(bytes), 2);
        return bytes;
      }
      return mark;
  }
}

const IGMP = 2;

function icmpHead({ type, code, id, target, about }: Icmp): Buffer {
  const head = words(type * 256 + code, 0, id ?? 0, 0);
  const rest: Buffer[] = [];
  if (target !== undefined) rest.push(ipBytesOf(target));
  // A redirect says where to go and for which destination.
  if (type === ND_REDIRECT && target !== undefined) rest.push(ipBytesOf(target));
  if (type === ROUTER_ADVERTISEMENT) rest.push(Buffer.alloc(8));
  // Options of neighbour discovery have a type and a length: ours is one for experiments.
  if (type >= 133 && type <= ND_REDIRECT) rest.push(Buffer.from('fd02000000000000', 'hex'));
  if (about !== undefined) rest.push(aboutBytes(about));
  return Buffer.concat([head, ...rest]);
}

const ROUTER_ADVERTISEMENT = 134;
const ND_REDIRECT = 137;

/** The packet's header and the first 8 bytes behind it, as errors carry them. */
function aboutBytes(about: IpPacket): Buffer {
  const bytes = ipBytes(about, Buffer.alloc(MARK_LENGTH));
  return bytes.subarray(0, (about.version === 4 ? 20 : 40) + 8);
}

function portsBytes(packet: IpPacket, payload: WithPorts, mark: Buffer): Buffer {
  const ports = words(payload.sourcePort, payload.destinationPort);
  switch (payload.protocol) {
    case 'udp': {
      const bytes = Buffer.concat([ports, words(8 + mark.length, 0), mark]);
      bytes.writeUInt16BE(checksum(withPseudoHeader(packet, bytes)) || 0xffff, 6);
      return bytes;
    }
    case 'udplite': {
      // All of it is covered by the checksum: a coverage of 0 says so.
      const bytes = Buffer.concat([ports, words(0, 0), mark]);
      bytes.writeUInt16BE(checksum(withPseudoHeader(packet, bytes)) || 0xffff, 6);
      return bytes;
    }
    case 'tcp': {
      const bytes = Buffer.concat([ports, tcpRest(payload.step ?? 'data'), mark]);
      bytes.writeUInt16BE(checksum(withPseudoHeader(packet, bytes)), 16);
      return bytes;
    }
    case 'sctp': {
      const bytes = Buffer.concat([ports, sctpRest(payload.step ?? 'data', mark)]);
      bytes.writeUInt32LE(crc32c(bytes), 8);
      return bytes;
    }
    case 'dccp': {
      const bytes = Buffer.concat([ports, dccpRest(payload.step ?? 'data'), mark]);
      bytes.writeUInt16BE(checksum(withPseudoHeader(packet, bytes)), 6);
      return bytes;
    }
  }
}

/**
 * Both sides of a connection say the same bytes again and again: who opened it from 1000 on, who answered from 2000
 * on. To the kernel these are repetitions, which are always in the window.
 */
function tcpRest(step: NonNullable<WithPorts['step']>): Buffer {
  const [sequence, acknowledged, flags] = {
    open: [1000, 0, 0x02],
    answer: [2000, 1001 + MARK_LENGTH, 0x12],
    data: [1001 + MARK_LENGTH, 2001 + MARK_LENGTH, 0x18],
    back: [2001 + MARK_LENGTH, 1001 + MARK_LENGTH, 0x18],
  }[step] as [number, number, number];
  return words(0, sequence, 0, acknowledged, 0x5000 + flags, 0xffff, 0, 0);
}

function sctpRest(step: NonNullable<WithPorts['step']>, mark: Buffer): Buffer {
  const tag = step === 'open' ? 0 : 0x1234;
  const head = words(0, tag, 0, 0);
  const chunk =
    step === 'data' || step === 'back'
      ? [words(0x0003, 16 + mark.length), words(0, 1, 0, 0), words(0, 0)]
      : [
          words(step === 'open' ? 0x0100 : 0x0200, 20 + mark.length),
          words(0, 0x1234, 0, 0xffff),
          words(1, 1, 0, 1),
        ];
  return Buffer.concat([head, ...chunk, mark]);
}

/** A request, a response, or data, all with the same long sequence number. */
function dccpRest(step: NonNullable<WithPorts['step']>): Buffer {
  const [length, type, rest] = {
    open: [20, 0, words(0, 1)],
    answer: [28, 1, words(0, 0, 0, 7, 0, 1)],
    data: [16, 2, Buffer.alloc(0)],
    back: [16, 2, Buffer.alloc(0)],
  }[step] as [number, number, Buffer];
  return Buffer.concat([words((length / 4) * 256, 0, (type * 2 + 1) * 256, 0, 0, 7), rest]);
}

function withPseudoHeader(packet: IpPacket, bytes: Buffer): Buffer {
  const addresses = [ipBytesOf(packet.source), ipBytesOf(packet.destination)];
  const rest =
    packet.version === 4
      ? words(protocolOf(packet), bytes.length)
      : words(0, bytes.length, 0, protocolOf(packet));
  return Buffer.concat([...addresses, rest, bytes]);
}

/** The Internet's: ones' complement of the ones' complement sum. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  if (bytes.length % 2 === 1) sum += (bytes.at(-1) ?? 0) * 256;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Castagnoli's, which SCTP wants. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

function markBytes(mark: number): Buffer {
  const bytes = Buffer.alloc(MARK_LENGTH);
  MARK.copy(bytes);
  bytes.writeUInt32BE(mark, 4);
  return bytes;
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

function ipBytesOf(text: string): Buffer {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`'${text}' is not an IP address`);
  return Buffer.from(ip.value.toString(16).padStart(ip.version === 4 ? 8 : 32, '0'), 'hex');
}

/** Numbers of 16 bits each. */
function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
}
