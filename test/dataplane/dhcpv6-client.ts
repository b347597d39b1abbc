/** A DHCPv6 client of a few lines, for asking a server through a wire; its address is the one made of its MAC. */
import { until } from './check.ts';
import { frameOf, type Wire } from './wires.ts';

export type Dhcpv6Answer = {
  readonly type: 'advertise' | 'reply' | 'other';
  /** What the server gives, in eight groups of hexadecimal numbers. */
  readonly addresses: readonly string[];
  /** Raw values by option number. */
  readonly options: ReadonlyMap<number, Buffer>;
};

const TYPES = { solicit: 1, request: 3, renew: 5, information: 11 } as const;
const ANSWERS = new Map([
  [2, 'advertise'],
  [7, 'reply'],
] as const);
const OPTION = { clientId: 1, serverId: 2, association: 3, address: 5, asked: 6, elapsed: 8 };
/** Name servers, search list, URL to boot from. */
const ASKED = [23, 24, 59];
const SERVERS = Buffer.from('ff020000000000000000000000010002', 'hex');
const SERVERS_MAC = '33:33:00:01:00:02';

export type AskedV6 = {
  /** Any text: what tells one client from another. */
  readonly clientId?: string;
  readonly address?: Buffer;
  readonly serverId?: Buffer;
};

/** Speaks for one MAC, and answers whoever looks for its link-local address. */
export class Dhcpv6Client {
  readonly #wire: Wire;
  readonly #mac: string;
  #seen = 0;

  constructor(wire: Wire, mac: string) {
    this.#wire = wire;
    this.#mac = mac;
    wire.onFrames(() => {
      for (; this.#seen < wire.received.length; this.#seen += 1) {
        this.#answerNeighbour(wire.received[this.#seen] ?? Buffer.alloc(0));
      }
    });
  }

  /** Sends a message and gives its transaction number. */
  ask(type: keyof typeof TYPES, asked: AskedV6 = {}): number {
    const transaction = Math.floor(Math.random() * 2 ** 24);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(transaction);
    head[0] = TYPES[type];
    const id = Buffer.concat([
      Buffer.from([0, 2, 0, 0, 0, 0]),
      Buffer.from(asked.clientId ?? this.#mac),
    ]);
    const parts = [head, option(OPTION.clientId, id), option(OPTION.elapsed, Buffer.alloc(2))];
    if (asked.serverId) parts.push(option(OPTION.serverId, asked.serverId));
    if (type !== 'information') parts.push(association(asked.address));
    parts.push(option(OPTION.asked, Buffer.from(ASKED.flatMap((one) => [0, one]))));
    this.#send(SERVERS_MAC, SERVERS, 17, udp(Buffer.concat(parts)));
    return transaction;
  }

  async answer(transaction: number): Promise<Dhcpv6Answer> {
    await until('the DHCPv6 server has answered', () => this.answers(transaction).length > 0);
    const [answer] = this.answers(transaction);
    if (answer === undefined) throw new Error('unreachable');
    return answer;
  }

  /** An address from the beginning to the end. */
  async lease(clientId?: string): Promise<Dhcpv6Answer> {
    const asked = clientId === undefined ? {} : { clientId };
    const offer = await this.answer(this.ask('solicit', asked));
    const serverId = offer.options.get(OPTION.serverId) ?? Buffer.alloc(0);
    const [address] = offer.addresses;
    const wish = address === undefined ? {} : { address: bytesOf(address) };
    return await this.answer(this.ask('request', { ...asked, ...wish, serverId }));
  }

  answers(transaction: number): readonly Dhcpv6Answer[] {
    return this.#wire.received.flatMap((frame) => {
      const isUdp = frame.length > 66 && frame.readUInt16BE(12) === 0x86dd && frame[20] === 17;
      if (!isUdp || !this.#isForMe(frame)) return [];
      const message = frame.subarray(14 + 40 + 8, 14 + 40 + frame.readUInt16BE(18));
      if ((message.readUInt32BE(0) & 0xffffff) !== transaction) return [];
      const options = readOptions(message.subarray(4));
      const given = options.get(OPTION.association) ?? Buffer.alloc(12);
      const addresses = readAll(given.subarray(12))
        .filter(([number]) => number === OPTION.address)
        .map(([, value]) => textOf(value.subarray(0, 16)));
      return [{ type: ANSWERS.get((message[0] ?? 0) as 2) ?? 'other', addresses, options }];
    });
  }

  #isForMe(frame: Buffer): boolean {
    return frame.subarray(0, 6).equals(macBytes(this.#mac));
  }

  #answerNeighbour(frame: Buffer): void {
    const isAsking = frame.length >= 78 && frame.readUInt16BE(12) === 0x86dd && frame[54] === 135;
    if (!isAsking || !frame.subarray(62, 78).equals(linkLocal(this.#mac))) return;
    const told = Buffer.alloc(32);
    told[0] = 136;
    told[4] = 0x60; // solicited, and it overrides what was known
    linkLocal(this.#mac).copy(told, 8);
    told.set([2, 1, ...macBytes(this.#mac)], 24);
    const asker = [...frame.subarray(6, 12)].map((one) => one.toString(16).padStart(2, '0'));
    this.#send(asker.join(':'), Buffer.from(frame.subarray(22, 38)), 58, told, 2);
  }

  /** `sumAt`: where the checksum goes. */
  #send(to: string, target: Buffer, protocol: number, payload: Buffer, sumAt = 6): void {
    const source = linkLocal(this.#mac);
    const pseudo = Buffer.alloc(40);
    source.copy(pseudo);
    target.copy(pseudo, 16);
    pseudo.writeUInt32BE(payload.length, 32);
    pseudo[39] = protocol;
    payload.writeUInt16BE(checksum(Buffer.concat([pseudo, payload])), sumAt);
    const head = Buffer.alloc(8);
    head[0] = 0x60;
    head.writeUInt16BE(payload.length, 4);
    head.set([protocol, 255], 6);
    const packet = Buffer.concat([head, source, target, payload]);
    this.#wire.send(frameOf(this.#mac, to, 0x86dd, packet));
  }
}

/** The addresses in an option's value. */
export function addressesOf(answer: Dhcpv6Answer, number: number): readonly string[] {
  const value = answer.options.get(number) ?? Buffer.alloc(0);
  return Array.from({ length: value.length / 16 }, (_, index) =>
    textOf(value.subarray(index * 16, index * 16 + 16)),
  );
}

export function bytesOf(address: string): Buffer {
  return Buffer.from(
    address
      .split(':')
      .map((group) => group.padStart(4, '0'))
      .join(''),
    'hex',
  );
}

function association(address: Buffer | undefined): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32BE(1);
  const wish = address ? [option(OPTION.address, Buffer.concat([address, Buffer.alloc(8)]))] : [];
  return option(OPTION.association, Buffer.concat([head, ...wish]));
}

function readOptions(bytes: Buffer): ReadonlyMap<number, Buffer> {
  return new Map(readAll(bytes));
}

function readAll(bytes: Buffer): readonly (readonly [number, Buffer])[] {
  const all: (readonly [number, Buffer])[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    all.push([bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length)]);
    at += 4 + length;
  }
  return all;
}

function option(number: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(number);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value]);
}

/** From port 546 to port 547. */
function udp(payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(546, 0);
  head.writeUInt16BE(547, 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

function checksum(bytes: Buffer): number {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function linkLocal(mac: string): Buffer {
  const bytes = macBytes(mac);
  const [first = 0] = bytes;
  return Buffer.concat([
    Buffer.from('fe80000000000000', 'hex'),
    Buffer.from([first ^ 2]),
    bytes.subarray(1, 3),
    Buffer.from('fffe', 'hex'),
    bytes.subarray(3),
  ]);
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

function textOf(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(
    ':',
  );
}
