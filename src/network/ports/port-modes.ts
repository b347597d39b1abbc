/** Port modes: which one a port has, and which further EtherTypes it lets through. Pure. */
import type { PortMode } from '#base/host/firewall.ts';
import { pythonStr } from '#base/text/python.ts';
import type { Reader } from '../attributes/attribute.ts';
import { invalidAttribute } from '../network.faults.ts';
import type { PortRow } from './port.store.ts';

export const PORT_MODES = ['strict', 'l2', 'transparent'] as const satisfies readonly PortMode[];

/** The mode that somebody chose; otherwise a port that is never to have an address cannot be held to one. */
export function portModeOf({
  port_mode,
  ip_allocation,
}: Pick<PortRow, 'port_mode' | 'ip_allocation'>): PortMode {
  return port_mode ?? (ip_allocation === 'none' ? 'l2' : 'strict');
}

/** The EtherTypes of a port's row, as numbers. */
export function ethertypesOf({
  permitted_ethertypes,
}: Pick<PortRow, 'permitted_ethertypes'>): readonly number[] {
  return (JSON.parse(permitted_ethertypes) as readonly string[]).map(Number);
}

const MAX_ETHERTYPES = 16;
/** What is less is the length of an LLC frame. */
const LEAST_ETHERTYPE = 0x0600;

/** ARP, IPv4 and IPv6: these are judged by other rules, and permitting them would mean nothing. */
const JUDGED = new Set([0x0800, 0x0806, 0x86dd]);

/** A list of EtherTypes as texts, such as `0x88CC`; in lower case, each once, in order. */
export const readEthertypes: Reader<readonly string[]> = (sent, name) => {
  if (!Array.isArray(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a list`);
  const numbers = new Set((sent as readonly unknown[]).map((item) => readEthertype(item, name)));
  if (numbers.size > MAX_ETHERTYPES) {
    throw invalidAttribute(
      name,
      `${numbers.size} EtherTypes are more than the ${MAX_ETHERTYPES} that a port may permit`,
    );
  }
  return [...numbers]
    .toSorted((one, other) => one - other)
    .map((number) => `0x${number.toString(16).padStart(4, '0')}`);
};

function readEthertype(sent: unknown, name: string): number {
  const number = typeof sent === 'string' && /^0x[0-9a-f]{1,4}$/i.test(sent) ? Number(sent) : 0;
  if (number < LEAST_ETHERTYPE) {
    throw invalidAttribute(
      name,
      `'${pythonStr(sent)}' is not an EtherType from '0x0600' to '0xffff'`,
    );
  }
  if (JUDGED.has(number)) {
    throw invalidAttribute(
      name,
      `'${pythonStr(sent)}' is ARP, IPv4 or IPv6, which the port mode and security groups judge`,
    );
  }
  return number;
}
