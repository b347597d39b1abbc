/** Routers as they travel: what may be sent, filtered by, sorted by and seen. */
import { isJsonObject } from '#base/json.ts';
import { pythonRepr, pythonStr } from '#base/text/python.ts';
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import { flag, nameText, nullable, nullAs, textList, uuid } from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import type { FixedIpWanted } from '../ipam/ipam.rules.ts';
import { invalidAttribute } from '../network.faults.ts';
import { fixedIps } from '../ports/port.schema.ts';
import { hostRoutes, type HostRoute } from '../subnets/subnet.schema.ts';

/** An extra route of a router is of the same form as one that a subnet hands out. */
export type Route = HostRoute;

/** A gateway as it is asked for; without a network it is none. */
export type GatewayWanted = {
  readonly network_id?: string;
  readonly external_fixed_ips?: readonly FixedIpWanted[];
  readonly enable_snat?: boolean;
};

const GATEWAY_KEYS: readonly string[] = ['network_id', 'external_fixed_ips', 'enable_snat'];

const gatewayInfo: Reader<GatewayWanted | null> = (sent, name) => {
  // compat: whatever is empty to Python is no gateway.
  if (sent === null || sent === false || sent === '' || sent === 0) return null;
  if (Array.isArray(sent) && sent.length === 0) return null;
  if (!isJsonObject(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a dictionary`);
  const keys = Object.keys(sent);
  if (keys.length === 0) return {};
  if (!keys.includes('network_id')) {
    throw invalidAttribute(
      name,
      `Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {${keys.map(pythonRepr).join(', ')}}`,
    );
  }
  const unexpected = keys.filter((key) => !GATEWAY_KEYS.includes(key));
  if (unexpected.length > 0) {
    throw invalidAttribute(name, `Unexpected keys supplied: ${unexpected.join(', ')}`);
  }
  const { network_id, external_fixed_ips, enable_snat } = sent;
  return {
    network_id: uuid(network_id, name),
    ...(external_fixed_ips !== undefined && {
      external_fixed_ips: fixedIps(external_fixed_ips, name),
    }),
    ...(enable_snat !== undefined && { enable_snat: flag(enable_snat, name) }),
  };
};

const WRITTEN = ['create', 'update'] as const;
const ALWAYS = ['create', 'get', 'update'] as const;

export const ROUTER = defineResource('router', 'routers', {
  ...STANDARD,
  name: { read: nameText(255), post: { default: '' }, put: true, filter: 'text', sort: true },
  admin_state_up: { read: flag, post: { default: true }, put: true, filter: 'flag', sort: true },
  status: { sort: true },
  /** Ours: why it is ERROR. */
  status_reason: {},
  external_gateway_info: {
    read: gatewayInfo,
    post: { default: null },
    put: true,
    guard: WRITTEN,
    guardMembers: true,
  },
  enable_snat: { filter: 'flag', sort: true },
  routes: { read: nullAs([], hostRoutes), put: true },
  availability_zone_hints: { read: textList(255), post: { default: [] } },
  availability_zones: {},
  distributed: { read: nullable(flag), post: 'optional', put: true, guard: ALWAYS },
  ha: { read: nullable(flag), post: 'optional', put: true, guard: ALWAYS },
});

export type RouterCreate = CreateOf<typeof ROUTER>;
export type RouterUpdate = UpdateOf<typeof ROUTER>;

/** What an interface is made of, or taken away by: a subnet, or a port. */
export type InterfaceWanted = { readonly subnet_id?: string; readonly port_id?: string };
