/** What attribute values may be: readers from which attribute tables are put together. Texts are neutron-lib's. */
import { parseCidr, formatCidr } from '#base/net/cidr.ts';
import { canonicalIp, formatIp, parseIp } from '#base/net/ip.ts';
import { canonicalMac } from '#base/net/mac.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { pythonStr } from '#base/text/python.ts';
import { invalidAttribute, invalidInput } from '../network.faults.ts';
import type { Reader } from './attribute.ts';

/** Any text up to a length. */
export function text(maxLength?: number): Reader<string> {
  return (sent, name) => {
    if (typeof sent !== 'string') {
      throw invalidAttribute(name, `'${pythonStr(sent)}' is not a valid string`);
    }
    if (maxLength !== undefined && sent.length > maxLength) {
      throw invalidAttribute(name, `'${sent}' exceeds maximum length of ${maxLength}`);
    }
    return sent;
  };
}

/** A name: text without control characters. */
export function nameText(maxLength: number): Reader<string> {
  const read = text(maxLength);
  return (sent, name) => {
    const value = read(sent, name);
    if (/\p{Cc}|\p{Cs}/u.test(value)) {
      throw invalidAttribute(name, `'${value}' is not a valid string`);
    }
    return value;
  };
}

/** As `read`, or null. */
export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (sent, name) => (sent === null ? null : read(sent, name));
}

/** As `read`, and null means `instead`. */
export function nullAs<T>(instead: T, read: Reader<T>): Reader<T> {
  return (sent, name) => (sent === null ? instead : read(sent, name));
}

const TRUE = new Set(['1', 't', 'true', 'on', 'y', 'yes']);
const FALSE = new Set(['0', 'f', 'false', 'off', 'n', 'no']);

/** A boolean, or what oslo takes for one. */
export const flag: Reader<boolean> = (sent) => {
  const word = pythonStr(sent).trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw invalidInput(`'${pythonStr(sent)}' cannot be converted to boolean`);
};

/** A whole number, or a text that is one. */
export const integer: Reader<number> = (sent) => {
  const value = wholeNumber(sent);
  if (value === undefined) throw invalidInput(`'${pythonStr(sent)}' is not an integer`);
  return value;
};

/** A whole number within bounds; null for no bound. */
export function integerBetween(least: number | null, most: number | null): Reader<number> {
  return (sent, name) => {
    const value = wholeNumber(sent);
    if (value === undefined) {
      throw invalidAttribute(name, `'${pythonStr(sent)}' is not an integer`);
    }
    if (least !== null && value < least) {
      throw invalidAttribute(name, `'${value}' is too small - must be at least '${least}'`);
    }
    if (most !== null && value > most) {
      throw invalidAttribute(name, `'${value}' is too large - must be no larger than '${most}'`);
    }
    return value;
  };
}

/** A whole number from 0. */
export const nonNegative: Reader<number> = (sent, name) => {
  const value = wholeNumber(sent);
  if (value === undefined) {
    throw invalidAttribute(name, `'${pythonStr(sent)}' is not an integer`);
  }
  if (value < 0) throw invalidAttribute(name, `'${value}' should be non-negative`);
  return value;
};

function wholeNumber(sent: unknown): number | undefined {
  // Python's int() takes booleans and texts, and cuts fractions off; fractions are refused here.
  const value =
    typeof sent === 'boolean'
      ? Number(sent)
      : typeof sent === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(sent)
        ? Number(sent)
        : sent;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** One of a few values; `before` converts first, as for `ip_version`, which may be a text. */
export function oneOf<const V extends string | number | null>(
  values: readonly V[],
  before: (sent: unknown, name: string) => unknown = (sent) => sent,
): Reader<V> {
  return (sent, name) => {
    const value = before(sent, name);
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) {
      // compat: neutron-lib was never told what to call the valid values, so it says just that.
      throw invalidAttribute(name, `${pythonStr(value)} is not in valid_values`);
    }
    return found;
  };
}

const UUID = /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i;

/** True for what oslo takes for a UUID. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

export const uuid: Reader<string> = (sent, name) => {
  if (!isUuid(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a valid UUID`);
  return sent;
};

/** A list of different UUIDs. */
export const uuidList: Reader<readonly string[]> = (sent, name) => {
  if (!Array.isArray(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a list`);
  checkDifferent(sent, name);
  return sent.map((item) => uuid(item, name));
};

/** A list of different texts. */
export function textList(maxLength?: number): Reader<readonly string[]> {
  const read = text(maxLength);
  return (sent, name) => {
    if (!Array.isArray(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a list`);
    checkDifferent(sent, name);
    return sent.map((item) => read(item, name));
  };
}

function checkDifferent(items: readonly unknown[], name: string): void {
  const seen = new Set<unknown>();
  const twice = new Set<unknown>();
  for (const item of items) (seen.has(item) ? twice : seen).add(item);
  if (twice.size > 0) {
    const texts = [...twice].map(pythonStr).join(', ');
    throw invalidAttribute(name, `Duplicate items in the list: '${texts}'`);
  }
}

/** An IPv4 or IPv6 address, in its usual form. */
export const ipAddress: Reader<string> = (sent, name) => {
  const problem = ipAddressProblem(sent);
  if (problem !== undefined) throw invalidAttribute(name, problem);
  return canonicalIp(sent as string) as string;
};

/** Why a value is not an IP address; undefined when it is one. */
export function ipAddressProblem(sent: unknown): string | undefined {
  if (typeof sent === 'string') {
    if (parseIp(sent)) return undefined;
    // Leading zeros are octal to some and decimal to others.
    const plain = sent.replaceAll(/\b0+(?=\d)/g, '');
    if (/^\d+(\.\d+){3}$/.test(sent) && parseIp(plain)) {
      return `'${sent}' is not an accepted IP address, '${plain}' is recommended`;
    }
  }
  return `'${pythonStr(sent)}' is not a valid IP address`;
}

/** A network as `address/length`; bits beyond the length are dropped. */
export const cidr: Reader<string> = (sent, name) => {
  const parsed = typeof sent === 'string' ? parseCidr(sent) : undefined;
  if (!parsed) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a valid IP subnet`);
  return formatCidr(parsed);
};

/** An address or a network, in its usual form. A network's address bits are kept as they were sent. */
export const ipOrCidr: Reader<string> = (sent, name) => {
  if (typeof sent === 'string') {
    const [address = '', length, more] = sent.split('/');
    const ip = parseIp(address);
    if (ip && more === undefined && (length === undefined || parseCidr(sent))) {
      return length === undefined ? formatIp(ip) : `${formatIp(ip)}/${Number(length)}`;
    }
  }
  throw invalidAttribute(
    name,
    `'${pythonStr(sent)}' is neither a valid IP address, nor is it a valid IP subnet`,
  );
};

const RESERVED_MACS = new Set(['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff']);

/** An Ethernet address, in lower case with colons. */
export const macAddress: Reader<string> = (sent, name) => {
  const mac = typeof sent === 'string' ? canonicalMac(sent) : undefined;
  if (mac === undefined || RESERVED_MACS.has(mac)) {
    throw invalidAttribute(name, `'${pythonStr(sent)}' is not a valid MAC address`);
  }
  return mac;
};

/** An object with any members. */
export const dictionary: Reader<JsonObject> = (sent, name) => {
  if (!isJsonObject(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a dictionary`);
  return sent;
};
