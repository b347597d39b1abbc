/**
 * What a packet's mark says on its way through the hooks.
 *
 * | mark | where | meaning |
 * | --- | --- | --- |
 * | a network's number | bridge, prerouting | where the frame is; also the network's conntrack zone |
 * | a port's number, even | until judged | comes from this port and its groups have not let it out |
 * | a port's number + 1, odd | until judged | goes to this port and its groups have not let it in |
 * | `OUT` | from there on | let out by the port that it came from |
 * | `IN` | from there on | let in by the port that it goes to |
 * | `FORGED` | from there on | what the port that it came from may never send |
 * | `LINK` | from prerouting on | keeps the link together (ARP, neighbour discovery, asking for DHCP): no group is asked |
 */

/** Set in the marks of packets that nobody has judged yet: these never leave the bridge. */
export const UNJUDGED = 0x80000000;
export const OUT = 1;
export const IN = 2;
export const FORGED = 3;
export const LINK = 4;

const FIRST_NETWORK = 16;
const LAST_NETWORK = 0xfffe;
const FIRST_PORT = 8;
const LAST_PORT = 0x1fffffff;

export function markFrom(port: number): string {
  return hex(UNJUDGED + port * 2);
}

export function markTo(port: number): string {
  return hex(UNJUDGED + port * 2 + 1);
}

/** The number in a port's mark. */
export function portOfMark(mark: number): number {
  return Math.floor((mark - UNJUDGED) / 2);
}

/** As `nft` prints marks. */
export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** Gives numbers by name. A number comes again as late as possible: flows of its last holder may still be known. */
export class Numbers {
  readonly #first: number;
  readonly #last: number;
  readonly #given: Map<string, number>;
  readonly #taken: Set<number>;
  #next: number;

  private constructor(first: number, last: number, found: ReadonlyMap<string, number>) {
    this.#first = first;
    this.#last = last;
    this.#given = new Map(found);
    this.#taken = new Set(found.values());
    this.#next = Math.max(first, ...[...found.values()].map((value) => value + 1));
  }

  static forNetworks(found: ReadonlyMap<string, number>): Numbers {
    return new Numbers(FIRST_NETWORK, LAST_NETWORK, found);
  }

  static forPorts(found: ReadonlyMap<string, number>): Numbers {
    return new Numbers(FIRST_PORT, LAST_PORT, found);
  }

  of(name: string): number {
    const given = this.#given.get(name);
    if (given !== undefined) return given;
    if (this.#taken.size > this.#last - this.#first) {
      throw new Error(`there are no numbers left for ${name}`);
    }
    while (this.#next > this.#last || this.#taken.has(this.#next)) {
      this.#next = this.#next >= this.#last ? this.#first : this.#next + 1;
    }
    const number = this.#next;
    this.#next += 1;
    this.#given.set(name, number);
    this.#taken.add(number);
    return number;
  }

  free(name: string): void {
    const number = this.#given.get(name);
    if (number !== undefined) this.#taken.delete(number);
    this.#given.delete(name);
  }
}
