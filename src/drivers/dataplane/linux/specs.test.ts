/** Which specs are refused before anything is done. */
import { DEFAULT_STORM_CONTROL, pinnedTo } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DhcpSpec, NetworkSpec, PortSpec } from '#base/host/links.ts';
import { isHostname, networkFault, portFault } from './specs.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const port: PortSpec = {
  id: ID,
  networkId: ID,
  tap: 'tap11111111-11',
  mac: 'fa:16:3e:00:00:01',
  mtu: 1450,
  adminStateUp: true,
  firewall: pinnedTo(['fa:16:3e:00:00:01']),
  storm: DEFAULT_STORM_CONTROL,
};
const subnet = {
  ipVersion: 4 as const,
  ipv6Mode: null,
  id: ID,
  cidr: '10.0.0.0/24',
  gateway: '10.0.0.1',
  dnsNameservers: ['10.0.0.53'],
  hostRoutes: [{ destination: '0.0.0.0/0', nexthop: '10.0.0.1' }],
};
const host = {
  portId: ID,
  mac: port.mac,
  ip: '10.0.0.9',
  subnetId: ID,
  hostname: 'x',
  options: [],
};
const dhcp: DhcpSpec = {
  portId: ID,
  mac: port.mac,
  addresses: ['10.0.0.2/24', '2001:db8::2/64'],
  subnets: [subnet],
  hosts: [host, { ...host, ip: '2001:db8::9' }],
  domain: 'openstacklocal.',
};

test('a port and a network as control sends them can be plugged', () => {
  assert.equal(portFault(port), null);
  assert.equal(portFault({ ...port, firewall: null }), null);
  assert.equal(networkFault({ id: ID, mtu: 1500, adminStateUp: true, dhcp, uplink: null }), null);
});

const ports: readonly (readonly [RegExp, Partial<PortSpec>])[] = [
  [/not a UUID/, { id: 'x' }],
  [/not a UUID/, { networkId: ID.toUpperCase().replaceAll('1', 'A') }],
  [/not a tap's name/, { tap: 'eth0' }],
  [/not a tap's name/, { tap: 'tap1 up\nlink del' }],
  [/not a tap's name/, { tap: 'tap1234567890123' }],
  [/its MTU 67 is not between/, { mtu: 67 }],
  [/its MTU NaN is not between/, { mtu: NaN }],
  [/not a MAC address/, { firewall: pinnedTo(['fa:16:3e:00:00:01 }']) }],
];

for (const [said, fields] of ports) {
  test(`a port with ${JSON.stringify(fields)} is refused`, () => {
    assert.match(portFault({ ...port, ...fields })?.message ?? '', said);
  });
}

const servers: readonly (readonly [RegExp, Partial<DhcpSpec>])[] = [
  [/not a MAC address/, { mac: 'x' }],
  [/not a domain/, { domain: 'a b' }],
  [/not an address with a prefix length/, { addresses: ['10.0.0.2'] }],
  [/not an address with a prefix length/, { addresses: ['10.0.0.2/33'] }],
  [/not an address with a prefix length/, { subnets: [{ ...subnet, cidr: '10.0.0.0/24/1' }] }],
  [/not an IP address/, { subnets: [{ ...subnet, gateway: 'x' }] }],
  [/not an IP address/, { subnets: [{ ...subnet, dnsNameservers: ['10.0.0.1,10.0.0.2'] }] }],
  [/not an IP address/, { hosts: [{ ...host, ip: '10.0.0.9,set:x' }] }],
  [/not a MAC address/, { hosts: [{ ...host, mac: '*' }] }],
];

for (const [said, fields] of servers) {
  test(`a DHCP server with ${JSON.stringify(fields)} is refused`, () => {
    const network: NetworkSpec = {
      id: ID,
      mtu: 1500,
      adminStateUp: true,
      dhcp: { ...dhcp, ...fields },
      uplink: null,
    };
    assert.match(networkFault(network)?.message ?? '', said);
  });
}

test('a hostname holds no character that means something in a file of hosts', () => {
  assert.deepEqual(['web-1', 'a.b', 'a,b', '-a', 'a\nb', ''].map(isHostname), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
