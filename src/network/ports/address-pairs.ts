/** Allowed address pairs: further addresses that a port's guest may speak with. */
import { isJsonObject } from '#base/json.ts';
import { cidrsOverlap, formatCidr, parseCidr, type Cidr } from '#base/net/cidr.ts';
import { canonicalIp, formatIp, isMulticast, parseIp } from '#base/net/ip.ts';
import { canonicalMac, isMulticastMac } from '#base/net/mac.ts';
import { pythonStr } from '#base/text/python.ts';
import type { Reader } from '../attributes/attribute.ts';
import { ipAddressProblem } from '../attributes/readers.ts';
import {
  addressPairWithoutIp,
  badRequest,
  duplicateAddressPair,
  invalidAttribute,
} from '../network.faults.ts';

/** As it is wanted: without a MAC it is the port's own. */
export type AddressPairWanted = {
  readonly ip_address: string;
  readonly mac_address?: string;
};

/** As it is kept and shown. */
export type AddressPair = { readonly mac_address: string; readonly ip_address: string };

export const readAddressPairs: Reader<readonly AddressPairWanted[]> = (sent, name) => {
  if (!Array.isArray(sent)) throw badRequest('Allowed address pairs must be a list.');
  const seen = new Set<string>();
  return (sent as readonly unknown[]).map((item) => {
    if (!isJsonObject(item)) {
      throw invalidAttribute(name, `'${pythonStr(item)}' is not a dictionary`);
    }
    const mac = 'mac_address' in item ? readMac(item['mac_address']) : undefined;
    if (!('ip_address' in item)) throw addressPairWithoutIp();
    const unknown = Object.keys(item).filter(
      (key) => key !== 'mac_address' && key !== 'ip_address',
    );
    if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
    const ip = readAddress(item['ip_address']);
    const key = `${mac} ${ip}`;
    if (seen.has(key)) throw duplicateAddressPair(mac ?? 'None', ip);
    seen.add(key);
    return { ip_address: ip, ...(mac !== undefined && { mac_address: mac }) };
  });
};

// compat: what is wrong inside a pair is said without naming the attribute.

function readMac(sent: unknown): string {
  const mac = typeof sent === 'string' ? canonicalMac(sent) : undefined;
  if (mac === undefined) throw badRequest(`'${pythonStr(sent)}' is not a valid MAC address`);
  if (isMulticastMac(mac)) {
    throw badRequest(`MAC address ${mac} is a multicast address, which is not supported.`);
  }
  return mac;
}

function readAddress(sent: unknown): string {
  return typeof sent === 'string' && sent.includes('/') ? readNetwork(sent) : readHost(sent);
}

function readHost(sent: unknown): string {
  const ip = typeof sent === 'string' ? parseIp(sent) : undefined;
  if (!ip) throw badRequest(ipAddressProblem(sent) ?? '');
  if (isMulticast(ip)) {
    throw badRequest(`IP ${formatIp(ip)} is a multicast address, which is not supported.`);
  }
  return formatIp(ip);
}

/** A network is kept with the address bits that it was sent with. */
function readNetwork(sent: string): string {
  const network = parseCidr(sent);
  if (!network) throw badRequest(`'${sent}' is not a valid IP subnet`);
  // Any address at all is an exception: Neutron makes it for IPv4 alone, and guests that route need both.
  if (network.prefix > 0 && cidrsOverlap(network, MULTICAST[network.version])) {
    throw badRequest(
      `Subnet ${sent} overlaps with multicast range ${formatCidr(MULTICAST[network.version])}, which is not supported.`,
    );
  }
  return `${canonicalIp(sent.split('/')[0] ?? '')}/${network.prefix}`;
}

const MULTICAST = {
  4: { version: 4, network: 0xe0000000n, prefix: 4 },
  6: { version: 6, network: 0xffn << 120n, prefix: 8 },
} as const satisfies Record<4 | 6, Cidr>;

/** Pairs as they are kept: every one with a MAC. */
export function withMacs(pairs: readonly AddressPairWanted[], mac: string): AddressPair[] {
  return pairs.map((pair) => ({
    mac_address: pair.mac_address ?? mac,
    ip_address: pair.ip_address,
  }));
}
