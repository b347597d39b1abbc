/** Sends packets through real taps and tells where each of them came out. */
import type { PortSpec } from '#base/host/links.ts';
import { openWires, type Wire } from '../dataplane/wires.ts';
import { untilForwarding, type DataplaneWorld } from '../dataplane/world.ts';
import { frameBytes, markOf } from './frames.ts';
import { link } from './hosts.ts';
import { ICMP6, linkLocal } from './leaving.ts';
import type { Packet } from './packet.ts';

export type Sent = { readonly from: string; readonly packet: Packet };

/** How long a frame may take from one tap to the others before the test fails. */
const PATIENCE_MS = 5_000;

export class Exchange implements AsyncDisposable {
  readonly #wires: Awaited<ReturnType<typeof openWires>>;
  /** What is plugged now, by port id; what the ports are like may change. */
  #ports: ReadonlyMap<string, PortSpec>;
  #mark = 0;
  /** Of the packet of which more pieces may come. */
  #whole = 0;
  /** Where each mark has come out, by port id. */
  readonly #seen = new Map<string, Set<number>>();
  readonly #read = new Map<string, number>();
  #wake: () => void = () => undefined;

  private constructor(wires: Awaited<ReturnType<typeof openWires>>, ports: readonly PortSpec[]) {
    this.#wires = wires;
    this.#ports = byId(ports);
    for (const { id, tap } of ports) {
      this.#seen.set(id, new Set());
      wires.wire(tap).onFrames(() => {
        this.#take(id, wires.wire(tap));
        this.#wake();
      });
    }
  }

  /** Holds the taps of ports, and waits until those that are plugged forward: all, when nothing is said. */
  static async open(
    world: DataplaneWorld,
    ports: readonly PortSpec[],
    plugged = ports,
  ): Promise<Exchange> {
    const taps = ports.map((port) => port.tap);
    const wires = await openWires(taps, { directory: world.stateDir, uid: world.guestUid });
    await untilForwarding(world, plugged);
    return new Exchange(wires, ports);
  }

  /** From now on the ports are like this. */
  become(ports: readonly PortSpec[]): void {
    this.#ports = byId(ports);
  }

  /**
   * Sends the packets one after the other and tells of each, by port id, who has got it. When the sender changes,
   * all others have got what came before.
   */
  async send(all: readonly Sent[]): Promise<readonly (readonly string[])[]> {
    const marks: number[] = [];
    for (const [index, { from, packet }] of all.entries()) {
      marks.push(this.stream({ from, packet }));
      if (all[index + 1]?.from !== from) await this.#settle(from);
    }
    return marks.map((mark) => this.#holders(mark));
  }

  /** Sends without waiting, for streams; the mark is asked for with `count`. */
  stream({ from, packet }: Sent): number {
    const mark = this.#markFor(packet);
    this.#wireOf(from).send(frameBytes(packet, mark));
    return mark;
  }

  /** Waits until everything that a port has sent has gone where it goes. */
  async settle(from: string): Promise<void> {
    await this.#settle(from);
  }

  /** What `send` says for a port behind what it sends, to know when it has come: always passes, to everybody. */
  sentinel(from: string): Packet {
    const port = this.#port(from);
    const mac = port.firewall?.macs[0] ?? port.mac;
    const host = { mac, ip4: '', ip6: '' };
    return link(ICMP6.solicitation, host, undefined, { target: linkLocal(mac) });
  }

  has(port: string, mark: number): boolean {
    return this.#seen.get(port)?.has(mark) ?? false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wires[Symbol.asyncDispose]();
  }

  /** Pieces of one packet have one mark, and one checksum over all. */
  #markFor({ body }: Packet): number {
    const piece = body.kind === 'ip' ? (body.fragment?.offset ?? 0) : 0;
    if (piece === 0) this.#whole = this.#mark += 1;
    return this.#whole;
  }

  async #settle(from: string): Promise<void> {
    const port = this.#port(from);
    const packet = this.sentinel(from);
    this.#mark += 1;
    const mark = this.#mark;
    this.#wireOf(from).send(frameBytes(packet, mark));
    const others = [...this.#ports.values()].filter(
      (other) => other.networkId === port.networkId && other.id !== from,
    );
    const missing = () => others.filter((other) => !this.has(other.id, mark));
    const deadline = Date.now() + PATIENCE_MS;
    while (missing().length > 0) {
      if (Date.now() > deadline) {
        const names = missing().map((other) => other.tap);
        throw new Error(`a solicitation from ${port.tap} has not come to ${names.join(', ')}`);
      }
      await this.#news();
    }
  }

  /** Something came, or a little time has passed. */
  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 100);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(id: string, wire: Wire): void {
    const seen = this.#seen.get(id) ?? new Set();
    for (const frame of wire.received.slice(this.#read.get(id) ?? 0)) {
      const mark = markOf(frame);
      if (mark !== undefined) seen.add(mark);
    }
    this.#read.set(id, wire.received.length);
  }

  #holders(mark: number): readonly string[] {
    const holders = [...this.#seen].filter(([, marks]) => marks.has(mark));
    return holders.map(([id]) => id).toSorted();
  }

  #wireOf(id: string): Wire {
    return this.#wires.wire(this.#port(id).tap);
  }

  #port(id: string): PortSpec {
    const port = this.#ports.get(id);
    if (port === undefined) throw new Error(`the port ${id} is not on any wire`);
    return port;
  }
}

function byId(ports: readonly PortSpec[]): ReadonlyMap<string, PortSpec> {
  return new Map(ports.map((port) => [port.id, port]));
}
