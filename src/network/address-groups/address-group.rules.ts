/** Which addresses are in a group, and which are not. Pure. */
import { isJsonObject } from '#base/json.ts';
import { canonicalIp } from '#base/net/ip.ts';
import { formatCidr, parseCidr } from '#base/net/cidr.ts';
import { pythonStr } from '#base/text/python.ts';
import { badRequest } from '../network.faults.ts';
import { addressFormat } from './address-group.faults.ts';

/** The networks of `{"addresses": [...]}`, as an action takes them: an address alone is a network of one. */
export function readAddresses(body: unknown): readonly string[] {
  const sent = isJsonObject(body) ? body['addresses'] : undefined;
  if (!Array.isArray(sent)) throw badRequest("A list named 'addresses' is required");
  return [...new Set(sent.map(readAddress))];
}

function readAddress(sent: unknown): string {
  const text = pythonStr(sent);
  const parsed = parseCidr(text);
  if (parsed) return formatCidr(parsed);
  const ip = canonicalIp(text);
  if (ip === undefined) throw addressFormat(text);
  return `${ip}/${ip.includes(':') ? 128 : 32}`;
}
