/** What a subnet is when less is said, and what it may not be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '#base/net/cidr.ts';
import { checkNoOverlap, defaultPools, planSubnet } from './subnet.rules.ts';
import type { SubnetCreate } from './subnet.schema.ts';

const LIMITS = { maxNameservers: 2, maxHostRoutes: 1 };

function create(values: Partial<SubnetCreate>): SubnetCreate {
  const cidr = values.cidr ?? '10.0.0.0/24';
  return {
    project_id: 'red',
    network_id: 'n',
    name: '',
    description: '',
    ip_version: cidr.includes(':') ? 6 : 4,
    enable_dhcp: true,
    dns_nameservers: [],
    host_routes: [],
    service_types: [],
    use_default_subnetpool: false,
    dns_publish_fixed_ip: false,
    cidr,
    ...values,
  };
}

const gateways: readonly [string, string | null | undefined, string | null, string][] = [
  ['10.0.0.0/24', undefined, '10.0.0.1', '10.0.0.2-10.0.0.254'],
  ['10.0.0.0/24', null, null, '10.0.0.1-10.0.0.254'],
  ['10.0.0.0/24', '10.0.0.254', '10.0.0.254', '10.0.0.1-10.0.0.253'],
  ['10.0.0.0/24', '10.0.0.9', '10.0.0.9', '10.0.0.1-10.0.0.8 10.0.0.10-10.0.0.254'],
  ['10.0.0.0/24', '192.168.0.1', '192.168.0.1', '10.0.0.1-10.0.0.254'],
  ['10.0.0.0/30', undefined, '10.0.0.1', '10.0.0.2-10.0.0.2'],
  ['2001:db8::/64', undefined, '2001:db8::', '2001:db8::1-2001:db8::ffff:ffff:ffff:ffff'],
  ['2001:db8::/64', '2001:db8::1', '2001:db8::1', '2001:db8::2-2001:db8::ffff:ffff:ffff:ffff'],
];

for (const [cidr, gateway, gatewayIp, pools] of gateways) {
  test(`${cidr} with the gateway ${gateway} has ${gatewayIp} and the pools ${pools}`, () => {
    const wanted = create({ cidr, ...(gateway !== undefined && { gateway_ip: gateway }) });
    const plan = planSubnet(wanted, LIMITS);
    assert.equal(plan.gatewayIp, gatewayIp);
    assert.equal(plan.pools.map(({ start, end }) => `${start}-${end}`).join(' '), pools);
  });
}

test('a subnet of one or two addresses has them all', () => {
  const one = parseCidr('10.0.0.4/32') ?? assert.fail();
  assert.deepEqual(defaultPools(one, null), [{ start: '10.0.0.4', end: '10.0.0.4' }]);
  const two = parseCidr('10.0.0.4/31') ?? assert.fail();
  assert.deepEqual(defaultPools(two, null), [{ start: '10.0.0.4', end: '10.0.0.5' }]);
});

const v6 = '2001:db8::/64';
const pool = (start: string, end: string) => ({ allocation_pools: [{ start, end }] });

const refused: readonly [Partial<SubnetCreate>, string, string][] = [
  [
    { cidr: null },
    'BadRequest',
    'Bad subnets request: a subnetpool must be specified in the absence of a cidr.',
  ],
  [
    { prefixlen: 24 },
    'BadRequest',
    'Bad subnets request: cidr and prefixlen must not be supplied together.',
  ],
  [{ ip_version: 6 }, 'InvalidInput', "cidr '10.0.0.0/24' does not match the ip_version '6'"],
  [{ cidr: '::/64' }, 'InvalidInput', "IPv6 subnet '::' is not supported"],
  [
    { cidr: '10.0.0.0/31' },
    'InvalidInput',
    'Subnet has a prefix length that is incompatible with DHCP service enabled',
  ],
  [
    { cidr: '224.0.0.0/24' },
    'InvalidInput',
    'Multicast IP subnet is not supported if enable_dhcp is True',
  ],
  [
    { cidr: '127.0.0.0/24' },
    'InvalidInput',
    'Loopback IP subnet is not supported if enable_dhcp is True',
  ],
  [
    { cidr: '0.0.0.0/24' },
    'InvalidInput',
    "First IP '0.0.0.0' of network is not supported if enable_dhcp is True.",
  ],
  [{ gateway_ip: '10.0.0.255' }, 'InvalidInput', 'Gateway is not valid on subnet'],
  [
    { gateway_ip: '2001:db8::1' },
    'InvalidInput',
    "gateway_ip '2001:db8::1' does not match the ip_version '4'",
  ],
  [
    { dns_nameservers: ['::1'] },
    'InvalidInput',
    "dns_nameserver '::1' does not match the ip_version '4'",
  ],
  [{ ipv6_ra_mode: 'slaac' }, 'InvalidInput', 'ipv6_ra_mode is not valid when ip_version is 4'],
  [
    { ipv6_address_mode: 'slaac' },
    'InvalidInput',
    'ipv6_address_mode is not valid when ip_version is 4',
  ],
  [
    { cidr: v6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'dhcpv6-stateful' },
    'InvalidInput',
    "ipv6_ra_mode set to 'slaac' with ipv6_address_mode set to 'dhcpv6-stateful' is not valid. If both attributes are set, they must be the same value",
  ],
  [
    { cidr: v6, ipv6_ra_mode: 'slaac', enable_dhcp: false },
    'InvalidInput',
    'ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False',
  ],
  [
    { cidr: '2001:db8::/80', ipv6_address_mode: 'slaac' },
    'InvalidInput',
    'Invalid CIDR 2001:db8::/80 for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64',
  ],
];

for (const [values, code, message] of refused) {
  test(`a subnet is refused: ${message}`, () => {
    const whole = code === 'InvalidInput' ? `Invalid input for operation: ${message}.` : message;
    assert.throws(() => planSubnet(create(values), LIMITS), { code, message: whole });
  });
}

const refusedPools: readonly [Partial<SubnetCreate>, string][] = [
  [pool('10.0.0.9', '10.0.0.8'), 'InvalidAllocationPool'],
  [pool('2001:db8::1', '2001:db8::2'), 'InvalidAllocationPool'],
  [pool('10.0.0.2', '10.0.1.9'), 'OutOfBoundsAllocationPool'],
  [pool('10.0.0.0', '10.0.0.9'), 'OutOfBoundsAllocationPool'],
  [pool('10.0.0.1', '10.0.0.9'), 'GatewayConflictWithAllocationPools'],
  [
    {
      allocation_pools: [
        { start: '10.0.0.10', end: '10.0.0.20' },
        { start: '10.0.0.20', end: '10.0.0.30' },
      ],
    },
    'OverlappingAllocationPools',
  ],
  [{ dns_nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3'] }, 'DNSNameServersExhausted'],
  [
    {
      host_routes: [
        { destination: '10.1.0.0/16', nexthop: '10.0.0.1' },
        { destination: '10.2.0.0/16', nexthop: '10.0.0.1' },
      ],
    },
    'HostRoutesExhausted',
  ],
];

for (const [values, code] of refusedPools) {
  test(`a subnet with ${JSON.stringify(values)} is refused as ${code}`, () => {
    assert.throws(() => planSubnet(create(values), LIMITS), { code });
  });
}

test('subnets of one network may not overlap', () => {
  const wanted = parseCidr('10.0.0.0/24') ?? assert.fail();
  checkNoOverlap('n', wanted, [{ cidr: '10.0.1.0/24' }, { cidr: v6 }]);
  assert.throws(() => checkNoOverlap('n', wanted, [{ cidr: '10.0.0.128/25' }]), {
    code: 'InvalidInput',
    message:
      'Invalid input for operation: Requested subnet with cidr: 10.0.0.0/24 for network: n overlaps with another subnet.',
  });
});
