/** What is said of public networks and links to the host, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTooWide, linkAddresses, parseHostLink, parsePublic } from './uplink-config.ts';

const ranges: readonly [string, readonly string[] | RegExp][] = [
  ['172.24.4.0/24', ['172.24.4.0/24']],
  ['172.24.4.9/24', ['172.24.4.0/24']],
  ['172.24.4.0/24,2001:db8::/64', ['172.24.4.0/24', '2001:db8::/64']],
  ['172.24.4.0/29', ['172.24.4.0/29']],
  ['172.24.4.0/30', /no range for a public network/],
  ['172.24.4.0', /no range/],
  ['0.0.0.0/0', /no range/],
  ['2000::/3', /no range/],
  ['', /no range/],
  ['10.0.0.0/24,10.1.0.0/24', /one range of each IP version/],
];

for (const [text, expected] of ranges) {
  const what = expected instanceof RegExp ? 'refused' : expected.join(' and ');
  test(`--public '${text}' is ${what}`, () => {
    if (expected instanceof RegExp) assert.throws(() => parsePublic(text), expected);
    else assert.deepEqual(parsePublic(text), expected);
  });
}

const links: readonly [string, { name: string; address: string } | RegExp][] = [
  ['cloud0', { name: 'cloud0', address: '169.254.241.1/30' }],
  ['cloud0=10.0.0.1/24', { name: 'cloud0', address: '10.0.0.1/24' }],
  ['cloud0=10.0.0.0/31', { name: 'cloud0', address: '10.0.0.0/31' }],
  ['cloud0=10.0.0.0/24', /no address for a link/],
  ['cloud0=10.0.0.255/24', /no address for a link/],
  ['cloud0=10.0.0.1', /no address for a link/],
  ['cloud0=10.0.0.1/32', /no address for a link/],
  ['cloud0=2001:db8::1/64', /no address for a link/],
  ['a-name-too-long-for-links', /no link to the host/],
  ['a b', /no link to the host/],
  ['x;y', /no link to the host/],
  ['', /no link to the host/],
];

for (const [text, expected] of links) {
  const what = expected instanceof RegExp ? 'refused' : `${expected.name} with ${expected.address}`;
  test(`--host-link '${text}' is ${what}`, () => {
    if (expected instanceof RegExp) assert.throws(() => parseHostLink(text), expected);
    else assert.deepEqual(parseHostLink(text), expected);
  });
}

const ends: readonly [string, string, string][] = [
  ['169.254.241.1/30', '169.254.241.2', 'fd53:7461:636b::a9fe:f102'],
  ['169.254.241.2/30', '169.254.241.1', 'fd53:7461:636b::a9fe:f101'],
  ['10.0.0.7/24', '10.0.0.1', 'fd53:7461:636b::a00:1'],
  ['10.0.0.0/31', '10.0.0.1', 'fd53:7461:636b::a00:1'],
  ['10.0.0.1/31', '10.0.0.0', 'fd53:7461:636b::a00:0'],
];

for (const [address, v4, v6] of ends) {
  test(`opposite ${address} the cloud has ${v4}`, () => {
    const { uplink, prefix } = linkAddresses({ name: 'x', address });
    assert.deepEqual(uplink, { 4: v4, 6: v6 });
    assert.equal(prefix[6] - 96, prefix[4]);
  });
}

test('a part of the world is too wide to be routed to a cloud', () => {
  assert.deepEqual(['0.0.0.0/1', '10.0.0.0/8', '2000::/3', '2001:db8::/32'].map(isTooWide), [
    true,
    false,
    true,
    false,
  ]);
});
