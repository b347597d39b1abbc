/**
 * Who asks for metadata, as a number: in a packet's mark, and as the local address that a connection of that port
 * ends at. Both say the same number for ever, so a packet that is on its way while tables change still means the
 * port that it came from, or nobody.
 *
 * | what | range |
 * | --- | --- |
 * | mark | `0x4d000000` and the number: flows of others have no such mark |
 * | IPv4 | `127.128.0.0/9`: no guest can have or reach an address of a loopback |
 * | IPv6 | `100::/64`: what is sent there is thrown away everywhere (RFC 6666) |
 */

/** Where guests ask, whatever their network: the addresses that OpenStack has for it. */
export const METADATA_IPV4 = '169.254.169.254';
export const METADATA_IPV6 = 'fe80::a9fe:a9fe';

export const MARKS = 0x4d000000;
export const MARKS_MASK = 0xff000000;
export const IDENTITIES4 = '127.128.0.0/9';
export const IDENTITIES6 = '100::/64';

const FIRST = 1;
const LAST = 0x7fffff;

/** Gives numbers; one comes again only after all others. */
export class Identities {
  readonly #holders = new Map<number, string>();
  #next = FIRST;

  give(portId: string): number {
    if (this.#holders.size > LAST - FIRST) throw new Error('there are no more numbers for ports');
    while (this.#holders.has(this.#next)) this.#next = this.#next === LAST ? FIRST : this.#next + 1;
    const number = this.#next;
    this.#next = number === LAST ? FIRST : number + 1;
    this.#holders.set(number, portId);
    return number;
  }

  free(number: number): void {
    this.#holders.delete(number);
  }

  /** The port that has the number now. */
  holder(number: number | undefined): string | undefined {
    return number === undefined ? undefined : this.#holders.get(number);
  }
}

export function markOf(number: number): string {
  return `0x${(MARKS + number).toString(16)}`;
}

export function address4Of(number: number): string {
  return [127, 128 + (number >> 16), (number >> 8) & 0xff, number & 0xff].join('.');
}

export function address6Of(number: number): string {
  return `100::${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
}

/** The number that a connection's local address says; undefined when it says none. */
export function numberOfAddress(address: string | undefined): number | undefined {
  const four = /^(?:::ffff:)?127\.(\d+)\.(\d+)\.(\d+)$/.exec(address ?? '');
  if (four !== null) {
    const [high = 0, middle = 0, low = 0] = four.slice(1).map(Number);
    return high < 128 ? undefined : (high - 128) * 0x10000 + middle * 0x100 + low;
  }
  const six = /^100::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(address ?? '');
  if (six === null) return undefined;
  return Number.parseInt(six[1] ?? '0', 16) * 0x10000 + Number.parseInt(six[2] ?? '', 16);
}
