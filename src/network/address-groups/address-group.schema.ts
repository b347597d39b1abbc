/** Address groups as they travel. */
import { canonicalIp } from '#base/net/ip.ts';
import { formatCidr, parseCidr } from '#base/net/cidr.ts';
import { pythonStr } from '#base/text/python.ts';
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import { nameText } from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import { invalidAttribute } from '../network.faults.ts';

/** A list of networks, each in its usual form; null is none. */
const networks: Reader<readonly string[]> = (sent, name) => {
  if (sent === null) return [];
  if (!Array.isArray(sent)) {
    throw invalidAttribute(name, `'${pythonStr(sent)}' is not a list`);
  }
  const twice = sent.find((item, index) => sent.indexOf(item) !== index) as unknown;
  if (twice !== undefined) {
    throw invalidAttribute(name, `Duplicate items in the list: '${pythonStr(twice)}'`);
  }
  return [...new Set(sent.map((item: unknown) => network(item, name)))];
};

const network: Reader<string> = (sent, name) => {
  if (typeof sent === 'string') {
    const parsed = parseCidr(sent);
    if (parsed) return formatCidr(parsed);
    const ip = canonicalIp(sent);
    if (ip !== undefined) {
      const whole = `${ip}/${ip.includes(':') ? 128 : 32}`;
      throw invalidAttribute(
        name,
        `'${sent}' isn't a recognized IP subnet cidr, '${whole}' is recommended`,
      );
    }
  }
  throw invalidAttribute(name, `'${pythonStr(sent)}' is not a valid IP subnet`);
};

export const ADDRESS_GROUP = defineResource('address_group', 'address_groups', {
  id: STANDARD.id,
  name: { read: nameText(255), post: { default: '' }, put: true, filter: 'text', sort: true },
  description: STANDARD.description,
  project_id: STANDARD.project_id,
  addresses: { read: networks, post: { default: [] } },
  shared: { filter: 'own' },
  revision_number: STANDARD.revision_number,
  created_at: STANDARD.created_at,
  updated_at: STANDARD.updated_at,
});

export type AddressGroupCreate = CreateOf<typeof ADDRESS_GROUP>;
export type AddressGroupUpdate = UpdateOf<typeof ADDRESS_GROUP>;
