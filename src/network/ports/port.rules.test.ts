/** What makes a port valid, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAddressPairs, withMacs } from './address-pairs.ts';
import { mergeDhcpOpts, readDhcpOpts } from './dhcp-opts.ts';
import {
  checkDeletable,
  checkMac,
  checkMacChange,
  checkPairCount,
  checkSecurityOnCreate,
  checkSecurityOnUpdate,
  dnsAssignment,
  ipAllocationOf,
} from './port.rules.ts';

const security = (enabled: boolean, groups = 0, pairs = 0) => ({
  enabled,
  groupIds: Array.from({ length: groups }, (_, index) => `group-${index}`),
  pairCount: pairs,
});

const creates: readonly [ReturnType<typeof security>, string][] = [
  [security(true, 2, 2), ''],
  [security(false), ''],
  [security(false, 1), 'PortSecurityAndIPRequiredForSecurityGroups'],
  [security(false, 0, 1), 'AddressPairAndPortSecurityRequired'],
  [security(false, 1, 1), 'AddressPairAndPortSecurityRequired'],
];

for (const [wanted, code] of creates) {
  test(`a port made with ${JSON.stringify(wanted)} is ${code === '' ? 'fine' : 'refused'}`, () => {
    if (code === '') checkSecurityOnCreate(wanted);
    else assert.throws(() => checkSecurityOnCreate(wanted), { code });
  });
}

const updates: readonly [ReturnType<typeof security>, boolean, string][] = [
  [security(true, 1, 1), true, ''],
  [security(false), true, ''],
  [security(false, 1), true, 'PortSecurityAndIPRequiredForSecurityGroups'],
  [security(false, 1), false, 'PortSecurityPortHasSecurityGroup'],
  [security(false, 0, 1), false, 'AddressPairAndPortSecurityRequired'],
];

for (const [after, sentGroups, code] of updates) {
  test(`a port changed to ${JSON.stringify(after)} is ${code === '' ? 'fine' : code}`, () => {
    if (code === '') checkSecurityOnUpdate(after, { sentGroups });
    else assert.throws(() => checkSecurityOnUpdate(after, { sentGroups }), { code });
  });
}

test('a MAC is one card’s', () => {
  checkMac('fa:16:3e:00:00:01');
  assert.throws(() => checkMac('01:00:5e:00:00:01'), { code: 'HTTPBadRequest' });
});

test('a plugged card keeps its MAC', () => {
  const change = { from: 'fa:16:3e:00:00:01', to: 'fa:16:3e:00:00:02' };
  checkMacChange('p', change, { host: '', vif_type: 'unbound' });
  checkMacChange('p', change, { host: 'h', vif_type: 'binding_failed' });
  checkMacChange('p', { ...change, to: change.from }, { host: 'h', vif_type: 'tap' });
  assert.throws(() => checkMacChange('p', change, { host: 'h', vif_type: 'tap' }), {
    code: 'PortBound',
  });
});

test('pairs are counted', () => {
  checkPairCount(10, 10);
  assert.throws(() => checkPairCount(11, 10), {
    message: 'The number of allowed address pair exceeds the maximum 10.',
  });
});

test('a router’s port goes with the router', () => {
  checkDeletable({ id: 'p', device_owner: 'compute:nova' }, { served: true });
  checkDeletable({ id: 'p', device_owner: 'network:dhcp' }, { served: true });
  const port = { id: 'p', device_owner: 'network:router_interface' };
  checkDeletable(port, { served: false });
  assert.throws(() => checkDeletable(port, { served: true }), {
    message:
      'Port p cannot be deleted directly via the port API: has device owner network:router_interface.',
  });
});

test('only an empty list of addresses makes an unaddressed port', () => {
  assert.equal(ipAllocationOf([]), 'none');
  assert.equal(ipAllocationOf(undefined), 'immediate');
  assert.equal(ipAllocationOf([{}]), 'immediate');
});

const names: readonly [string, string, string, string][] = [
  ['', '10.0.0.5', 'host-10-0-0-5', 'host-10-0-0-5.here.'],
  ['', '2001:db8::5', 'host-2001-db8--5', 'host-2001-db8--5.here.'],
  ['web', '10.0.0.5', 'web', 'web.here.'],
  ['web.there.', '10.0.0.5', 'web', 'web.there.'],
];

for (const [name, ip_address, hostname, fqdn] of names) {
  test(`the name '${name}' of ${ip_address} is ${fqdn}`, () => {
    assert.deepEqual(dnsAssignment(name, [ip_address], 'here'), [{ ip_address, hostname, fqdn }]);
  });
}

const pairs: readonly [unknown, unknown][] = [
  [{ ip_address: '10.0.0.1' }, { ip_address: '10.0.0.1' }],
  [{ ip_address: '1.1.1.1/32' }, { ip_address: '1.1.1.1/32' }],
  [{ ip_address: '0.0.0.0/0' }, { ip_address: '0.0.0.0/0' }],
  [{ ip_address: '::/0' }, { ip_address: '::/0' }],
  [
    { ip_address: '2001:DB8::/64', mac_address: 'FA-16-3E-00-00-01' },
    { ip_address: '2001:db8::/64', mac_address: 'fa:16:3e:00:00:01' },
  ],
];

for (const [sent, expected] of pairs) {
  test(`the pair ${JSON.stringify(sent)} is read`, () => {
    assert.deepEqual(readAddressPairs([sent], 'allowed_address_pairs'), [expected]);
  });
}

const badPairs: readonly [unknown, string][] = [
  ['x', 'Allowed address pairs must be a list.'],
  [
    [['ip_address: 12.12.12.a']],
    "Invalid input for allowed_address_pairs. Reason: '['ip_address: 12.12.12.a']' is not a dictionary.",
  ],
  [[{ mac_address: 'fa:16:3e:00:00:01' }], 'AllowedAddressPair must contain ip_address'],
  [[{ ip_address: 'x' }], "'x' is not a valid IP address"],
  [[{ ip_address: '10.0.0.0/x' }], "'10.0.0.0/x' is not a valid IP subnet"],
  [[{ ip_address: '10.0.0.1', mac_address: 'x' }], "'x' is not a valid MAC address"],
  [[{ ip_address: '10.0.0.1', port: 1 }], "Unrecognized attribute(s) 'port'"],
  [[{ ip_address: '224.0.0.1' }], 'IP 224.0.0.1 is a multicast address, which is not supported.'],
  [
    [{ ip_address: 'ff00::/16' }],
    'Subnet ff00::/16 overlaps with multicast range ff00::/8, which is not supported.',
  ],
  [
    [{ ip_address: '128.0.0.0/1' }],
    'Subnet 128.0.0.0/1 overlaps with multicast range 224.0.0.0/4, which is not supported.',
  ],
  [
    [{ ip_address: '10.0.0.1' }, { ip_address: '10.0.0.1' }],
    'Request contains duplicate address pair: mac_address None ip_address 10.0.0.1.',
  ],
];

for (const [sent, message] of badPairs) {
  test(`pairs are refused: ${message}`, () => {
    assert.throws(() => readAddressPairs(sent, 'allowed_address_pairs'), { message });
  });
}

test('a pair without a MAC has the port’s', () => {
  assert.deepEqual(withMacs([{ ip_address: '10.0.0.1' }], 'fa:16:3e:00:00:01'), [
    { ip_address: '10.0.0.1', mac_address: 'fa:16:3e:00:00:01' },
  ]);
});

const readOptions = (sent: unknown) => readDhcpOpts(sent, 'extra_dhcp_opts');

test('DHCP options are read, merged by name and version, and taken away by null', () => {
  const before = mergeDhcpOpts([], readOptions([{ opt_name: 'mtu', opt_value: '9000' }]));
  assert.deepEqual(before, [{ opt_name: 'mtu', opt_value: '9000', ip_version: 4 }]);
  const after = mergeDhcpOpts(
    before,
    readOptions([
      { opt_name: 'mtu', opt_value: null },
      { opt_name: 'router', opt_value: '' },
      { opt_name: '26', opt_value: 'x', ip_version: '6' },
    ]),
  );
  assert.deepEqual(after, [
    { opt_name: 'router', opt_value: '', ip_version: 4 },
    { opt_name: '26', opt_value: 'x', ip_version: 6 },
  ]);
});

const badOptions: readonly unknown[] = [
  {},
  { opt_name: 'mtu' },
  { opt_name: 'mtu', opt_value: '' },
  { opt_name: '', opt_value: 'x' },
  { opt_name: 'mtu', opt_value: 'a\nb' },
  { opt_name: 'mtu', opt_value: 'x', ip_version: 5 },
  { opt_name: 'mtu', opt_value: 'x', colour: 1 },
];

for (const option of badOptions) {
  test(`the DHCP option ${JSON.stringify(option)} is refused`, () => {
    assert.throws(() => readDhcpOpts([option], 'extra_dhcp_opts'), {
      message: /^Invalid input for extra_dhcp_opts\. Reason: No valid key specs matched for: /,
    });
  });
}
