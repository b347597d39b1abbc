/** Ranges of TCP and UDP ports as port forwardings write them: `80`, or `8000:8010`. Pure. */
import type { PortRange } from '#base/host/routers.ts';
import { pythonStr } from '#base/text/python.ts';
import type { Reader } from '../attributes/attribute.ts';
import { invalidAttribute } from '../network.faults.ts';

const MAX_PORT = 65_535;

export const readPortRange: Reader<PortRange> = (sent, name) => {
  const parts = pythonStr(sent).split(':');
  if (parts.length > 2 || parts.includes('')) {
    throw invalidAttribute(name, 'Port range must be two integers separated by a colon');
  }
  const ports = parts.map((part) => {
    if (!/^\d{1,5}$/.test(part) || Number(part) > MAX_PORT) {
      throw invalidAttribute(name, `Invalid port: ${part}`);
    }
    if (Number(part) < 1) {
      throw invalidAttribute(
        name,
        `Invalid port: ${part}, the port must be in the range [1, ${MAX_PORT}]`,
      );
    }
    return Number(part);
  });
  const [first = 0, last = first] = ports;
  if (first > last) {
    throw invalidAttribute(name, 'First port in a port range must be lower than the second port');
  }
  return { first, last };
};

export function formatPortRange({ first, last }: PortRange): string {
  return `${first}:${last}`;
}

/** How many ports there are in it, its first not counted. */
export function extentOf(range: PortRange | null): number {
  return range ? range.last - range.first : 0;
}

export function isSameRange(one: PortRange | null, other: PortRange | null): boolean {
  return one?.first === other?.first && one?.last === other?.last;
}

/** What has no ports has all of them. */
export function rangesCollide(one: PortRange | null, other: PortRange | null): boolean {
  if (!one || !other) return true;
  return Math.max(one.first, other.first) <= Math.min(one.last, other.last);
}

type Ends = {
  readonly external_port_first: number | null;
  readonly external_port_last: number | null;
  readonly internal_port_first: number | null;
  readonly internal_port_last: number | null;
};

export function externalPorts(row: Ends): PortRange | null {
  return rangeOf(row.external_port_first, row.external_port_last);
}

export function internalPorts(row: Ends): PortRange | null {
  return rangeOf(row.internal_port_first, row.internal_port_last);
}

function rangeOf(first: number | null, last: number | null): PortRange | null {
  return first === null || last === null ? null : { first, last };
}

/** The ports of a forwarding as members of its view. compat: a range of several is not shown as one port. */
export function shownPorts(row: Ends) {
  const external = externalPorts(row);
  const internal = internalPorts(row);
  return {
    ...(external && { external_port_range: formatPortRange(external) }),
    ...(external && extentOf(external) === 0 && { external_port: external.first }),
    ...(internal && { internal_port_range: formatPortRange(internal) }),
    ...(internal && extentOf(internal) === 0 && { internal_port: internal.first }),
  };
}
