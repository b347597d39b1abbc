/** IP addresses, version 4 and 6, as numbers that can be counted with. */

export type IpVersion = 4 | 6;

export type Ip = { readonly version: IpVersion; readonly value: bigint };

const BITS = { 4: 32n, 6: 128n } as const;

/** How many addresses there are, of either version. */
export function ipCount(version: IpVersion): bigint {
  return 1n << BITS[version];
}

/** Reads an address, or returns undefined. Four decimal numbers without leading zeros, or RFC 4291 text. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The address as everybody writes it: RFC 5952 for version 6. */
export function formatIp({ version, value }: Ip): string {
  return version === 4 ? formatIpv4(value) : formatIpv6(value);
}

/** The same address in its one usual form; undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && formatIp(ip);
}

/** A text that sorts as the addresses of one version do. */
export function sortableIp({ version, value }: Ip): string {
  return value.toString(16).padStart(version === 4 ? 8 : 32, '0');
}

/** True for an address that names a group of hosts: 224.0.0.0/4 or ff00::/8. */
export function isMulticast({ version, value }: Ip): boolean {
  return version === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn;
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback({ version, value }: Ip): boolean {
  return version === 4 ? value >> 24n === 127n : value === 1n;
}

/** True for 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal({ version, value }: Ip): boolean {
  return version === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

function parseIpv4(text: string): Ip | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { version: 4, value };
}

function parseIpv6(text: string): Ip | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (!head || (halves.length === 2 && !tail)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return undefined;
  const groups = tail ? [...head, ...Array<bigint>(missing).fill(0n), ...tail] : head;
  return { version: 6, value: groups.reduce((value, group) => (value << 16n) | group, 0n) };
}

/** The 16-bit groups of one side of a `::`; undefined when one of them is none. Only the end may be an IPv4 address. */
function groupsOf(text: string, isEnd: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`));
      continue;
    }
    const embedded = isEnd && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (!embedded) return undefined;
    groups.push(embedded.value >> 16n, embedded.value & 0xffffn);
  }
  return groups;
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

function formatIpv6(value: bigint): string {
  if (value >> 32n === 0xffffn) return `::ffff:${formatIpv4(value & 0xffffffffn)}`;
  const groups = Array.from(
    { length: 8 },
    (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn,
  );
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function hex(groups: readonly bigint[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function longestZeroRun(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0n) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
