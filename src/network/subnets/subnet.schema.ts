/** Subnets as they travel: what may be sent, filtered by, sorted by and seen. */
import { isJsonObject } from '#base/json.ts';
import { canonicalIp } from '#base/net/ip.ts';
import { parseCidr } from '#base/net/cidr.ts';
import { pythonRepr, pythonStr } from '#base/text/python.ts';
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import {
  cidr,
  flag,
  integer,
  ipAddress,
  ipAddressProblem,
  nameText,
  nonNegative,
  nullable,
  nullAs,
  oneOf,
  text,
  uuid,
} from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import {
  badRequest,
  invalidAttribute,
  invalidServiceType,
  serviceTypeNotText,
} from '../network.faults.ts';

/** Addresses that ports are given from, ends included. */
export type Pool = { readonly start: string; readonly end: string };

export type HostRoute = { readonly destination: string; readonly nexthop: string };

/** A list of objects that have exactly these members. */
function itemsWith<K extends string>(
  keys: readonly K[],
  refusal: (sent: unknown) => string,
): Reader<readonly Readonly<Record<K, unknown>>[]> {
  return (sent, name) => {
    if (!Array.isArray(sent)) throw invalidAttribute(name, refusal(sent));
    const items: readonly unknown[] = sent;
    return items.map((item) => {
      if (!isJsonObject(item)) {
        throw invalidAttribute(
          name,
          `Invalid input. '${pythonStr(item)}' must be a dictionary with keys: ${pythonRepr(keys)}`,
        );
      }
      const provided = Object.keys(item);
      if (provided.length !== keys.length || !keys.every((key) => key in item)) {
        throw invalidAttribute(
          name,
          `Validation of dictionary's keys failed. Expected keys: ${pythonSet(keys)} Provided keys: ${pythonSet(provided)}`,
        );
      }
      return item as Record<K, unknown>;
    });
  };
}

function pythonSet(items: readonly string[]): string {
  return items.length === 0 ? 'set()' : `{${items.map(pythonRepr).join(', ')}}`;
}

const readPools = itemsWith(
  ['start', 'end'],
  (sent) => `Invalid data format for IP pool: '${pythonStr(sent)}'`,
);

const pools: Reader<readonly Pool[]> = (sent, name) =>
  readPools(sent, name).map(({ start, end }) => ({
    start: ipAddress(start, name),
    end: ipAddress(end, name),
  }));

const readRoutes = itemsWith(
  ['destination', 'nexthop'],
  (sent) => `Invalid data format for hostroute: '${pythonStr(sent)}'`,
);

export const hostRoutes: Reader<readonly HostRoute[]> = (sent, name) => {
  const seen = new Set<string>();
  return readRoutes(sent, name).map((route) => {
    const destination = routeDestination(route.destination, name);
    const nexthop = ipAddress(route.nexthop, name);
    const key = `${destination} ${nexthop}`;
    if (seen.has(key)) {
      throw invalidAttribute(name, `Duplicate hostroute '${pythonRepr(route)}'`);
    }
    seen.add(key);
    return { destination, nexthop };
  });
};

function routeDestination(sent: unknown, name: string): string {
  const parsed = typeof sent === 'string' ? parseCidr(sent) : undefined;
  const address = typeof sent === 'string' ? canonicalIp(sent.split('/')[0] ?? '') : undefined;
  const canonical = parsed && cidr(sent, name);
  if (!canonical || canonical.split('/')[0] !== address) {
    throw invalidAttribute(name, `'${pythonStr(sent)}' is not a valid CIDR`);
  }
  if (canonical.startsWith('127.') || canonical === '::1/128') {
    throw invalidAttribute(name, `'${canonical}' is not a routable CIDR`);
  }
  return canonical;
}

const nameservers: Reader<readonly string[]> = (sent, name) => {
  if (!Array.isArray(sent)) {
    throw invalidAttribute(name, `Invalid data format for nameserver: '${pythonStr(sent)}'`);
  }
  const hosts = new Set<string>();
  for (const host of sent as readonly unknown[]) {
    const problem = ipAddressProblem(host);
    if (problem) {
      throw invalidAttribute(name, `'${pythonStr(host)}' is not a valid nameserver. ${problem}`);
    }
    const address = ipAddress(host, name);
    if (hosts.has(address)) throw invalidAttribute(name, `Duplicate nameserver '${address}'`);
    hosts.add(address);
  }
  return [...hosts];
};

/** How a device owner may begin. */
const OWNER_PREFIXES = ['network:', 'neutron:', 'baremetal:', 'trunk:', 'compute:'];

const serviceTypes: Reader<readonly string[]> = (sent) => {
  if (sent === null) return [];
  if (!Array.isArray(sent)) throw badRequest('Subnet service types must be a list.');
  return (sent as readonly unknown[]).map((type) => {
    if (typeof type !== 'string') throw serviceTypeNotText(type);
    if (!OWNER_PREFIXES.some((prefix) => type.startsWith(prefix))) throw invalidServiceType(type);
    return type;
  });
};

const ipv6Mode = oneOf(['slaac', 'dhcpv6-stateful', 'dhcpv6-stateless', null]);

const WRITTEN = ['create', 'update'] as const;
const ALWAYS = ['create', 'get', 'update'] as const;

export const SUBNET = defineResource('subnet', 'subnets', {
  ...STANDARD,
  name: { read: nameText(255), post: { default: '' }, put: true, filter: 'text', sort: true },
  ip_version: { read: oneOf([4, 6], integer), post: 'required', filter: 'number', sort: true },
  network_id: { read: uuid, post: 'required', filter: 'text', sort: true },
  subnetpool_id: { read: nullable(text()), post: 'optional', filter: 'text' },
  use_default_subnetpool: { read: flag, post: { default: false }, hidden: true },
  prefixlen: { read: nullable(nonNegative), post: 'optional', hidden: true },
  cidr: { read: nullable(cidr), post: 'optional', filter: 'text', sort: true },
  gateway_ip: {
    read: nullable(ipAddress),
    post: 'optional',
    put: true,
    filter: 'text',
    sort: true,
  },
  allocation_pools: { read: nullable(pools), post: 'optional', put: true },
  dns_nameservers: { read: nullAs([], nameservers), post: { default: [] }, put: true },
  host_routes: { read: nullAs([], hostRoutes), post: { default: [] }, put: true },
  enable_dhcp: { read: flag, post: { default: true }, put: true, filter: 'flag', sort: true },
  ipv6_ra_mode: { read: ipv6Mode, post: 'optional', filter: 'text', sort: true },
  ipv6_address_mode: { read: ipv6Mode, post: 'optional', filter: 'text', sort: true },
  service_types: { read: serviceTypes, post: { default: [] }, put: true, guard: WRITTEN },
  segment_id: { read: nullable(uuid), post: 'optional', put: true, guard: ALWAYS },
  dns_publish_fixed_ip: { read: flag, post: { default: false }, put: true },
  // Those of the network, to find subnets by.
  shared: { filter: 'flag', hidden: true },
  'router:external': { filter: 'flag' },
});

export type SubnetCreate = CreateOf<typeof SUBNET>;
export type SubnetUpdate = UpdateOf<typeof SUBNET>;
