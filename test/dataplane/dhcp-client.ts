/** A DHCP client of a few lines, for asking a server through a wire. */
import { until } from './check.ts';
import { BROADCAST, frameOf, type Wire } from './wires.ts';

export type DhcpAnswer = {
  readonly type: 'offer' | 'ack' | 'nak' | 'other';
  readonly address: string;
  /** Raw values by option number. */
  readonly options: ReadonlyMap<number, Buffer>;
};

const COOKIE = 0x63825363;
const TYPES = { discover: 1, request: 3, release: 7 } as const;
const ANSWERS = new Map([
  [2, 'offer'],
  [5, 'ack'],
  [6, 'nak'],
] as const);

/** Sends a discovery or a request and gives its transaction number. */
export function askDhcp(
  wire: Wire,
  mac: string,
  type: keyof typeof TYPES,
  asked: { readonly address?: string; readonly hostname?: string; readonly clientId?: string } = {},
): number {
  const transaction = Math.floor(Math.random() * 2 ** 32);
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, 0]);
  head.writeUInt32BE(transaction, 4);
  head.writeUInt16BE(0x8000, 10); // answer by broadcast
  head.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  head.writeUInt32BE(COOKIE, 236);
  const parts = [head, option(53, [TYPES[type]])];
  if (asked.address !== undefined) parts.push(option(50, asked.address.split('.').map(Number)));
  if (asked.hostname !== undefined) parts.push(option(12, [...Buffer.from(asked.hostname)]));
  if (asked.clientId !== undefined) parts.push(option(61, [...Buffer.from(asked.clientId)]));
  // subnet mask, router, DNS, host name, domain, MTU, bootfile, routes
  parts.push(option(55, [1, 3, 6, 12, 15, 26, 67, 121]), Buffer.from([255]));
  wire.send(frameOf(mac, BROADCAST, 0x0800, udpPacket(Buffer.concat(parts))));
  return transaction;
}

/** Waits for the answer to a transaction. */
export async function dhcpAnswer(wire: Wire, transaction: number): Promise<DhcpAnswer> {
  await until('the DHCP server has answered', () => answersTo(wire, transaction).length > 0);
  const answer = answersTo(wire, transaction)[0];
  if (answer === undefined) throw new Error('unreachable');
  return answer;
}

/** A lease from the beginning to the end. */
export async function leaseDhcp(
  wire: Wire,
  mac: string,
  asked: { readonly hostname?: string; readonly clientId?: string } = {},
): Promise<DhcpAnswer> {
  const offer = await dhcpAnswer(wire, askDhcp(wire, mac, 'discover', asked));
  const { address } = offer;
  return await dhcpAnswer(wire, askDhcp(wire, mac, 'request', { ...asked, address }));
}

export function answersTo(wire: Wire, transaction: number): readonly DhcpAnswer[] {
  return wire.received.flatMap((frame) => {
    const isUdp = frame.length > 282 && frame.readUInt16BE(12) === 0x0800 && frame[23] === 17;
    if (!isUdp) return [];
    const message = frame.subarray(14 + 20 + 8);
    if (message[0] !== 2 || message.readUInt32BE(4) !== transaction) return [];
    const options = readOptions(message.subarray(240));
    const type = ANSWERS.get((options.get(53)?.[0] ?? 0) as 2) ?? 'other';
    return [{ type, address: dotted(message.subarray(16, 20)), options }];
  });
}

/** Addresses in an option's value. */
export function addressesIn(answer: DhcpAnswer, number: number): readonly string[] {
  const value = answer.options.get(number) ?? Buffer.alloc(0);
  return Array.from({ length: value.length / 4 }, (_, index) =>
    dotted(value.subarray(index * 4, index * 4 + 4)),
  );
}

function readOptions(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== 255;) {
    const length = bytes[at + 1] ?? 0;
    if (bytes[at] === 0) at += 1;
    else {
      options.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return options;
}

function option(number: number, value: readonly number[]): Buffer {
  return Buffer.from([number, value.length, ...value]);
}

function dotted(bytes: Buffer): string {
  return [...bytes].join('.');
}

/** From 0.0.0.0:68 to 255.255.255.255:67, without a UDP checksum. */
function udpPacket(payload: Buffer): Buffer {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(68, 0);
  udp.writeUInt16BE(67, 2);
  udp.writeUInt16BE(8 + payload.length, 4);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(28 + payload.length, 2);
  ip[8] = 64;
  ip[9] = 17;
  ip.fill(255, 16, 20);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += ip.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  ip.writeUInt16BE(~sum & 0xffff, 10);
  return Buffer.concat([ip, udp, payload]);
}
