/** What the attributes of a rule may be: readers, in Neutron's words. */
import { widthOf } from '#base/net/cidr.ts';
import { formatIp, parseIp, type Ip } from '#base/net/ip.ts';
import { PROTOCOL_NAMES } from './protocols.ts';
import {
  invalidCidr,
  invalidEthertype,
  invalidPort,
  invalidProtocol,
} from './security-group.faults.ts';

/** `IPv4` or `IPv6`, from any mixture of cases. */
export function readEthertype(value: unknown): 'IPv4' | 'IPv6' {
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text === 'ipv4') return 'IPv4';
  if (text === 'ipv6') return 'IPv6';
  throw invalidEthertype(value);
}

/** A protocol's name in lower case or its number as text; null for any. */
export function readProtocol(value: unknown): string | null {
  if (value === null || value === 'any') return null;
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value))) {
    const number = Number(value);
    if (Number.isInteger(number) && number >= 0 && number <= 255) return String(number);
  } else if (typeof value === 'string' && PROTOCOL_NAMES.includes(value.toLowerCase())) {
    return value.toLowerCase();
  }
  throw invalidProtocol(value, PROTOCOL_NAMES);
}

/** A port, or an ICMP type or code, given as a number or as text. */
export function readPort(value: unknown): number | null {
  if (value === null) return null;
  const isNumber =
    typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value));
  const port = isNumber ? Number(value) : NaN;
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw invalidPort(value);
}

/** An address or a network with its length; address bits beyond the length are kept. Null and '' are none. */
export function readRemotePrefix(value: unknown): string | null {
  if (value === null || value === '') return null;
  if (typeof value !== 'string') throw invalidCidr(value);
  const slash = value.indexOf('/');
  const ip = parseIp(slash < 0 ? value : value.slice(0, slash));
  const length = ip && (slash < 0 ? widthOf(ip.version) : readLength(ip, value.slice(slash + 1)));
  if (!ip || length === undefined) throw invalidCidr(value);
  return `${formatIp(ip)}/${length}`;
}

/** A prefix length, given as such or as a netmask. */
function readLength(ip: Ip, text: string): number | undefined {
  const width = widthOf(ip.version);
  if (/^\d{1,3}$/.test(text)) return Number(text) <= width ? Number(text) : undefined;
  const mask = parseIp(text);
  if (mask?.version !== ip.version) return undefined;
  const bits = mask.value.toString(2).padStart(width, '0');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
