/** Ethernet addresses. */
import type { Cidr } from './cidr.ts';
import type { Ip } from './ip.ts';

const FORMS = [
  /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i,
  /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/i,
  /^[0-9a-f]{4}(\.[0-9a-f]{4}){2}$/i,
  /^[0-9a-f]{12}$/i,
];

/** Lower case with colons, from any of the usual ways to write it; undefined when it is none. */
export function canonicalMac(text: string): string | undefined {
  if (!FORMS.some((form) => form.test(text))) return undefined;
  const digits = text.replaceAll(/[:.-]/g, '').toLowerCase();
  return digits.match(/../g)?.join(':');
}

/** True for an address that names a group of cards. */
export function isMulticastMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** The address that a card gives itself in a network (RFC 4291, appendix A): its MAC, stretched. */
export function eui64Address(cidr: Cidr, mac: string): Ip {
  const value = BigInt(`0x${mac.replaceAll(':', '')}`);
  const high = (value >> 24n) ^ 0x020000n;
  const interfaceId = (high << 40n) | (0xfffen << 24n) | (value & 0xffffffn);
  return { version: 6, value: cidr.network | interfaceId };
}
