/** Ranges of a cloud against what the host has, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRange, findOverlap, readHostRanges } from './overlap.ts';

const ranges = readHostRanges(
  [
    { ifname: 'lo', addr_info: [{ local: '127.0.0.1', prefixlen: 8 }] },
    {
      ifname: 'eth0',
      addr_info: [
        { local: '192.168.1.5', prefixlen: 24 },
        { local: '2001:db8:1::5', prefixlen: 64 },
      ],
    },
    { ifname: 'stackyard0', addr_info: [{ local: '169.254.241.1', prefixlen: 30 }] },
  ],
  [
    { dst: 'default', dev: 'eth0' },
    { dst: '192.168.1.0/24', dev: 'eth0' },
    { dst: '172.16.0.0/12', dev: 'tun0' },
    { dst: '203.0.113.9', dev: 'tun0' },
    { dst: '10.99.0.0/16' },
    { dst: '172.24.4.0/24', dev: 'stackyard0' },
  ],
  ['stackyard0'],
);

const cases: readonly [string, string | null][] = [
  ['192.168.1.128/25', "interface 'eth0' of this host, which has 192.168.1.5/24"],
  ['192.168.0.0/16', "interface 'eth0' of this host, which has 192.168.1.5/24"],
  ['2001:db8:1::/48', "interface 'eth0' of this host, which has 2001:db8:1::5/64"],
  ['172.24.4.0/24', "this host's route to 172.16.0.0/12 by interface 'tun0'"],
  ['203.0.113.0/24', "this host's route to 203.0.113.9/32 by interface 'tun0'"],
  ['10.99.3.0/24', "this host's route to 10.99.0.0/16"],
  ['127.1.0.0/16', "interface 'lo' of this host, which has 127.0.0.1/8"],
  ['169.254.241.0/30', null],
  ['198.51.100.0/24', null],
  ['2001:db8:2::/64', null],
];

for (const [cidr, expected] of cases) {
  test(`${cidr} ${expected === null ? 'is free' : `overlaps ${expected}`}`, () => {
    const range = findOverlap(cidr, ranges);
    assert.equal(range === undefined ? null : describeRange(range), expected);
  });
}
