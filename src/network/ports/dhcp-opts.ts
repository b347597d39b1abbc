/** Extra DHCP options of a port. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { pythonStr } from '#base/text/python.ts';
import type { Reader } from '../attributes/attribute.ts';
import { invalidAttribute } from '../network.faults.ts';

/** As it is wanted: with null for its value it is to go. */
export type DhcpOptWanted = {
  readonly opt_name: string;
  readonly opt_value: string | null;
  readonly ip_version: 4 | 6;
};

/** As it is kept and shown. */
export type DhcpOpt = DhcpOptWanted & { readonly opt_value: string };

/** Options whose value may be empty: it keeps the server from sending them. */
const MAY_BE_BLANK = new Set(['router', 'classless-static-route']);
const MAX_NAME = 64;
const MAX_VALUE = 255;

export const readDhcpOpts: Reader<readonly DhcpOptWanted[]> = (sent, name) => {
  if (!Array.isArray(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a list`);
  return (sent as readonly unknown[]).map((item) => {
    const option = isJsonObject(item) ? readOption(item) : undefined;
    if (!option) {
      throw invalidAttribute(name, `No valid key specs matched for: ${pythonStr(item)}`);
    }
    return option;
  });
};

function readOption(item: JsonObject): DhcpOptWanted | undefined {
  const { opt_name, opt_value, ip_version = 4, ...more } = item;
  const version = Number(ip_version);
  if (Object.keys(more).length > 0 || (version !== 4 && version !== 6)) return undefined;
  if (!isLine(opt_name, MAX_NAME) || opt_name.trim() === '') return undefined;
  if (opt_value === null) return { opt_name, opt_value, ip_version: version };
  if (!isLine(opt_value, MAX_VALUE)) return undefined;
  if (opt_value.trim() === '' && !MAY_BE_BLANK.has(opt_name)) return undefined;
  return { opt_name, opt_value, ip_version: version };
}

function isLine(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength && !/[\r\n]/.test(value);
}

/** What a port's options are after a change: those named are set or taken away, the others stay. */
export function mergeDhcpOpts(
  before: readonly DhcpOpt[],
  change: readonly DhcpOptWanted[],
): DhcpOpt[] {
  const key = (option: DhcpOptWanted) => `${option.ip_version} ${option.opt_name}`;
  const options = new Map(before.map((option) => [key(option), option]));
  for (const option of change) {
    const { opt_value } = option;
    if (opt_value === null) options.delete(key(option));
    else options.set(key(option), { ...option, opt_value });
  }
  return [...options.values()];
}
