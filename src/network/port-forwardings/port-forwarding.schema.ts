/** Port forwardings as they travel: what may be sent, filtered by, sorted by and seen. */
import { pythonStr } from '#base/text/python.ts';
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import { integerBetween, ipAddress, nullable, oneOf, text, uuid } from '../attributes/readers.ts';
import { invalidInput } from '../network.faults.ts';
import { readPortRange } from './port-range.ts';

export const PROTOCOLS = ['dccp', 'icmp', 'ipv6-icmp', 'sctp', 'tcp', 'udp'] as const;

const readName = oneOf(PROTOCOLS);

/** compat: a number is a protocol, and none that could be forwarded; names are known in any case, and taken in one. */
const protocol: Reader<(typeof PROTOCOLS)[number]> = (sent, name) => {
  const said = pythonStr(sent);
  const isNumber = /^\d{1,3}$/.test(said) && Number(said) <= 255;
  if (!isNumber && !PROTOCOLS.some((known) => known === said.toLowerCase())) {
    throw invalidInput(
      `IP protocol '${said}' is not supported. Only protocol names and their integer representation (0 to 255) are supported`,
    );
  }
  return readName(sent, name);
};

const port = nullable(integerBetween(1, 65_535));
const range = nullable(readPortRange);

export const PORT_FORWARDING = defineResource('port_forwarding', 'port_forwardings', {
  id: { filter: 'text', sort: true },
  project_id: { read: text(255), post: 'required', hidden: true },
  external_port: { read: port, post: { default: null }, put: true, filter: 'number', sort: true },
  external_port_range: {
    read: range,
    post: { default: null },
    put: true,
    filter: 'own',
    sort: true,
  },
  internal_port: { read: port, post: { default: null }, put: true },
  internal_port_range: { read: range, post: { default: null }, put: true },
  internal_ip_address: { read: ipAddress, post: 'required', put: true },
  internal_port_id: { read: uuid, post: 'required', put: true, filter: 'text', sort: true },
  protocol: { read: protocol, post: 'required', put: true, filter: 'text', sort: true },
  description: { read: text(255), post: { default: '' }, put: true, filter: 'text' },
});

/** By the name that its policies have. */
export const GUARDED = { ...PORT_FORWARDING, name: 'floatingip_port_forwarding' };

export type PortForwardingCreate = CreateOf<typeof PORT_FORWARDING>;
export type PortForwardingUpdate = UpdateOf<typeof PORT_FORWARDING>;
