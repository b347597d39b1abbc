/** Which packets belong together, as a kernel that tracks connections sees them: a part of the model. */
import { protocolOf, type IpPacket, type WithPorts } from './packet.ts';

/** How a flow began. */
export type Tuple = {
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  /** Ports; of ICMP `[id, type, code]`. */
  readonly detail: readonly number[];
};

/**
 * `original`: like the flow's first packet, or about a reply to it. `reply`: the other way. `none`: a packet that
 * neither begins a flow nor belongs to one, such as an answer that nobody asked for.
 */
export type FlowPlace =
  | { readonly way: 'original' | 'reply'; readonly tuple: Tuple; readonly known: boolean }
  | { readonly way: 'none' };

const ICMP_ANSWERS: Readonly<Record<4 | 6, ReadonlyMap<number, number>>> = {
  4: new Map([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ]),
  6: new Map([
    [128, 129],
    [139, 140],
  ]),
};
const ERRORS: Readonly<Record<4 | 6, ReadonlySet<number>>> = {
  4: new Set([3, 4, 5, 11, 12]),
  6: new Set([1, 2, 3, 4]),
};

/** The flows of one network. */
export class Flows {
  /** By what they began with; `opened` as long as nobody has answered a connection's first packet. */
  readonly #known = new Map<string, 'opened' | 'open'>();
  /** Ids of the ports whose groups have let out what goes the way of the first packet. */
  readonly #speakers = new Map<string, Set<string>>();

  /** Where a packet belongs; one that could begin a flow is its own flow's original. */
  placeOf(packet: IpPacket): FlowPlace {
    const { payload, version } = packet;
    if (
      payload.kind === 'icmp' &&
      payload.about !== undefined &&
      ERRORS[version].has(payload.type)
    ) {
      return this.#placeOfError(packet, payload.about);
    }
    const tuple = tupleOf(packet);
    const inverse = inverseOf(tuple);
    if (inverse !== null && this.#known.has(keyOf(inverse))) {
      return { way: 'reply', tuple: inverse, known: true };
    }
    const state = this.#known.get(keyOf(tuple));
    const step = stepOf(packet);
    // Nobody sends data on a connection that was never answered, or answers what they have begun.
    if (state === 'opened' && step === 'data') return { way: 'none' };
    if (state !== undefined && step === 'answer') return { way: 'none' };
    if (state !== undefined) return { way: 'original', tuple, known: true };
    return begins(packet) ? { way: 'original', tuple, known: false } : { way: 'none' };
  }

  /** Whether the port has spoken as who began the flow: others get no answers. */
  hasSpoken(tuple: Tuple, port: string): boolean {
    return this.#speakers.get(keyOf(tuple))?.has(port) ?? false;
  }

  /** The port is no more; one that comes later is another. */
  forget(port: string): void {
    for (const ports of this.#speakers.values()) ports.delete(port);
  }

  /**
   * The packet was seen: it began a flow if it has gone through to somebody, and moves on one that is known.
   * `speaker`: the port whose groups have let it out.
   */
  keep(packet: IpPacket, passed: boolean, speaker: string | null): void {
    const place = this.placeOf(packet);
    if (place.way === 'none' || (!passed && !place.known)) return;
    const step = stepOf(packet);
    const key = keyOf(place.tuple);
    if (speaker !== null && place.way === 'original') {
      this.#speakers.set(key, (this.#speakers.get(key) ?? new Set()).add(speaker));
    }
    if (!place.known) this.#known.set(key, step === 'open' ? 'opened' : 'open');
    else if (place.way === 'reply' && step === 'answer') this.#known.set(key, 'open');
  }

  /** An error goes the other way than the packet it is about, and to who sent that. */
  #placeOfError(packet: IpPacket, about: IpPacket): FlowPlace {
    const place = this.placeOf(about);
    if (place.way === 'none' || !place.known || packet.destination !== about.source) {
      return { way: 'none' };
    }
    return { ...place, way: place.way === 'original' ? 'reply' : 'original' };
  }
}

export function tupleOf(packet: IpPacket): Tuple {
  const { version, source, destination, payload } = packet;
  const common = { version, protocol: protocolOf(packet), source, destination };
  switch (payload.kind) {
    case 'ports':
      return { ...common, detail: [payload.sourcePort, payload.destinationPort] };
    case 'icmp':
      return { ...common, detail: [payload.id ?? 0, payload.type, payload.code] };
    case 'raw':
      return { ...common, detail: [] };
  }
}

/** How an answer's flow began; null for a packet that answers nothing. */
function inverseOf(tuple: Tuple): Tuple | null {
  const { version, source, destination, protocol, detail } = tuple;
  const turned = { ...tuple, source: destination, destination: source };
  if (protocol !== (version === 4 ? 1 : 58)) return { ...turned, detail: detail.toReversed() };
  const [id = 0, type = 0, code = 0] = detail;
  for (const [asked, answered] of ICMP_ANSWERS[version]) {
    if (answered === type) return { ...turned, detail: [id, asked, code] };
  }
  return null;
}

function begins({ version, payload }: IpPacket): boolean {
  if (payload.kind === 'icmp') return ICMP_ANSWERS[version].has(payload.type);
  if (payload.kind === 'raw') return true;
  // A connection's later packets begin a flow of TCP where nobody saw the first; an answer to nothing does not.
  if (payload.protocol === 'tcp') return payload.step !== 'answer';
  return payload.protocol !== 'sctp' || payload.step === 'open';
}

/** Of protocols that open connections: where in one a packet stands. */
function stepOf({ payload }: IpPacket): WithPorts['step'] {
  if (payload.kind !== 'ports' || !['tcp', 'sctp'].includes(payload.protocol)) return undefined;
  return payload.step ?? 'data';
}

function keyOf({ version, protocol, source, destination, detail }: Tuple): string {
  return [version, protocol, source, destination, ...detail].join(' ');
}
